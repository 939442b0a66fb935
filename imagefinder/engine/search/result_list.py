"""Result list: the hits of one query, without a fixed end, ranked as deep as they are read."""

import math
import threading
from array import array
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, starmap
from pathlib import Path

from imagefinder.domain.queries import SORTED_TOGETHER, Group, Hit, Sort
from imagefinder.engine.search.grouping import Grouping
from imagefinder.engine.search.lazy_sort import HitBatch, joined
from imagefinder.engine.search.sorting import sort_key
from imagefinder.store.items import ItemRecord
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import thumbnail_key

_Found = tuple[ItemRecord, float, float]
"""An item, its score, and its relevance (nan if unknown)."""
_GROUPS = tuple(Group)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a query, from which a result list is read."""

    grouping: Grouping
    """The hits, by group."""
    words: Mapping[int, float]
    """Share of the query's words that items hold, 0 to 1, by item id."""
    include_hidden: bool
    model: str
    note: str
    is_partial: bool
    include_rest: bool = False
    """Whether possible matches are included, after the other groups."""
    within: tuple[Path, ...] = ()
    """Hits are limited to files at or below these paths; no limit if empty."""
    never: Collection[int] = ()
    """Ids of items that are excluded, such as the query's own."""


class ResultList:
    """Hits of one query. Hits that were delivered never move, whatever is ranked or indexed later.

    Holds an id, a score, a relevance and a group for each hit reached, and nothing more. Safe to use from
    several threads.
    """

    def __init__(self, store: Store, answer: Answer, sort: Sort = Sort.RELEVANCE) -> None:
        self._store = store
        self._answer = answer
        self._key = sort_key(sort)
        self._lock = threading.Lock()
        self._ids = array("q")
        self._scores = array("f")
        self._relevance = array("f")
        self._group_codes = array("b")
        """For each hit, the index of its group in ``_GROUPS``."""
        self._has_rest: bool | None = None
        self._groups = answer.grouping.groups()
        # The group being read, and its remaining batches.
        self._group = Group.MATCH
        self._pieces: Iterator[HitBatch] = iter(())
        self._possible: Iterator[HitBatch] = iter(())
        self._is_over = False
        # Ranked but not delivered. Some of the items may have been deleted meanwhile.
        self._pending: HitBatch | None = None
        self.model = answer.model
        """The model's name."""
        self.note = answer.note
        """A one-line remark for the user, or empty."""
        self.is_partial = answer.is_partial
        """Whether the model was not used because it was not loaded."""
        self.took_ms = 0.0
        """Milliseconds until the first hits were ranked."""

    def page(self, offset: int, count: int) -> tuple[Hit, ...]:
        """Return the hits from ``offset`` (from 0) on, at most ``count``.

        There are fewer only at the end, or if a hit delivered before has left the library.
        """
        with self._lock, self._store.errors():
            fresh = self._reach(offset + count)
            now = slice(offset, offset + count)
            ids = self._ids[now]
            fresh |= self._store.items.records([item_id for item_id in ids if item_id not in fresh])
            measures = zip(self._scores[now], self._relevance[now], self._group_codes[now], strict=True)
            return tuple(
                self._hit(fresh[item_id], score, relevance, _GROUPS[code])
                for item_id, (score, relevance, code) in zip(ids, measures, strict=True)
                if item_id in fresh
            )

    def has_more(self, offset: int) -> bool:
        """Whether there is a hit at ``offset`` (from 0)."""
        with self._lock, self._store.errors():
            self._reach(offset + 1)
            return len(self._ids) > offset

    @property
    def has_rest(self) -> bool:
        """Whether possible matches were left out.

        This is certain once the list has been read to its end. Before that, it refers to what has been ranked
        so far.
        """
        with self._lock, self._store.errors():
            if self._answer.include_rest:
                return False
            left_out = self._answer.grouping.left_out
            if not self._is_over:
                return bool(left_out)
            if self._has_rest is None:
                self._has_rest = any(self._records(piece) for piece in chain(left_out, self._possible))
            return self._has_rest

    def _reach(self, wanted: int) -> dict[int, ItemRecord]:
        """Rank until there are ``wanted`` hits, or no more; return the records of the new ones."""
        fresh: dict[int, ItemRecord] = {}
        while (missing := wanted - len(self._ids)) > 0:
            block, group = self._take(SORTED_TOGETHER if self._key else missing)
            if not block:
                break
            if key := self._key:
                block.sort(key=lambda found: key(found[0]))
            for record, score, relevance in block:
                self._ids.append(record.id)
                self._scores.append(score)
                self._relevance.append(relevance)
                self._group_codes.append(_GROUPS.index(group))
                fresh[record.id] = record
        return fresh

    def _take(self, count: int) -> tuple[list[_Found], Group]:
        """Return at most ``count`` further hits by relevance, all of one group, and that group."""
        taken: list[_Found] = []
        while len(taken) < count and not self._is_over:
            piece = self._ranked(count - len(taken))
            if not piece.ids.size:
                if taken:
                    break
                self._begin_group()
                continue
            records = self._records(piece)
            relevance = [math.nan] * piece.ids.size if piece.relevance is None else piece.relevance.tolist()
            for item_id, *measures in zip(piece.ids.tolist(), piece.scores.tolist(), relevance, strict=True):
                if (record := records.get(item_id)) is not None:
                    taken.append((record, *measures))
        return taken, self._group

    def _ranked(self, count: int) -> HitBatch:
        """Return the next ``count`` hits of the current group, fewer only at its end.

        Some may be deleted items.
        """
        pieces: list[HitBatch] = []
        while count:
            pending = self._pending or next(self._pieces, None)
            self._pending = None
            if pending is None:
                break
            pieces.append(pending.of(slice(count)))
            if pending.ids.size > count:
                self._pending = pending.of(slice(count, None))
            count -= pieces[-1].ids.size
        return joined(pieces)

    def _begin_group(self) -> None:
        found = next(self._groups, None)
        if found is None:
            self._is_over = True
        elif found[0] is Group.POSSIBLE and not self._answer.include_rest:
            self._possible, self._is_over = found[1], True
        else:
            self._group, self._pieces = found

    def _records(self, piece: HitBatch) -> dict[int, ItemRecord]:
        """Return the records of those items of a batch that exist and are wanted."""
        records = self._store.items.records(piece.ids.tolist())
        return {item_id: record for item_id, record in records.items() if self._is_wanted(record)}

    def _is_wanted(self, record: ItemRecord) -> bool:
        if record.hidden and not self._answer.include_hidden:
            return False
        # A file that cannot be reached is left out if a reachable copy of it may be a hit.
        return not (
            record.offline and any(starmap(self._may_be_hit, self._store.items.living_copies(record)))
        )

    def _may_be_hit(self, item_id: int, path: Path) -> bool:
        within = self._answer.within
        is_within = not within or any(path.is_relative_to(folder) for folder in within)
        return is_within and item_id not in self._answer.never

    def _hit(self, record: ItemRecord, score: float, relevance: float, group: Group) -> Hit:
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
            group=group,
            gone=record.gone,
        )
