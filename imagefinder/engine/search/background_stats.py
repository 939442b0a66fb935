"""Cache of the mean and the deviation of each item's background scores: those of unrelated queries."""

import threading
from collections.abc import Callable

import numpy as np

from imagefinder.store.embeddings import FloatArray, IdArray

_SPARE = 1.25
"""Room is made for so many times the highest item met, so that a growing library is not copied at each search."""

Find = Callable[[IdArray], tuple[IdArray, FloatArray]]
"""Finds the mean and the deviation, (n, 2), of those of the items that have a vector, by ascending id."""


class BackgroundStats:
    """Mean and deviation of items' background scores, by id. Thread-safe.

    The window asks the same again every few seconds while pictures are indexed, when the order changes or a picture
    is hidden; another query meets many of the same pictures. To read a vector and compare it with the whole bank of
    unrelated queries costs about as much as all the rest of a search, so the window's engine learns all beforehand.
    Takes 8 bytes an item; an id and an embedder name one vector for ever, so nothing here grows stale.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known = np.empty((0, 2), np.float32)

    def of(self, item_ids: IdArray, find: Find) -> FloatArray:
        """The mean and the deviation of items' background scores, (n, 2) float32, in the order asked.

        nan for those that have no vector.
        """
        missing = self.unknown(item_ids)
        if missing.size:
            self.learn(*find(missing))
        with self._lock:
            return self._known[item_ids]

    def unknown(self, item_ids: IdArray) -> IdArray:
        """Those of the items that were not met yet."""
        with self._lock:
            self._make_room(int(item_ids.max(initial=0)))
            unknown: IdArray = item_ids[np.isnan(self._known[item_ids, 0])]
        return unknown

    def learn(self, item_ids: IdArray, stats: FloatArray) -> None:
        """Remember the mean and the deviation, (n, 2), of items."""
        with self._lock:
            self._make_room(int(item_ids.max(initial=0)))
            self._known[item_ids] = stats

    def _make_room(self, highest: int) -> None:
        if highest >= len(self._known):
            grown = np.full((int(highest * _SPARE) + 1, 2), np.nan, np.float32)
            grown[: len(self._known)] = self._known
            self._known = grown
