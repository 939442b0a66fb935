"""Queries, hits and search results."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from imagefinder.domain.errors import UsageError
from imagefinder.domain.items import ItemKind
from imagefinder.translation import tr


class Sort(StrEnum):
    """Sort order of hits."""

    RELEVANCE = "relevance"
    DATE = "date"
    """Newest first, by the time the photograph was taken, or else by modification time of the file."""
    NAME = "name"
    SIZE = "size"
    """Largest file first."""


SORTED_TOGETHER = 500
"""Number of hits sorted together in sort orders other than relevance.

The best 500 hits of a group are sorted among themselves, then the next 500, and so on. A search for "beach"
by date should list the beaches by date, not the whole library.
"""


class Group(StrEnum):
    """Hit group: why an item is a hit. Hits of a group are listed together."""

    MATCH = "match"
    """Found by what the picture shows."""
    WORDS = "words"
    """Found only by words in the file's name or on the page."""
    POSSIBLE = "possible"
    """Possible matches: the nearest items of low relevance."""


def group_title(group: Group) -> str:
    """Return the heading of a group."""
    return {
        Group.MATCH: tr("Matches"),
        Group.WORDS: tr("Words in names and on pages"),
        Group.POSSIBLE: tr("Possible matches"),
    }[group]


MOST_CHARACTERS = 20_000
"""Maximum length of a query's text. This is about ten pages, which an average model embeds in some seconds."""


@dataclass(frozen=True, slots=True)
class Query:
    """A search by words, pictures, or both."""

    text: str = ""
    """Words to search for."""
    images: tuple[Path, ...] = ()
    """Query pictures, as absolute paths."""
    items: tuple[int, ...] = ()
    """Ids of library items that hits should resemble. Like ``images``, but can also be single pages."""
    within: tuple[Path, ...] = ()
    """Paths to search: only items of files at or below one of them are hits. Empty means everywhere."""
    limit: int = 20
    """Maximum number of hits."""
    include_query_images: bool = False
    """Whether query pictures that are in the library may be hits."""
    include_hidden: bool = False
    """Whether hidden items may be hits."""
    include_rest: bool = False
    """Whether hits of the group ``POSSIBLE`` are included, after the others."""
    min_score: float | None = None
    """Minimum cosine similarity of hits, -1 to 1. If given, low relevance excludes nothing."""


class Hit(NamedTuple):
    """One item found.

    A named tuple rather than a dataclass, because pages of hundreds of hits are created and sent to the
    window: it takes a fifth of the time.
    """

    item_id: int
    """Id of the item in the library."""
    file: str
    """Path of the file as a string; see ``path``."""
    part: int
    """Number of the item within its file, from 1: a page of a PDF, a frame of a multi-page TIFF, else 1."""
    parts: int
    """Number of parts of the file."""
    score: float
    """Cosine similarity of the item to the query, -1 to 1. 0 if the model does not understand the words."""
    kind: ItemKind
    """Whether the item is a picture or a page."""
    text_score: float = 0.0
    """Share of the query's words found in the file's name or on the page, 0 to 1."""
    offline: bool = False
    """Whether the file is on a drive that is not connected."""
    thumbnail_key: str = ""
    """Key of the thumbnail in the cache."""
    size: int = 0
    """Size of the file in bytes."""
    mtime_ns: int = 0
    """Modification time of the file in nanoseconds since the epoch."""
    width: int = 0
    """Width in pixels, upright as displayed. For a page, in points (1/72 inch)."""
    height: int = 0
    """Height, in the unit of ``width``."""
    taken_at: str | None = None
    """When the photograph was taken, as ``YYYY-MM-DD HH:MM:SS`` by the camera's clock. None if not recorded."""
    copies: int = 1
    """Number of files of the library with the same content, including this one but not files that are gone."""
    hidden: bool = False
    """Whether the user hid the item from results."""
    relevance: float | None = None
    """Relevance, 0 to 1, by which hits of a group are sorted.

    It estimates how surely the picture matches, and is comparable between queries and models
    (``engine/search/relevance.py``). None if the scores of the model are not calibrated. In the group
    ``WORDS`` it is the share of the query's words that the item contains, as ``text_score``.
    """
    group: Group = Group.MATCH
    """Why the item is a hit."""
    gone: bool = False
    """Whether the source of the file was moved, renamed or deleted, although its drive is connected."""

    @property
    def path(self) -> Path:
        """Path of the file. Created on each access, because it is needed for few of many hits."""
        return Path(self.file)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Answer to one query."""

    hits: tuple[Hit, ...]
    """Hits in display order: by group, within a group by decreasing relevance (score if that is None).

    ``WORDS`` comes before ``MATCH`` if a hit contains all words of the query, else after it. ``POSSIBLE`` is last.
    """
    model: str
    """Name of the model."""
    took_ms: float
    """Duration of the search in milliseconds."""
    note: str = ""
    """One line for the user, for example on words that the model does not understand. May be empty."""
    has_rest: bool = False
    """Whether hits of the group ``POSSIBLE`` were left out."""


def refuse_long_text(text: str) -> None:
    """Check the length of a query's text.

    Raises:
        UsageError: The text is longer than ``MOST_CHARACTERS``.
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
