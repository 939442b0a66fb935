"""State of a search pane, as it is shown and as it is saved between runs."""

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
"""SQLite numbers no more."""


@dataclass(frozen=True, slots=True)
class PictureTerm:
    """A picture to search by: a file, or an item of the library."""

    path: Path | None
    item_id: int | None
    key: str
    """Of the thumbnail; empty for a file that has none."""
    label: str

    @classmethod
    def of_file(cls, path: Path) -> Self:
        """A picture file or PDF on disk."""
        return cls(path, None, "", short_name(path))

    @classmethod
    def of_hit(cls, hit: Hit) -> Self:
        """A result; of a file with several pages, that page."""
        name = short_name(hit.path)
        label = tr("{name}, page {page}", name=name, page=hit.part) if hit.parts > 1 else name
        return cls(hit.path, hit.item_id, hit.thumbnail_key, label)

    def is_same(self, other: Self) -> bool:
        """Whether the other stands for the same picture."""
        if self.item_id is not None or other.item_id is not None:
            return self.item_id == other.item_id
        return self.path == other.path

    def to_json(self) -> dict[str, Any]:
        """For ``json.dumps``. A path's bytes are percent-encoded, as they need not be text."""
        path = quote(os.fsencode(self.path), safe="/\\: ") if self.path is not None else None
        return {"path": path, "item_id": self.item_id, "key": self.key, "label": self.label}

    @classmethod
    def from_json(cls, found: object) -> Self | None:
        """The term; None where it is damaged."""
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
    """All that makes a search pane what it is."""

    terms: tuple[PictureTerm, ...] = ()
    text: str = ""
    sort: Sort = Sort.RELEVANCE
    cell_size: int = DEFAULT_CELL_SIZE
    """Points."""
    include_hidden: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to look for."""
        return not self.terms and not self.text.strip()

    def without_items(self) -> Self:
        """The same without items of the library, whose numbers mean other pictures in another one."""
        return replace(self, terms=tuple(term for term in self.terms if term.item_id is None))

    @property
    def title(self) -> str:
        """What to call the pane, in a few words."""
        words = " ".join(self.text.split())
        pictures = self.terms[0].label if len(self.terms) == 1 else ""
        if len(self.terms) > 1:
            pictures = tr("%n picture(s)", "", len(self.terms))
        return " + ".join(part for part in (pictures, words) if part) or tr("New search")

    def query(self) -> Query:
        """What the engine is asked."""
        return Query(
            text=self.text.strip(),
            images=tuple(term.path for term in self.terms if term.item_id is None and term.path is not None),
            items=tuple(term.item_id for term in self.terms if term.item_id is not None),
            include_hidden=self.include_hidden,
        )

    def to_json(self) -> dict[str, Any]:
        """For ``json.dumps``."""
        return {
            "terms": [term.to_json() for term in self.terms],
            "text": self.text,
            "sort": self.sort.value,
            "cell_size": self.cell_size,
            "include_hidden": self.include_hidden,
        }

    @classmethod
    def from_json(cls, found: object) -> Self:
        """The state; what is missing or damaged keeps its default."""
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
    except UnicodeError:  # half a character
        return None
    return Path(path) if "\0" not in path else None


def _text_of(found: object) -> str:
    """A text that Qt takes; empty where there is none."""
    return found.encode("utf-8", "replace").decode() if isinstance(found, str) else ""


def _within(number: int, bounds: tuple[int, int]) -> int:
    return max(bounds[0], min(bounds[1], number))
