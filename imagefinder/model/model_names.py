"""How models are called."""

from imagefinder.translation import tr

BUILTIN = "builtin"
"""The model that is always there."""


def model_title(name: str) -> str:
    """A model's name as people read it; those of CLIP models are known by theirs."""
    return tr("Built-in model") if name == BUILTIN else name
