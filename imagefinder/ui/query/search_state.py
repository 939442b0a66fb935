"""State of a search pane: its query and settings, which are saved between runs."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote, unquote_to_bytes

from imagefinder.domain.queries import Hit, Query, Sort
from imagefinder.translation import tr
from imagefinder.ui.formatting import short_name
from imagefinder.ui.services.cell_sizes import CELL_SIZES, DEFAULT_CELL_SIZE

_MOST_ITEMS = 1 << 63
"""Upper bound of item ids: SQLite's integers are signed and have 64 bits."""


@dataclass(frozen=True, slots=True)
class PictureTerm:
    """Picture in a query: a file, or an item of the library."""

    path: Path | None
    item_id: int | None
    key: str
    """Key of the thumbnail; empty for a file."""
    label: str

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """Create a term for a picture file or PDF on disk."""
        return cls(path, None, "", short_name(path))

    @classmethod
    def of_hit(cls, hit: Hit) -> Self:
        """Create a term for a result; in a file with several parts, it stands for that part."""
        name = short_name(hit.path)
        label = tr("{name}, page {page}", name=name, page=hit.part) if hit.parts > 1 else name
        return cls(hit.path, hit.item_id, hit.thumbnail_key, label)

    def is_same(self, other: Self) -> bool:
        """Whether another term stands for the same picture."""
        if self.item_id is not None or other.item_id is not None:
            return self.item_id == other.item_id
        return self.path == other.path

    def to_json(self) -> dict[str, Any]:
        """Return the term for ``json.dumps``. Paths are percent-encoded, because their bytes need not be text."""
        path = quote(os.fsencode(self.path), safe="/\\: ") if self.path is not None else None
        return {"path": path, "item_id": self.item_id, "key": self.key, "label": self.label}

    @classmethod
    def from_json(cls, found: object) -> Self | None:
        """Return a saved term; None if it is damaged."""
        if not isinstance(found, dict):
            return None
        path, item_id, key, label = (found.get(name) for name in ("path", "item_id", "key", "label"))
        known = _path_of(path) if isinstance(path, str) and path else None
        number = item_id if type(item_id) is int and 0 < item_id < _MOST_ITEMS else None
        if known is None and number is None:
            return None
        text = _text_of(label) or (short_name(known) if known else str(number))
        return cls(known, number, key if isinstance(key, str) else "", text)


@dataclass(frozen=True, slots=True)
class PaneState:
    """Query and settings of a search pane."""

    terms: tuple[PictureTerm, ...] = ()
    text: str = ""
    sort: Sort = Sort.RELEVANCE
    cell_size: int = DEFAULT_CELL_SIZE
    """Size of a cell, in points."""
    include_hidden: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the query is empty."""
        return not self.terms and not self.text.strip()

    def without_items(self) -> Self:
        """Return a copy without items of the library, because ids are different items in another library."""
        return replace(self, terms=tuple(term for term in self.terms if term.item_id is None))

    @property
    def title(self) -> str:
        """Short title of the pane, for its tab."""
        words = " ".join(self.text.split())
        pictures = self.terms[0].label if len(self.terms) == 1 else ""
        if len(self.terms) > 1:
            pictures = tr("%n picture(s)", "", len(self.terms))
        return " + ".join(part for part in (pictures, words) if part) or tr("New search")

    def query(self) -> Query:
        """Return the query for the engine."""
        return Query(
            text=self.text.strip(),
            images=tuple(term.path for term in self.terms if term.item_id is None and term.path is not None),
            items=tuple(term.item_id for term in self.terms if term.item_id is not None),
            include_hidden=self.include_hidden,
        )

    def to_json(self) -> dict[str, Any]:
        """Return the state for ``json.dumps``."""
        return {
            "terms": [term.to_json() for term in self.terms],
            "text": self.text,
            "sort": self.sort.value,
            "cell_size": self.cell_size,
            "include_hidden": self.include_hidden,
        }

    @classmethod
    def from_json(cls, found: object) -> Self:
        """Return a saved state. Missing or damaged values are replaced by the defaults."""
        if not isinstance(found, dict):
            return cls()
        kept, text, sort, size = (found.get(name) for name in ("terms", "text", "sort", "cell_size"))
        terms = [PictureTerm.from_json(each) for each in kept] if isinstance(kept, list) else []
        return cls(
            terms=tuple(term for term in terms if term is not None),
            text=_text_of(text),
            sort=Sort(sort) if isinstance(sort, str) and sort in list(Sort) else Sort.RELEVANCE,
            cell_size=_within(size, CELL_SIZES) if type(size) is int else DEFAULT_CELL_SIZE,
            include_hidden=found.get("include_hidden") is True,
        )


def _path_of(quoted: str) -> Path | None:
    try:
        path = os.fsdecode(unquote_to_bytes(quoted))
    except UnicodeError:  # not decodable on Windows, where paths are text
        return None
    return Path(path) if "\0" not in path else None


def _text_of(found: object) -> str:
    """Return a text that Qt accepts, without surrogates; empty if ``found`` is not a text."""
    return found.encode("utf-8", "replace").decode() if isinstance(found, str) else ""


def _within(number: int, bounds: tuple[int, int]) -> int:
    return max(bounds[0], min(bounds[1], number))
