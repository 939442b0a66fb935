"""Cache of the mean and deviation of each item's background scores."""

import threading
from collections.abc import Callable

import numpy as np

from imagefinder.store.embeddings import FloatArray, IdArray

_SPARE = 1.25
"""Ratio of the array's length to the highest id seen. Spares copying it at each search of a growing library."""

Find = Callable[[IdArray], tuple[IdArray, FloatArray]]
"""Function that returns the ids of those items that have a vector, ascending, and their stats, (n, 2)."""


class BackgroundStats:
    """Mean and deviation of items' background scores, by item id. Thread-safe.

    Computing them means reading an item's vector and comparing it with the whole bank, which costs about as
    much as the rest of a search. The same items come up again and again: the window repeats its search every
    few seconds during indexing, when the order changes or when a picture is hidden, and other queries have
    many of the same hits. So the window's engine computes the stats of all items beforehand.

    The cache takes 8 bytes an item. It never becomes stale, because an item id and an embedder identify one
    vector for ever.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known = np.empty((0, 2), np.float32)

    def of(self, item_ids: IdArray, find: Find) -> FloatArray:
        """Return the mean and deviation of items' background scores, (n, 2) float32, in the order of the ids.

        Items without a vector get nan.

        Args:
            item_ids: ids of the items, (n,).
            find: computes the values that are not cached.
        """
        missing = self.unknown(item_ids)
        if missing.size:
            self.learn(*find(missing))
        with self._lock:
            return self._known[item_ids]

    def unknown(self, item_ids: IdArray) -> IdArray:
        """Return those of the items whose values are not cached."""
        with self._lock:
            self._make_room(int(item_ids.max(initial=0)))
            unknown: IdArray = item_ids[np.isnan(self._known[item_ids, 0])]
        return unknown

    def learn(self, item_ids: IdArray, stats: FloatArray) -> None:
        """Store the mean and deviation of items, (n, 2)."""
        with self._lock:
            self._make_room(int(item_ids.max(initial=0)))
            self._known[item_ids] = stats

    def _make_room(self, highest: int) -> None:
        if highest >= len(self._known):
            grown = np.full((int(highest * _SPARE) + 1, 2), np.nan, np.float32)
            grown[: len(self._known)] = self._known
            self._known = grown
