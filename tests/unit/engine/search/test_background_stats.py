"""Tests of the cache of background stats."""

import numpy as np

from imagefinder.engine.search.background_stats import BackgroundStats
from imagefinder.store.embeddings import FloatArray, IdArray


class _Finder:
    """Finder that knows the stats of items with even ids."""

    def __init__(self) -> None:
        self.asked: list[list[int]] = []

    def __call__(self, item_ids: IdArray) -> tuple[IdArray, FloatArray]:
        self.asked.append(item_ids.tolist())
        found = np.sort(item_ids[item_ids % 2 == 0])
        return found, np.stack((found, 10 * found), axis=1).astype(np.float32)


def test_stats_come_in_the_order_asked_and_are_looked_for_once() -> None:
    stats, find = BackgroundStats(), _Finder()
    first = stats.of(np.array([8, 2, 3]), find)
    np.testing.assert_array_equal(first, [[8, 80], [2, 20], [np.nan, np.nan]])
    np.testing.assert_array_equal(stats.of(np.array([2, 400, 8]), find), [[2, 20], [400, 4000], [8, 80]])
    assert find.asked == [[8, 2, 3], [400]]
    assert stats.of(np.empty(0, np.int64), find).shape == (0, 2)


def test_what_was_learned_beforehand_is_not_looked_for() -> None:
    stats, find = BackgroundStats(), _Finder()
    ids = np.array([2, 4, 900])
    assert stats.unknown(ids).tolist() == [2, 4, 900]
    stats.learn(np.array([4, 900]), np.array([[1, 2], [3, 4]], np.float32))
    assert stats.unknown(ids).tolist() == [2]
    np.testing.assert_array_equal(stats.of(ids, find), [[2, 20], [1, 2], [3, 4]])
    assert find.asked == [[2]]
    stats.learn(np.empty(0, np.int64), np.empty((0, 2), np.float32))
    assert stats.unknown(np.empty(0, np.int64)).size == 0
