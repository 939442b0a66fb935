"""Names of models, and the facts shown about each."""

import re
from dataclasses import dataclass

from imagefinder.translation import tr

STARTER = "starter"
"""The small trained model that comes with the program."""

BUILTIN = "builtin"
"""What runs where even the starter model's files are missing: it knows colours and shapes."""
BUILTIN_ID = "builtin:1"
"""The id of its embedder; the number grows with what it sees."""
_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


def model_title(name: str) -> str:
    """A model's name as people read it; those of CLIP models are known by theirs."""
    if name == STARTER:
        return tr("Starter model (built in)")
    return tr("Colours and shapes only") if name == BUILTIN else name


@dataclass(frozen=True, slots=True)
class ModelOffer:
    """What the catalogue (``resources/models/catalogue.json``) says of a published model."""

    name: str
    """open_clip's ``ARCH/TAG``."""
    title: str
    about: str
    """One sentence: what it is good for. English; translated when shown."""
    megabytes: int
    """Of the download, about."""
    memory_mb: int
    """Of working memory while it is in use on a processor, about."""
    parameters: int
    """Millions."""
    dimension: int
    languages: str
    """``en``, or ``many``."""
    licence: str
    licence_page: str
    needs_consent: bool
    """Whether the licence is to be agreed to before it is downloaded (one for research only, say)."""
    needs_transformers: bool
    """Whether its tokenizer comes with the ``transformers`` library, an extra."""
    imagenet: float | None
    """ImageNet-1k zero-shot top-1, percent; None where nobody published it."""
    coco: float | None
    """COCO text to image, recall@1, percent."""
    flickr30k: float | None
    """Flickr30k text to image, recall@1, percent."""
    is_recommended: bool = False


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
    offer: ModelOffer | None = None
    """What the catalogue says of it; None for one that is not in it."""
    is_removable: bool = False
    """Whether its files are ours to delete: it was imported or downloaded by this program."""
    partial_bytes: int = 0
    """Of a download that was interrupted and can go on; 0 where there is none."""


@dataclass(frozen=True, slots=True)
class RemovedModel:
    """What became of a model that was to be removed."""

    freed: int
    """Bytes of its files."""
    kept: int
    """Pictures and pages that this library indexed with it, and which answer again once the model is back."""
    forgotten: int
    """Of those, how many were deleted."""


def file_name_part(name: str) -> str:
    """A model's name as part of a file's name, safe on every system. Different names may give the same."""
    return _NOT_IN_FILE_NAMES.sub("_", name).strip("._")
