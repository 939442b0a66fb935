"""Hit groups: division of a query's hits into matches, hits by words alone, and possible matches."""

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
"""Number of consecutive irrelevant hits that ends the matches.

Hits come by descending cosine, which relevance follows only roughly. Relevant hits further down are among the
possible matches.
"""
_FIRST, _AT_MOST = 128, 1024
"""Minimum and maximum number of hits evaluated at a time.

Starts low because a user waits for the first page, and then equals the number evaluated before. So at most as
many hits are evaluated in vain as were needed.
"""
_WORDS_AT_ONCE = 256
"""Items that hold words of the query evaluated at a time."""
_WINDOW, _GROWTH = 512, 4
"""Size of a group's first window, and growth factor of the following ones: see ``descending``.

Half of the first window fills a page.
"""

Relevance = Callable[[IdArray, FloatArray], FloatArray]
"""Function that returns the relevance of items, 0 to 1, given ids and cosines; 0 for items without a vector."""
Cosines = Callable[[IdArray], FloatArray]
"""Function that returns the cosines of items, (n,), given their ids; 0 for items without a vector."""


@dataclass(frozen=True, slots=True)
class RelevanceScale:
    """How the relevance of hits is measured for one query."""

    relevance: Relevance
    sure: float | None
    """Relevance that the best hit must have for anything to count as found.

    Queries by words need this because no picture may match at all. None for a query by pictures, which always
    has nearest neighbours. If even the best of those is below the relevance cutoff, the library (of one
    subject, for example) does not show what unrelated pictures are like, and nothing is cut off.
    """


class Grouping:
    """Division of the hits of one query into groups. Every item belongs to one group.

    - ``MATCH``: relevant by what the picture shows, sorted by that relevance. Without a relevance scale,
      every item with a vector, sorted by its cosine, except that an item which holds all words of the query
      and is not among the nearest is in ``WORDS``.
    - ``WORDS``: found by words in names and on pages alone, sorted by the share of the query's words that an
      item holds. That share is its relevance. This is the first group if one of its hits holds all words,
      else the second.
    - ``POSSIBLE``: all others, sorted by relevance. Does not exist without a relevance scale, because nothing
      is cut off then.
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
        """Create a grouping. Nothing is evaluated yet, but the ids and shares of ``matches`` are copied.

        Args:
            nearest_first: ids and cosines of all items with a vector, nearest first; see ``ranking``.
            matches: items that hold words of the query, best first.
            cosines: looks up the cosines of given items.
            measure: the relevance scale; None if the model is not calibrated.
            min_score: with this, items with at least this cosine are matches, and there are no other hits.
            never: ids of items to exclude, such as the query's own.
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
        """Evaluated hits that are no matches, so far, in the order of cosines."""

    def groups(self) -> Iterator[tuple[Group, Iterator[HitBatch]]]:
        """Yield the groups in display order. Each must be read to its end before the next."""
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
            ahead += words  # this also finds the matches among them, which come first
        blocks = _without(self._word_ids[by_words], blocks)
        match = Group.MATCH, descending(_windows(chain(self._also_match(), self._relevant(blocks))))
        found = Group.WORDS, chain(ahead, words)
        yield from (found, match) if holds_all else (match, found)
        if self._measure is not None:
            others = chain(self.left_out, (self._without_vector(~by_words),), blocks)
            yield Group.POSSIBLE, descending(_windows((piece.ids.size, piece) for piece in others))

    def _settled(self, first: HitBatch) -> HitBatch:
        """Decide from the nearest items whether anything counts as found, or whether nothing can be cut off."""
        if self._measure is None or first.relevance is None:
            return first
        best, sure = first.relevance.max(initial=0), self._measure.sure
        self._is_answered = bool(best >= (CUT if sure is None else sure))
        if self._is_answered or sure is not None:
            return first
        self._measure = None
        return replace(first, relevance=None)

    def _by_words(self, first: HitBatch) -> NDArray[np.bool_]:
        """Return a mask, (n,), of the word items that count as found by their words.

        ``_told_apart`` may still make them matches. ``first`` holds the nearest of all items.
        """
        ids, shares = self._word_ids, self._word_shares
        if self._measure is not None:
            # Squared, because half of the words mean much less than half the relevance.
            return np.asarray(shares**2 >= CUT)
        return np.asarray((self._cosines(ids) == 0) | ((shares >= 1) & ~np.isin(ids, first.ids)))

    def _told_apart(self, by_words: NDArray[np.bool_]) -> Iterator[HitBatch]:
        """Yield those of the items that are no matches, and keep the matches for ``_also_match``."""
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
        """Return those of the selected word items that have no vector and so are not in ``nearest_first``."""
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
        """Yield the relevant hits of each block, with the number of hits evaluated."""
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
    """Join batches into growing windows, by the number of hits evaluated for them."""
    pieces: list[HitBatch] = []
    count, size = 0, _WINDOW
    for more, piece in judged:
        pieces.append(piece)
        count += more
        if count >= size:
            yield joined(pieces)
            pieces, size = [], size * _GROWTH
    yield joined(pieces)
