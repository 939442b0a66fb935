"""Queries and hits."""

from dataclasses import dataclass
from pathlib import Path

from imagefinder.model.items import ItemKind


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: words, pictures, or both."""

    text: str = ""
    images: tuple[Path, ...] = ()
    within: tuple[Path, ...] = ()
    """Only items whose file is one of these paths or lies below one; empty means everywhere."""
    limit: int = 20
    include_query_images: bool = False
    """Whether a query picture that is in the library itself may be a hit."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One item found."""

    item_id: int
    path: Path
    part: int
    """From 1: a PDF's page number, a frame of a multi-page TIFF; 1 for a plain picture."""
    parts: int
    """How many parts the file has."""
    score: float
    """Cosine similarity of the item to the query, -1 to 1; 0 where the model makes nothing of the words."""
    kind: ItemKind
    text_score: float = 0.0
    """0 to 1: how much of the query's words stand in the file's name or on the page."""
    offline: bool = False
    """Whether the file is on a drive that is not there now."""
    thumbnail_key: str = ""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one query, best hit first."""

    hits: tuple[Hit, ...]
    model: str
    took_ms: float
    note: str = ""
    """One plain line the user should know, such as what the model could not make of the query."""
