"""Ranking of items by the cosine of their vectors and the query's, as deep as it is read."""

from collections.abc import Callable, Iterator

import numpy as np

from imagefinder.store.embeddings import FloatArray, IdArray

_DEPTHS = (1024, 4096, 16_384, 65_536, None)
"""Numbers of nearest items ranked at first and each time more hits are read; None means all.

The last step takes ten times as long as the one before (measured in a library of a million: 4 s and 0.4 s).
The first step suffices for all matches of most queries. In a graph, fewer would not be faster for queries by
words: 256 take as long (``vectors/hnsw.py``).
"""
_DEPTHS_WITHIN = (1024, None)
"""The same for searches among selected items.

Walking a graph is mostly wasted there, so the second step ranks all.
"""

Nearest = Callable[[int | None], tuple[IdArray, FloatArray]]
"""Function that returns the ids and cosines of that many nearest items, or of all for None, best first."""


def nearest_first(nearest: Nearest, *, is_within: bool) -> Iterator[tuple[IdArray, FloatArray]]:
    """Yield all items that have a vector, nearest first, in pieces of ids, (n,), and cosines, (n,).

    A piece is ranked when it is requested, and no item is yielded twice. Items with a cosine of zero are
    omitted.

    Args:
        nearest: finds the nearest items.
        is_within: whether the search is restricted to selected items.
    """
    given = np.empty(0, np.int64)
    for depth in _DEPTHS_WITHIN if is_within else _DEPTHS:
        ids, scores = nearest(depth)
        is_all = depth is None or ids.size < depth
        is_new = (scores != 0) & ~np.isin(ids, given)
        yield ids[is_new], scores[is_new]
        if is_all:
            return
        given = np.concatenate((given, ids[is_new]))
