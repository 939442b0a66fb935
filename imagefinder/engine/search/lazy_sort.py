"""Lazy sort: order a long list by relevance while it is still being ranked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imagefinder.store.embeddings import FloatArray, IdArray


@dataclass(frozen=True, slots=True)
class HitBatch:
    """Ids of some hits with their scores and relevance."""

    ids: IdArray
    scores: FloatArray
    """Cosines."""
    relevance: FloatArray | None
    """Displayed relevance, 0 to 1; None if the model is not calibrated."""

    def of(self, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "HitBatch":
        """Return a batch of the selected hits."""
        relevance = None if self.relevance is None else self.relevance[which]
        return HitBatch(self.ids[which], self.scores[which], relevance)

    @property
    def shown(self) -> FloatArray:
        """Displayed number of each hit, by which a group is sorted: its relevance, or else its score."""
        return self.scores if self.relevance is None else self.relevance


def joined(pieces: Iterable[HitBatch]) -> HitBatch:
    """Concatenate batches. Relevance must be known for all hits or for none."""
    some = [piece for piece in pieces if piece.ids.size]
    if len(some) == 1:
        return some[0]
    relevance = [piece.relevance for piece in some if piece.relevance is not None]
    return HitBatch(
        np.concatenate([np.empty(0, np.int64), *(piece.ids for piece in some)]),
        np.concatenate([np.empty(0, np.float32), *(piece.scores for piece in some)]),
        np.concatenate(relevance) if relevance else None,
    )


def descending(windows: Iterable[HitBatch]) -> Iterator[HitBatch]:
    """Sort hits by descending relevance (or score, if that is unknown), reading each window only when needed.

    Windows come in the order of cosines, which relevance follows only roughly: a hit further down may be more
    relevant than one above it. The best of a window's last quarter indicates how relevant later hits may be.
    Hits of less relevance are held back and sorted into the next window, but at most half of them, so that
    each window yields some. A later hit that is more relevant after all gets the displayed relevance of the
    last hit before it. So each window is sorted exactly, and the displayed relevance never rises.
    """
    held: HitBatch | None = None
    last = np.float32(np.inf)
    for window in windows:
        pool = joined((window,) if held is None else (held, window))
        if not pool.ids.size:
            continue
        pool = pool.of(np.lexsort((-pool.scores, -pool.shown)))
        if pool.relevance is None:
            # Later windows hold no higher scores, except for items that a graph missed at first.
            given, held = pool, None
        else:
            expected = window.shown[-max(window.ids.size // 4, 1) :].max(initial=0)
            count = max(int(np.count_nonzero(pool.shown >= expected)), -(-pool.ids.size // 2))
            given, held = pool.of(slice(count)), pool.of(slice(count, None))
        given = _at_most(last, given)
        last = given.shown[-1]
        yield given
    if held is not None and held.ids.size:
        yield _at_most(last, held)


def _at_most(limit: np.float32, piece: HitBatch) -> HitBatch:
    if piece.relevance is None:
        return replace(piece, scores=np.minimum(piece.scores, limit))
    return replace(piece, relevance=np.minimum(piece.relevance, limit))
