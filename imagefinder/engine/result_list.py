"""The answer to one query as a list without a fixed end: read in pages, ranked as deep as it is read."""

import math
import threading
from array import array
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import starmap
from pathlib import Path

from imagefinder.engine.cut import Cut, Piece
from imagefinder.engine.sorting import sort_key
from imagefinder.model.queries import SORTED_TOGETHER, Hit, Sort
from imagefinder.store.items import ItemRecord
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import thumbnail_key

_Found = tuple[ItemRecord, float, float]
"""An item, its cosine and its relevance (nan where that is not known)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, before anybody reads it."""

    cut: Cut
    """What is relevant, best first, and the rest."""
    words: Mapping[int, float]
    """How much of the query's words items hold, 0 to 1."""
    include_hidden: bool
    model: str
    note: str
    is_partial: bool
    include_rest: bool = False
    """Whether the rest comes too, after what is relevant."""
    within: tuple[Path, ...] = ()
    """Hits are of files at or below these paths; empty means everywhere."""
    never: Collection[int] = ()
    """Items that are no hits at all, such as the query's own."""


class ResultList:
    """The hits of one query. What a page has given stays where it is, whatever is ranked or indexed later.

    Holds an id, a score and a relevance for each hit that was reached, no more. Safe to use from several threads.
    """

    def __init__(self, store: Store, answer: Answer, sort: Sort = Sort.RELEVANCE) -> None:
        self._store = store
        self._answer = answer
        self._key = sort_key(sort)
        self._lock = threading.Lock()
        self._ids = array("q")
        self._scores = array("f")
        self._relevance = array("f")
        # What is relevant, then the rest; each is read to its end.
        self._parts = [answer.cut.relevant()]
        if answer.include_rest:
            self._parts.append(answer.cut.rest())
        self._has_rest: bool | None = None
        self._rest_from: int | None = None
        """The place in the list that the rest begins at, once what is relevant was read to its end."""
        # Ranked, but not given yet; not known yet whether all of it is still there.
        self._pending: Piece | None = None
        self.model = answer.model
        """The model's name."""
        self.note = answer.note
        """One plain line the user should know, or nothing."""
        self.is_partial = answer.is_partial
        """Whether the model took no part, because it was not loaded."""
        self.took_ms = 0.0
        """Milliseconds until the first hits were ranked."""

    def page(self, offset: int, count: int) -> tuple[Hit, ...]:
        """The hits from ``offset`` (from 0) on, at most ``count``.

        There are fewer only at the end, or where a hit that was given before has left the library.
        """
        with self._lock, self._store.errors():
            fresh = self._reach(offset + count)
            now = slice(offset, offset + count)
            ids = self._ids[now]
            fresh |= self._store.items.records([item_id for item_id in ids if item_id not in fresh])
            likely = count if self._rest_from is None else self._rest_from - offset
            return tuple(
                self._hit(fresh[item_id], score, relevance, is_rest=place >= likely)
                for place, (item_id, score, relevance) in enumerate(
                    zip(ids, self._scores[now], self._relevance[now], strict=True)
                )
                if item_id in fresh
            )

    def has_more(self, offset: int) -> bool:
        """Whether there is a hit at ``offset`` (from 0)."""
        with self._lock, self._store.errors():
            self._reach(offset + 1)
            return len(self._ids) > offset

    @property
    def has_rest(self) -> bool:
        """Whether hits were left out because they are probably irrelevant.

        Certain once the list was read to its end; before, it tells of what was ranked so far.
        """
        with self._lock, self._store.errors():
            if self._parts or self._answer.include_rest:
                return self._answer.cut.left_any_out and not self._answer.include_rest
            if self._has_rest is None:
                self._has_rest = any(self._records(piece) for piece in self._answer.cut.rest())
            return self._has_rest

    def _reach(self, wanted: int) -> dict[int, ItemRecord]:
        """Have so many hits, if there are so many; returns the records of those that are new."""
        fresh: dict[int, ItemRecord] = {}
        while (missing := wanted - len(self._ids)) > 0:
            block = self._take(SORTED_TOGETHER if self._key else missing)
            if not block:
                break
            if key := self._key:
                block.sort(key=lambda found: key(found[0]))
            for record, score, relevance in block:
                self._ids.append(record.id)
                self._scores.append(score)
                self._relevance.append(relevance)
                fresh[record.id] = record
        return fresh

    def _take(self, count: int) -> list[_Found]:
        """The next hits by relevance; what is relevant is not mixed with the rest."""
        taken: list[_Found] = []
        while len(taken) < count and self._parts:
            if self._pending is None:
                self._pending = next(self._parts[0], None)
            if self._pending is None:
                self._parts.pop(0)
                if self._rest_from is None:
                    self._rest_from = len(self._ids) + len(taken)
                if taken:
                    break
                continue
            wanted = count - len(taken)
            piece, later = self._pending.of(slice(wanted)), self._pending.of(slice(wanted, None))
            self._pending = later if later.ids.size else None
            records = self._records(piece)
            relevance = [math.nan] * piece.ids.size if piece.relevance is None else piece.relevance.tolist()
            for item_id, *measures in zip(piece.ids.tolist(), piece.scores.tolist(), relevance, strict=True):
                if (record := records.get(item_id)) is not None:
                    taken.append((record, *measures))
        return taken

    def _records(self, piece: Piece) -> dict[int, ItemRecord]:
        """Those of a piece that are still there and wanted."""
        records = self._store.items.records(piece.ids.tolist())
        return {item_id: record for item_id, record in records.items() if self._is_wanted(record)}

    def _is_wanted(self, record: ItemRecord) -> bool:
        if record.hidden and not self._answer.include_hidden:
            return False
        # A file that cannot be reached now is shown by its copy that can, which is a hit as good.
        return not (
            record.offline and any(starmap(self._may_be_hit, self._store.items.living_copies(record)))
        )

    def _may_be_hit(self, item_id: int, path: Path) -> bool:
        within = self._answer.within
        is_within = not within or any(path.is_relative_to(folder) for folder in within)
        return is_within and item_id not in self._answer.never

    def _hit(self, record: ItemRecord, score: float, relevance: float, *, is_rest: bool) -> Hit:
        return Hit(
            item_id=record.id,
            file=record.file,
            part=record.part,
            parts=record.parts,
            score=score,
            kind=record.kind,
            text_score=self._answer.words.get(record.id, 0.0),
            offline=record.offline and not record.gone,
            thumbnail_key=thumbnail_key(record.hash, record.part),
            size=record.size,
            mtime_ns=record.mtime_ns,
            width=record.width,
            height=record.height,
            taken_at=record.taken_at,
            copies=record.copies,
            hidden=record.hidden,
            relevance=None if math.isnan(relevance) else relevance,
            is_rest=is_rest,
            gone=record.gone,
        )
