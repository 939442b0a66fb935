"""Exact index: computes every cosine. For small libraries, and as a reference in tests."""

import zipfile
import zlib
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from imagefinder.vectors.array_ops import best, checked_batch, checked_query, cosines, grown
from imagefinder.vectors.atomic_write import replacing
from imagefinder.vectors.id_table import ABSENT, IdTable
from imagefinder.vectors.vector_index import FloatArray, IdArray, VectorIndex

_GATHER_SHARE = 4
"""Selected rows are gathered only if they are fewer than one in this many.

Gathering a row takes 2 to 3 times as long as multiplying it in place (measured: gathering 25,000 rows of
100,000 x 512 takes 17 ms, multiplying all of them 11 ms).
"""


class ExactIndex(VectorIndex):
    """Index as a float32 matrix with one row per id; 4 x dimension bytes a vector.

    Removed rows are skipped, and dropped once they are the majority, so adding and removing cost amortised
    O(1) per vector.
    """

    kind: ClassVar[str] = "exact"

    def __init__(self, dimension: int, folder: Path | None = None) -> None:
        super().__init__(dimension, folder)
        self._table = IdTable()
        self._matrix: FloatArray = np.empty((0, dimension), np.float32)
        self._row_ids: IdArray = np.empty(0, np.int64)
        self._used = 0

    def __len__(self) -> int:
        return len(self._table)

    @property
    def needs_rebuild(self) -> bool:
        """Always False: removed rows are dropped automatically."""
        return False

    def add(self, ids: IdArray, vectors: FloatArray) -> None:
        ids, vectors = checked_batch(ids, vectors, self.dimension)
        end = self._used + ids.size
        self._matrix, self._row_ids = grown(self._matrix, end), grown(self._row_ids, end)
        self._table.add(ids, np.arange(self._used, end))
        self._matrix[self._used : end], self._row_ids[self._used : end] = vectors, ids
        self._used = end

    def remove(self, ids: IdArray) -> None:
        _, rows = self._table.remove(ids)
        self._row_ids[rows] = ABSENT
        if 2 * len(self._table) < self._used:
            self._compact()

    def search(self, query: FloatArray, k: int, allowed: IdArray | None = None) -> tuple[IdArray, FloatArray]:
        query = checked_query(query, self.dimension)
        if allowed is None:
            rows = np.flatnonzero(self._row_ids[: self._used] != ABSENT)
        else:
            rows = self._table.rows(self._table.present(allowed))
        if rows.size * _GATHER_SHARE < self._used:
            scores = cosines(self._matrix[rows], query)
        else:
            scores = cosines(self._matrix[: self._used], query)[rows]
        return best(self._row_ids[rows], scores, k)

    def ids(self) -> IdArray:
        return self._table.ids()

    def get(self, ids: IdArray) -> FloatArray:
        return self._matrix[self._table.rows_of_present(np.asarray(ids, np.int64))]

    def save(self, path: Path) -> None:
        """See the base class. The file is an .npz of plain arrays, each with the zip format's CRC-32."""
        ids = self.ids()
        with replacing(path) as temporary, temporary.open("wb") as file:
            np.savez(file, ids=ids, removed=self._table.removed_ids(), vectors=self.get(ids))

    @classmethod
    def load(cls, path: Path, dimension: int) -> Self:
        index = cls(dimension)
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                index.add(arrays["ids"], arrays["vectors"])
                removed = arrays["removed"]
                index._table.add(removed, np.full(removed.shape, ABSENT))
        except (
            ValueError,
            TypeError,
            KeyError,
            IndexError,
            EOFError,
            NotImplementedError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:
            raise ValueError(
                f"{path.name} is not an exact index of dimension {dimension}: {error}"
            ) from error
        return index

    def _compact(self) -> None:
        rows = np.flatnonzero(self._row_ids[: self._used] != ABSENT)
        self._matrix, self._row_ids = self._matrix[rows], self._row_ids[rows]
        self._used = rows.size
        self._table.move(self._row_ids, np.arange(self._used))
