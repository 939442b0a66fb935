"""Sort hits into the groups they are shown in: matches, words, possible matches."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from imagefinder.domain.queries import Group
from imagefinder.engine.search.lazy_sort import HitBatch, descending, joined
from imagefinder.engine.search.relevance import CUT
from imagefinder.store.embeddings import FloatArray, IdArray
from imagefinder.store.text_search import TextMatch

IRRELEVANT_IN_A_ROW = 256
"""So many hits one after the other that are not relevant end the matches: what is relevant further down (they come by
cosine, which relevance does not follow to the letter) is among the possible matches."""
_FIRST, _AT_MOST = 128, 1024
"""Hits judged at a time: few at first, when somebody waits for the first page, then as many as were judged before.
What is judged in vain is at most as much as what was asked for."""
_WORDS_AT_ONCE = 256
"""Items that hold words judged at a time."""
_WINDOW, _GROWTH = 512, 4
"""Hits judged before the first of a group are given, and how many times as many before the next: see ``descending``.
Half of the first window fills a page."""

Relevance = Callable[[IdArray, FloatArray], FloatArray]
"""The relevance of items, (n,), of which the cosines, (n,), are known: 0 to 1, and 0 for one without a vector."""
Cosines = Callable[[IdArray], FloatArray]
"""Gives the cosines of items; 0 for one that has no vector."""


@dataclass(frozen=True, slots=True)
class RelevanceScale:
    """How relevance is told for one query."""

    relevance: Relevance
    sure: float | None
    """The relevance that the best hit needs before anything counts as found: words may have no answer at all. None
    for a query by pictures, to which some are always nearest: where not even those stand out, the library (of one
    subject, say) does not tell what unrelated pictures are like, and nothing is cut off."""


class Grouping:
    """Sorts the answer to one query into groups, each item into one of them.

    - ``MATCH``: relevant by what the picture shows, sorted by that relevance. Without a measure, every picture, by
      its cosine; but an item that holds all words of the query and is not among the first is found by these.
    - ``WORDS``: found by words in names and on pages alone, sorted by how much of the query's words an item holds,
      which is the relevance it gets. The first group if one holds all of them, else the second.
    - ``POSSIBLE``: all others, sorted by relevance. None without a measure, since nothing is cut off then.
    """

    def __init__(
        self,
        nearest_first: Iterator[tuple[IdArray, FloatArray]],
        matches: Sequence[TextMatch],
        cosines: Cosines,
        measure: RelevanceScale | None,
        min_score: float | None = None,
        never: Collection[int] = (),
    ) -> None:
        """``nearest_first``: see ``ranking``. ``matches``: items that hold words, best first. ``never``: items that
        are not to be hits at all, such as the query's own.

        With ``min_score`` what has that cosine at least is a match, and nothing else a hit.
        """
        self._measure = measure
        self._min_score = min_score
        self._cosines = cosines
        self._never = np.fromiter(never, np.int64, len(never))
        held = [(match.item_id, match.relevance) for match in matches if match.item_id not in never]
        self._word_ids = np.array([item_id for item_id, _ in held], np.int64)
        self._word_shares = np.array([share for _, share in held], np.float32)
        self._matches_with_words: list[HitBatch] = []
        self._is_answered = False
        self._blocks = self._judged(nearest_first)
        self.left_out: list[HitBatch] = []
        """What was found to be no match so far, in the order of cosines."""

    def groups(self) -> Iterator[tuple[Group, Iterator[HitBatch]]]:
        """The groups in the order they are shown; each is to be read to its end before the next."""
        first = self._settled(next(self._blocks, _NOTHING))
        blocks: Iterator[HitBatch] = chain((first,), self._blocks)
        if self._min_score is not None:
            yield Group.MATCH, descending(_windows(self._similar(blocks)))
            return
        by_words = self._by_words(first)
        words = self._told_apart(by_words)
        ahead = [next((piece for piece in words if piece.ids.size), _NOTHING)]
        holds_all = ahead[0].shown.max(initial=0) >= 1
        if not holds_all:
            ahead += words  # some are matches, and those come now
        blocks = _without(self._word_ids[by_words], blocks)
        match = Group.MATCH, descending(_windows(chain(self._also_match(), self._relevant(blocks))))
        found = Group.WORDS, chain(ahead, words)
        yield from (found, match) if holds_all else (match, found)
        if self._measure is not None:
            others = chain(self.left_out, (self._without_vector(~by_words),), blocks)
            yield Group.POSSIBLE, descending(_windows((piece.ids.size, piece) for piece in others))

    def _settled(self, first: HitBatch) -> HitBatch:
        """Tell by the nearest of all items whether the query is answered, or nothing can be cut off."""
        if self._measure is None or first.relevance is None:
            return first
        best, sure = first.relevance.max(initial=0), self._measure.sure
        self._is_answered = bool(best >= (CUT if sure is None else sure))
        if self._is_answered or sure is not None:
            return first
        self._measure = None
        return replace(first, relevance=None)

    def _by_words(self, first: HitBatch) -> NDArray[np.bool_]:
        """Which of the items that hold words, (n,), are found by these, unless ``_told_apart`` finds them matches.

        ``first`` are the nearest of all items.
        """
        ids, shares = self._word_ids, self._word_shares
        if self._measure is not None:
            # Squared: half of the words say much less than half.
            return np.asarray(shares**2 >= CUT)
        return np.asarray((self._cosines(ids) == 0) | ((shares >= 1) & ~np.isin(ids, first.ids)))

    def _told_apart(self, by_words: NDArray[np.bool_]) -> Iterator[HitBatch]:
        """Those of the items that are no matches; the matches among them are kept for ``_also_match``."""
        ids, shares = self._word_ids[by_words], self._word_shares[by_words]
        for start in range(0, ids.size, _WORDS_AT_ONCE):
            now = slice(start, start + _WORDS_AT_ONCE)
            piece = HitBatch(ids[now], self._cosines(ids[now]), shares[now])
            if self._is_answered:
                relevance = self._relevance(piece.ids, piece.scores)
                assert relevance is not None
                is_match = (relevance >= CUT) & (piece.scores != 0)
                self._matches_with_words.append(replace(piece, relevance=relevance).of(is_match))
                piece = piece.of(~is_match)
            yield piece

    def _also_match(self) -> Iterator[tuple[int, HitBatch]]:
        yield 0, joined(self._matches_with_words)

    def _without_vector(self, which: NDArray[np.bool_]) -> HitBatch:
        """Those of the items that hold words that no vector leads to."""
        ids = self._word_ids[which]
        scores = self._cosines(ids)
        return HitBatch(ids, scores, self._relevance(ids, scores)).of(scores == 0)

    def _similar(self, blocks: Iterable[HitBatch]) -> Iterator[tuple[int, HitBatch]]:
        for block in blocks:
            is_kept = block.scores >= np.float32(self._min_score)
            yield block.ids.size, block.of(is_kept)
            if not is_kept.all():
                return

    def _relevant(self, blocks: Iterator[HitBatch]) -> Iterator[tuple[int, HitBatch]]:
        """How many were judged, and those of them that are relevant."""
        in_a_row = 0
        for block in blocks:
            if self._measure is None:
                yield block.ids.size, block
                continue
            if not self._is_answered:
                self.left_out.append(block)
                return
            assert block.relevance is not None
            is_kept = block.relevance >= CUT
            kept = np.flatnonzero(is_kept)
            if kept.size < is_kept.size:
                self.left_out.append(block.of(~is_kept))
            yield block.ids.size, block.of(is_kept)
            in_a_row = is_kept.size - 1 - int(kept[-1]) if kept.size else in_a_row + is_kept.size
            if in_a_row >= IRRELEVANT_IN_A_ROW:
                return

    def _judged(self, nearest_first: Iterator[tuple[IdArray, FloatArray]]) -> Iterator[HitBatch]:
        judged = 0
        for ids, scores in nearest_first:
            if self._never.size:
                is_wanted = ~np.isin(ids, self._never)
                ids, scores = ids[is_wanted], scores[is_wanted]
            start = 0
            while start < ids.size:
                now = slice(start, start + min(max(judged, _FIRST), _AT_MOST))
                yield HitBatch(ids[now], scores[now], self._relevance(ids[now], scores[now]))
                judged += ids[now].size
                start = now.stop

    def _relevance(self, ids: IdArray, scores: FloatArray) -> FloatArray | None:
        if self._measure is None:
            return None
        return self._measure.relevance(ids, scores)


_NOTHING = HitBatch(np.empty(0, np.int64), np.empty(0, np.float32), None)


def _without(ids: IdArray, blocks: Iterable[HitBatch]) -> Iterator[HitBatch]:
    return (block.of(~np.isin(block.ids, ids)) for block in blocks) if ids.size else iter(blocks)


def _windows(judged: Iterable[tuple[int, HitBatch]]) -> Iterator[HitBatch]:
    """Hits in growing portions, by how many were judged for them."""
    pieces: list[HitBatch] = []
    count, size = 0, _WINDOW
    for more, piece in judged:
        pieces.append(piece)
        count += more
        if count >= size:
            yield joined(pieces)
            pieces, size = [], size * _GROWTH
    yield joined(pieces)
