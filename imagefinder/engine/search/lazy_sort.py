"""Sort a long list by relevance while it is still being ranked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imagefinder.store.embeddings import FloatArray, IdArray


@dataclass(frozen=True, slots=True)
class HitBatch:
    """Some hits."""

    ids: IdArray
    scores: FloatArray
    """Cosines."""
    relevance: FloatArray | None
    """0 to 1, the number that is shown; None where the model is not calibrated."""

    def of(self, which: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "HitBatch":
        """Only these of the hits."""
        relevance = None if self.relevance is None else self.relevance[which]
        return HitBatch(self.ids[which], self.scores[which], relevance)

    @property
    def shown(self) -> FloatArray:
        """The number that is shown of each hit, by which a group is sorted."""
        return self.scores if self.relevance is None else self.relevance


def joined(pieces: Iterable[HitBatch]) -> HitBatch:
    """Several pieces as one. Relevance is known of all hits or of none."""
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
    """Sort hits by falling relevance (by score where that is unknown); a window is read when its hits are wanted.

    ``windows`` come in the order of cosines, which relevance follows roughly: a hit further down may be more
    relevant than one above it. The best of a window's last quarter tells how relevant those further down may be:
    what is less relevant than that is held back and sorted into the next window, but half of the hits at most, so
    that each window gives some. A hit further down that is even more relevant is shown with the relevance of the
    last one given before it. So what one window holds is sorted exactly, and what is shown never rises.
    """
    held: HitBatch | None = None
    last = np.float32(np.inf)
    for window in windows:
        pool = joined((window,) if held is None else (held, window))
        if not pool.ids.size:
            continue
        pool = pool.of(np.lexsort((-pool.scores, -pool.shown)))
        if pool.relevance is None:
            # By their own order nothing nearer follows, but for what a graph has missed at first.
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
