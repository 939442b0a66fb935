"""Queries and hits."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from imagefinder.domain.errors import UsageError
from imagefinder.domain.items import ItemKind
from imagefinder.translation import tr


class Sort(StrEnum):
    """The order that hits are shown in."""

    RELEVANCE = "relevance"
    DATE = "date"
    """When the photograph was taken, else the file's last change; newest first."""
    NAME = "name"
    SIZE = "size"
    """Bytes of the file, largest first."""


SORTED_TOGETHER = 500
"""In another order than by relevance the best so many of a group are sorted among themselves, then the next so many,
and so on: who sorts "beach" by date wants the beaches by date, not the whole library."""


class Group(StrEnum):
    """Why a hit is one. The hits of a group stand together."""

    MATCH = "match"
    """By what the picture shows."""
    WORDS = "words"
    """By words in the file's name or on the page alone."""
    POSSIBLE = "possible"
    """Nearest of what does not seem to match."""


def group_title(group: Group) -> str:
    """What stands above the hits of a group."""
    return {
        Group.MATCH: tr("Matches"),
        Group.WORDS: tr("Words in names and on pages"),
        Group.POSSIBLE: tr("Possible matches"),
    }[group]


MOST_CHARACTERS = 20_000
"""Of a query's text: some ten pages, which take a model of usual size some seconds."""


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
    """Whether hits of the group ``POSSIBLE`` come too, after the others."""
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
    """0 to 1, what a group is sorted by. How surely the picture is what was asked for, comparable between queries
    and models (``engine/search/relevance.py``), None where the model's scores are not calibrated; in the group
    ``WORDS`` how much of the query's words it holds, as ``text_score``."""
    group: Group = Group.MATCH
    """Why it is a hit."""
    gone: bool = False
    """Whether the file is of a source that is there no more, though its drive is: moved, renamed or deleted."""

    @property
    def path(self) -> Path:
        """The file. Made when it is asked for: few hits of many are."""
        return Path(self.file)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The answer to one query."""

    hits: tuple[Hit, ...]
    """In the order they are shown: by groups (``WORDS`` before ``MATCH`` where a hit holds all of the query's words,
    else after it, ``POSSIBLE`` last), in each by falling relevance, or score where that is None."""
    model: str
    took_ms: float
    note: str = ""
    """One plain line the user should know, such as what the model could not make of the query."""
    has_rest: bool = False
    """Whether there are hits of the group ``POSSIBLE`` that were left out."""


def refuse_long_text(text: str) -> None:
    """Raises:
    UsageError: a query's text is longer than ``MOST_CHARACTERS``.
    """
    if len(text) > MOST_CHARACTERS:
        raise UsageError(
            tr(
                "That text is too long to search by: it has {count} characters, and {most} are read at most. "
                "Give the part that matters.",
                count=f"{len(text):,}",
                most=f"{MOST_CHARACTERS:,}",
            )
        )
