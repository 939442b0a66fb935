"""How models are called, and what there is to say of them."""

from dataclasses import dataclass

from imagefinder.translation import tr

STARTER = "starter"
"""The small trained model that comes with the program."""

BUILTIN = "builtin"
"""What runs where even the starter model's files are missing: it knows colours and shapes."""


def model_title(name: str) -> str:
    """A model's name as people read it; those of CLIP models are known by theirs."""
    if name == STARTER:
        return tr("Starter model (built in)")
    return tr("Colours and shapes only") if name == BUILTIN else name


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as ``imagefinder models list`` and the window's settings show it."""

    name: str
    """What the user types for ``--model``."""
    title: str
    installed: bool
    """Whether it can be used now."""
    detail: str
    """Where its weights are, or how to get them."""
    page: str = ""
    """The address its weights are published at; empty where none is known."""
