"""Where a ranking stops being an answer: the relevant hits first, the rest for who asks for it."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagefinder.engine.relevance import CUT
from imagefinder.store.embeddings import FloatArray, IdArray

IRRELEVANT_IN_A_ROW = 256
"""So many hits one after the other that are not relevant end the list: what is relevant further down the ranking
(one of cosines, which relevance does not follow to the letter) is among the rest."""
_FIRST, _AT_MOST = 128, 1024
"""Hits judged at a time: few at first, when somebody waits for the first page, then as many as were judged before.
What is judged in vain is at most as much as what was asked for."""

Relevance = Callable[[IdArray, FloatArray], FloatArray]
"""The relevance of items, (n,), of which the cosines, (n,), are known: 0 to 1, and 0 for one without a vector."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some hits, best first."""

    ids: IdArray
    scores: FloatArray
    """Cosines."""
    relevance: FloatArray | None
    """0 to 1; None where the model is not calibrated."""

    def of(self, which: NDArray[np.bool_] | slice) -> "Piece":
        """Only these of the hits."""
        relevance = None if self.relevance is None else self.relevance[which]
        return Piece(self.ids[which], self.scores[which], relevance)


@dataclass(frozen=True, slots=True)
class Measure:
    """How relevance is told for one query."""

    relevance: Relevance
    sure: float | None
    """The relevance that the best hit needs before anything counts as found: words may have no answer at all. None
    for a query by pictures, to which some are always nearest: where not even those stand out, the library (of one
    subject, say) does not tell what unrelated pictures are like, and nothing is cut."""


class Cut:
    """A ranking in two parts: ``relevant``, to be read to its end first, and ``rest``."""

    def __init__(
        self,
        ranked: Iterator[tuple[IdArray, FloatArray]],
        words: Mapping[int, float],
        measure: Measure | None,
        min_score: float | None = None,
        never: Collection[int] = (),
    ) -> None:
        """``ranked``: see ``ranking.ranked``. ``words``: how much of the query's words items hold, 0 to 1.
        ``never``: items that are not to be hits at all, such as the query's own.

        Without ``measure`` nothing is cut; with ``min_score`` all that has a lower cosine is, without a rest.
        """
        self._words = words
        self._measure = measure
        self._min_score = min_score
        self._pieces = self._judged(ranked)
        self._never = np.fromiter(never, np.int64, len(never))
        self._left_out: list[Piece] = []
        self._is_answered: bool | None = None

    @property
    def left_any_out(self) -> bool:
        """Whether something was found irrelevant so far."""
        return bool(self._left_out)

    def relevant(self) -> Iterator[Piece]:
        """The hits that are relevant: by their vector, or by the words that stand in their name or on their page."""
        in_a_row = 0
        for piece in self._pieces:
            if self._min_score is not None:
                is_kept = piece.scores >= self._min_score
            elif self._measure is None or piece.relevance is None:
                yield piece
                continue
            else:
                is_kept = piece.relevance >= CUT if self._is_answered else self._by_words(piece.ids) >= CUT
            kept = np.flatnonzero(is_kept)
            if kept.size < is_kept.size and self._min_score is None:
                self._left_out.append(piece.of(~is_kept))
            in_a_row = is_kept.size - 1 - int(kept[-1]) if kept.size else in_a_row + is_kept.size
            if kept.size:
                yield piece.of(is_kept)
            if in_a_row >= IRRELEVANT_IN_A_ROW:
                return

    def rest(self) -> Iterator[Piece]:
        """All others, in the order of the ranking."""
        if self._min_score is not None:
            return
        while self._left_out:
            yield self._left_out.pop(0)
        yield from self._pieces

    def _judged(self, ranked: Iterator[tuple[IdArray, FloatArray]]) -> Iterator[Piece]:
        judged = 0
        for ids, scores in ranked:
            if self._never.size:
                is_wanted = ~np.isin(ids, self._never)
                ids, scores = ids[is_wanted], scores[is_wanted]
            start = 0
            while start < ids.size:
                now = slice(start, start + min(max(judged, _FIRST), _AT_MOST))
                yield Piece(ids[now], scores[now], self._relevance(ids[now], scores[now]))
                judged += ids[now].size
                start = now.stop

    def _relevance(self, ids: IdArray, scores: FloatArray) -> FloatArray | None:
        if self._measure is None:
            return None
        relevance = self._measure.relevance(ids, scores)
        if self._is_answered is None:
            sure = self._measure.sure
            self._is_answered = bool(relevance.max() >= (CUT if sure is None else sure))
            if sure is None and not self._is_answered:
                self._measure = None
                return None
        return np.maximum(relevance, self._by_words(ids))

    def _by_words(self, ids: IdArray) -> FloatArray:
        if not self._words:
            return np.zeros(ids.size, np.float32)
        # Squared, as in the ranking: half of the words say much less than half.
        found = (self._words.get(item_id, 0.0) ** 2 for item_id in ids.tolist())
        return np.fromiter(found, np.float32, ids.size)
