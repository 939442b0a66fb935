"""Names of models, and the facts shown about them."""

import re
from dataclasses import dataclass

from imagefinder.translation import tr

STARTER = "starter"
"""Name of the starter model, the small trained model that comes with the program."""

BUILTIN = "builtin"
"""Name of the built-in embedder, which knows only colours and shapes and needs no model files."""
BUILTIN_ID = "builtin:1"
"""Id of the built-in embedder. The number is increased whenever its features change."""
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def model_title(name: str) -> str:
    """Return the title of a model for users. Models other than the two special ones are shown by name."""
    if name == STARTER:
        return tr("Starter model (built in)")
    return tr("Colours and shapes only") if name == BUILTIN else name


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """Catalogue entry of a downloadable model (``resources/models/catalogue.json``)."""

    name: str
    """Name in open_clip's form ``ARCH/TAG``."""
    title: str
    about: str
    """One English sentence on what the model is good for. Translated when shown."""
    megabytes: int
    """Approximate size of the download."""
    memory_mb: int
    """Approximate memory in use when the model runs on a processor."""
    parameters: int
    """Number of parameters in millions."""
    dimension: int
    languages: str
    """``en``, or ``many``."""
    licence: str
    licence_page: str
    needs_consent: bool
    """Whether users must accept the licence before the download, for example one that permits research only."""
    needs_transformers: bool
    """Whether the tokenizer requires the ``transformers`` library, which is an extra."""
    imagenet: float | None
    """Zero-shot top-1 accuracy on ImageNet-1k in percent. None if it has not been published."""
    coco: float | None
    """Recall@1 of text-to-image retrieval on COCO in percent. None if it has not been published."""
    flickr30k: float | None
    """Recall@1 of text-to-image retrieval on Flickr30k in percent. None if it has not been published."""
    is_recommended: bool = False


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A model as shown by ``imagefinder models list`` and the window's settings."""

    name: str
    """Value to give to ``--model``."""
    title: str
    installed: bool
    """Whether the model can be used now."""
    detail: str
    """Where its weights are, or how to get them."""
    page: str = ""
    """Web address where its weights are published. Empty if unknown."""
    offer: ModelOffer | None = None
    """Its catalogue entry. None if it is not in the catalogue."""
    is_removable: bool = False
    """Whether its files may be deleted, because this program imported or downloaded them."""
    partial_bytes: int = 0
    """Bytes of an interrupted download that can be resumed. 0 if there is none."""


@dataclass(frozen=True, slots=True)
class RemovedModel:
    """Outcome of removing a model."""

    freed: int
    """Size in bytes of the deleted files."""
    kept: int
    """Number of items that keep their vectors of the model in this library.

    They can be searched again if the model is reinstalled.
    """
    forgotten: int
    """Number of items whose vectors of the model were deleted."""


def file_name_part(name: str) -> str:
    """Return a model's name as part of a file name that is valid on every system. Not unique."""
    return _NOT_IN_FILE_NAMES.sub("_", name).strip("._")
