"""The answer to one query as a list without a fixed end: read in pages, ranked as deep as it is read."""

import threading
from array import array
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from imagefinder.engine.sorting import sort_key
from imagefinder.model.queries import SORTED_TOGETHER, Hit, Sort
from imagefinder.store.embeddings import FloatArray, IdArray
from imagefinder.store.items import ItemRecord
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import thumbnail_key


@dataclass(frozen=True, slots=True)
class Answer:
    """What was found, before anybody reads it."""

    ranked: Iterator[tuple[IdArray, FloatArray]]
    """Pieces of ids and cosines, best first, none twice; see ``ranking.ranked``."""
    relevance: Mapping[int, float]
    """How much of the query's words items hold, 0 to 1."""
    left_out: Collection[int]
    """Items that are not to be hits, such as the query's own."""
    include_hidden: bool
    model: str
    note: str
    is_partial: bool


class ResultList:
    """The hits of one query. What a page has given stays where it is, whatever is ranked or indexed later.

    Holds an id and a score for each hit that was reached, no more. Safe to use from several threads.
    """

    def __init__(self, store: Store, answer: Answer, sort: Sort = Sort.RELEVANCE) -> None:
        self._store = store
        self._answer = answer
        self._key = sort_key(sort)
        self._lock = threading.Lock()
        self._ids = array("q")
        self._scores = array("f")
        # Ranked, but not given yet; not known yet whether all of it is still there.
        self._pending: tuple[IdArray, FloatArray] = np.empty(0, np.int64), np.empty(0, np.float32)
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
            ids, scores = self._ids[offset : offset + count], self._scores[offset : offset + count]
            fresh |= self._store.items.records([item_id for item_id in ids if item_id not in fresh])
            return tuple(
                self._hit(fresh[item_id], score)
                for item_id, score in zip(ids, scores, strict=True)
                if item_id in fresh
            )

    def has_more(self, offset: int) -> bool:
        """Whether there is a hit at ``offset`` (from 0)."""
        with self._lock, self._store.errors():
            self._reach(offset + 1)
            return len(self._ids) > offset

    def _reach(self, wanted: int) -> dict[int, ItemRecord]:
        """Have so many hits, if there are so many; returns the records of those that are new."""
        fresh: dict[int, ItemRecord] = {}
        while (missing := wanted - len(self._ids)) > 0:
            block = self._take(SORTED_TOGETHER if self._key else missing)
            if not block:
                break
            if key := self._key:
                block.sort(key=lambda pair: key(pair[0]))
            for record, score in block:
                self._ids.append(record.id)
                self._scores.append(score)
                fresh[record.id] = record
        return fresh

    def _take(self, count: int) -> list[tuple[ItemRecord, float]]:
        """The next hits by relevance."""
        taken: list[tuple[ItemRecord, float]] = []
        while len(taken) < count:
            ids, scores = self._pending
            if not ids.size:
                piece = next(self._answer.ranked, None)
                if piece is None:
                    break
                self._pending = piece
                continue
            now = slice(0, count - len(taken))
            self._pending = ids[now.stop :], scores[now.stop :]
            records = self._store.items.records(ids[now].tolist())
            for item_id, score in zip(ids[now].tolist(), scores[now].tolist(), strict=True):
                record = records.get(item_id)
                if record is not None and self._is_wanted(record):
                    taken.append((record, score))
        return taken

    def _is_wanted(self, record: ItemRecord) -> bool:
        if record.id in self._answer.left_out:
            return False
        return self._answer.include_hidden or not record.hidden

    def _hit(self, record: ItemRecord, score: float) -> Hit:
        return Hit(
            item_id=record.id,
            path=record.path,
            part=record.part,
            parts=record.parts,
            score=score,
            kind=record.kind,
            text_score=self._answer.relevance.get(record.id, 0.0),
            offline=record.offline,
            thumbnail_key=thumbnail_key(record.hash, record.part),
            size=record.size,
            mtime_ns=record.mtime_ns,
            width=record.width,
            height=record.height,
            taken_at=record.taken_at,
            copies=record.copies,
            hidden=record.hidden,
        )
