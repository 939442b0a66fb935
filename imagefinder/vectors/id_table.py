"""Sorted table from item id to row in an index. Removed ids stay known."""

import numpy as np
from numpy.typing import NDArray

from imagefinder.vectors.array_ops import grown
from imagefinder.vectors.vector_index import IdArray

ABSENT = -1
"""Row of an id that is not present."""


class IdTable:
    """Sorted map from id to row. Removed ids stay known, because ids are never reused.

    Ids in ascending order, as the store's AUTOINCREMENT creates them, are appended in amortised O(1); others
    are merged in O(n).
    """

    def __init__(self) -> None:
        self._ids: IdArray = np.empty(0, np.int64)
        self._rows: NDArray[np.int64] = np.empty(0, np.int64)
        self._size = 0
        self._present = 0

    def __len__(self) -> int:
        """Return the number of ids present."""
        return self._present

    def add(self, ids: IdArray, rows: NDArray[np.int64]) -> None:
        """Add ids with their rows. With the row ``ABSENT``, an id is known but not present.

        Raises:
            ValueError: an id is known already, or occurs twice in ``ids``; nothing was added.
        """
        if not ids.size:
            return
        order = np.argsort(ids)
        ids, rows = ids[order], rows[order]
        if (ids[1:] == ids[:-1]).any():
            raise ValueError("an id stands twice in one batch")
        positions, known = self._find(ids)
        if known.any():
            raise ValueError(f"id {ids[known][0]} was added before, and ids are used only once")
        end = self._size + ids.size
        if positions[0] == self._size:
            self._ids, self._rows = grown(self._ids, end), grown(self._rows, end)
            self._ids[self._size : end], self._rows[self._size : end] = ids, rows
        else:
            self._ids = np.insert(self._ids[: self._size], positions, ids)
            self._rows = np.insert(self._rows[: self._size], positions, rows)
        self._size = end
        self._present += int(np.count_nonzero(rows != ABSENT))

    def rows(self, ids: IdArray) -> NDArray[np.int64]:
        """Return the row of each id, or ``ABSENT``."""
        positions, known = self._find(ids)
        rows = np.full(ids.shape, ABSENT, np.int64)
        rows[known] = self._rows[positions[known]]
        return rows

    def rows_of_present(self, ids: IdArray) -> NDArray[np.int64]:
        """Return the row of each id.

        Raises:
            KeyError: an id is not present.
        """
        rows = self.rows(ids)
        absent = rows == ABSENT
        if absent.any():
            raise KeyError(int(ids[absent][0]))
        return rows

    def present(self, ids: IdArray) -> IdArray:
        """Return those of ``ids`` that are present, ascending and without duplicates."""
        ids = np.unique(np.asarray(ids, np.int64))
        present: IdArray = ids[self.rows(ids) != ABSENT]
        return present

    def remove(self, ids: IdArray) -> tuple[IdArray, NDArray[np.int64]]:
        """Make ids absent; return those that were present, ascending, and their rows."""
        ids = self.present(ids)
        positions, _ = self._find(ids)
        rows = self._rows[positions].copy()
        self._rows[positions] = ABSENT
        self._present -= ids.size
        return ids, rows

    def move(self, ids: IdArray, rows: NDArray[np.int64]) -> None:
        """Set new rows for ids that are present."""
        positions, _ = self._find(ids)
        self._rows[positions] = rows

    def ids(self) -> IdArray:
        """Return the ids present, ascending."""
        present: IdArray = self._ids[: self._size][self._rows[: self._size] != ABSENT]
        return present

    def removed_ids(self) -> IdArray:
        """Return the ids that are known but absent, ascending."""
        removed: IdArray = self._ids[: self._size][self._rows[: self._size] == ABSENT]
        return removed

    def _find(self, ids: IdArray) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Return each id's position, or the one at which to insert it, and whether it is known."""
        table = self._ids[: self._size]
        positions = np.searchsorted(table, ids)
        inside = positions < self._size
        known = np.zeros(ids.shape, np.bool_)
        known[inside] = table[positions[inside]] == ids[inside]
        return positions, known
