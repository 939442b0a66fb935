"""Models by few words, for lines where there is little room; tooltips have the whole name."""

from pathlib import PurePath

from imagefinder.domain.model_names import BUILTIN, STARTER, model_title
from imagefinder.translation import tr

_FOLDER = "local-dir:"
"""How open_clip begins the name of a model that is a folder."""


def short_title(name: str) -> str:
    """A model's name without where it is from: ``ViT-B-32-256`` of ``ViT-B-32-256/datacomp_s34b_b86k``."""
    if name == STARTER:
        return tr("Starter model")
    if name == BUILTIN:
        return model_title(name)
    if name.startswith(_FOLDER):
        return PurePath(name.removeprefix(_FOLDER)).name or name
    return name.partition("/")[0] or name
