"""Joining two rankings: nearest by vector, and most words found."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from imagefinder.store.embeddings import FloatArray, IdArray
from imagefinder.store.text_search import TextMatch

RRF_K = 60
"""The constant of reciprocal rank fusion, as published: Cormack, Clarke and Büttcher, "Reciprocal Rank
Fusion outperforms Condorcet and individual Rank Learning Methods", SIGIR 2009."""

_DEPTHS = (256, 1024, 4096, 16_384, 65_536, None)
"""How many nearest items are ranked at first, and when more hits are asked for; at last all of them, which takes 10
times as long as the step before in a library of a million (measured: 0.4 s and 4 s)."""
_DEPTHS_WITHIN = (256, None)
"""Among chosen items a graph is walked in vain for most of its length: the second step takes them all."""

Nearest = Callable[[int | None], tuple[IdArray, FloatArray]]
"""Gives the so many nearest items (all, for None) with their cosines, best first."""
Cosines = Callable[[IdArray], FloatArray]
"""Gives the cosines of items; 0 for one that has no vector."""


def fuse(nearest: IdArray, matches: Sequence[TextMatch]) -> tuple[IdArray, NDArray[np.float64]]:
    """Item ids of both rankings, best first, each once, and what each earned.

    An item earns 1 / (60 + its rank by vector), plus r² / (60 + its rank by words), where r (0 to 1) is how
    much of the query's words it holds; squared, because half of the words say much less than half. Only
    ranks are added, never cosines, whose scale differs by model; so the rule is the same for every embedder.
    So an item that holds all the words stands level with one that is as near as it is wordy, before it if it
    is near as well; among items without any word, the order by cosine stays. Ties go to the older item.
    """
    by_words = np.fromiter((match.item_id for match in matches), np.int64, len(matches))
    relevance = np.fromiter((match.relevance for match in matches), np.float64, len(matches))
    ids, places = np.unique(np.concatenate((nearest, by_words)), return_inverse=True)
    earned = np.zeros(ids.size)
    earned[places[: nearest.size]] = 1 / (RRF_K + np.arange(1, nearest.size + 1))
    earned[places[nearest.size :]] += relevance**2 / (RRF_K + np.arange(1, by_words.size + 1))
    order = np.lexsort((ids, -earned))
    return ids[order], earned[order]


def ranked(
    nearest: Nearest, cosines: Cosines, matches: Sequence[TextMatch], *, is_within: bool
) -> Iterator[tuple[IdArray, FloatArray]]:
    """All hits, best first, in pieces of ids and cosines; a piece is ranked when it is asked for.

    The rule is that of ``fuse``. Once given, a hit is never given again, nor overtaken: a piece holds only what
    no item further down could outdo by its nearness alone. What has no similarity and no word is no hit.
    """
    given = np.empty(0, np.int64)
    for depth in _DEPTHS_WITHIN if is_within else _DEPTHS:
        ids, scores = nearest(depth)
        is_all = depth is None or ids.size < depth
        ids, scores = ids[scores != 0], scores[scores != 0]
        order, earned = fuse(ids, matches)
        if not is_all:
            # The next one down, wherever it stands, earns less than this.
            order = order[earned > 1 / (RRF_K + ids.size + 1)]
        new = order[~np.isin(order, given)]
        yield new, _scores_of(new, ids, scores, cosines)
        if is_all:
            return
        given = np.concatenate((given, new))


def _scores_of(wanted: IdArray, ids: IdArray, scores: FloatArray, cosines: Cosines) -> FloatArray:
    result = np.zeros(wanted.size, np.float32)
    by_id = np.argsort(ids)
    places = np.searchsorted(ids, wanted, sorter=by_id)
    is_near = places < ids.size
    is_near[is_near] = ids[by_id[places[is_near]]] == wanted[is_near]
    result[is_near] = scores[by_id[places[is_near]]]
    result[~is_near] = cosines(wanted[~is_near])
    return result
