"""Items by how near their vectors are to a query's, ranked as deep as they are read."""

from collections.abc import Callable, Iterator

import numpy as np

from imagefinder.store.embeddings import FloatArray, IdArray

_DEPTHS = (1024, 4096, 16_384, 65_536, None)
"""How many nearest items are ranked at first, and when more hits are asked for; at last all of them, which takes 10
times as long as the step before in a library of a million (measured: 0.4 s and 4 s). The first is what most queries
need to the end of their matches: in a graph 256 for words would take as long (``vectors/hnsw.py``)."""
_DEPTHS_WITHIN = (1024, None)
"""Among chosen items a graph is walked in vain for most of its length: the second step takes them all."""

Nearest = Callable[[int | None], tuple[IdArray, FloatArray]]
"""Gives the so many nearest items (all, for None) with their cosines, best first."""


def nearest_first(nearest: Nearest, *, is_within: bool) -> Iterator[tuple[IdArray, FloatArray]]:
    """All items that have a vector, nearest first, in pieces of ids, (n,), and cosines, (n,).

    A piece is ranked when it is asked for, and no item is given twice. What is not similar at all is left out.
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
