"""Queries and hits."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from imagefinder.model.items import ItemKind


class Sort(StrEnum):
    """The order that hits are shown in."""

    RELEVANCE = "relevance"
    DATE = "date"
    """When the photograph was taken, else the file's last change; newest first."""
    NAME = "name"
    SIZE = "size"
    """Bytes of the file, largest first."""


SORTED_TOGETHER = 500
"""In another order than by relevance the best so many are sorted among themselves, then the next so many, and so
on: who sorts "beach" by date wants the beaches by date, not the whole library."""


@dataclass(frozen=True, slots=True)
class Query:
    """What is looked for: words, pictures, or both."""

    text: str = ""
    images: tuple[Path, ...] = ()
    items: tuple[int, ...] = ()
    """Items of the library that hits should be like; as a query picture is, but also a single page."""
    within: tuple[Path, ...] = ()
    """Only items whose file is one of these paths or lies below one; empty means everywhere."""
    limit: int = 20
    include_query_images: bool = False
    """Whether a query picture that is in the library itself may be a hit."""
    include_hidden: bool = False
    """Whether items that the user hid from results may be hits."""
    include_rest: bool = False
    """Whether hits that are probably irrelevant come too, after the others."""
    min_score: float | None = None
    """The cosine that a hit has at least; with it nothing else is cut off."""


class Hit(NamedTuple):
    """One item found. A tuple, because a page of results makes hundreds, and sends them to the window: a fifth of a
    dataclass's time."""

    item_id: int
    file: str
    """The file's path; ``path`` gives it as such."""
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
    size: int = 0
    """Bytes of the file."""
    mtime_ns: int = 0
    """The file's last change, nanoseconds since the epoch."""
    width: int = 0
    """Pixels as shown upright; for a page, points (1/72 inch)."""
    height: int = 0
    taken_at: str | None = None
    """When the photograph was taken, ``YYYY-MM-DD HH:MM:SS`` by the camera's clock, if it says so."""
    copies: int = 1
    """How many files of the library have this very content, this one among them; those that are gone do not count."""
    hidden: bool = False
    """Whether the user hid it from results."""
    relevance: float | None = None
    """0 to 1: how surely it is what was asked for, comparable between queries and models; see
    ``engine/relevance.py``. None where the model's scores are not calibrated."""
    is_rest: bool = False
    """Whether it is probably irrelevant, and came because ``Query.include_rest`` asked for it."""
    gone: bool = False
    """Whether the file is of a source that is there no more, though its drive is: moved, renamed or deleted."""

    @property
    def path(self) -> Path:
        """The file. Made when it is asked for: few hits of many are."""
        return Path(self.file)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one query, best hit first."""

    hits: tuple[Hit, ...]
    model: str
    took_ms: float
    note: str = ""
    """One plain line the user should know, such as what the model could not make of the query."""
    has_rest: bool = False
    """Whether hits were left out because they are probably irrelevant."""
