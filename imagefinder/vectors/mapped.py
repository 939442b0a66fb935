"""Mapped index: exact search over a mapped file of float16 vectors, for graphs that do not fit into memory."""

import struct
import tempfile
import weakref
from pathlib import Path
from typing import IO, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from imagefinder.vectors.array_ops import best, checked_batch, checked_query, grown
from imagefinder.vectors.atomic_write import replacing
from imagefinder.vectors.float16_dot import products
from imagefinder.vectors.id_table import ABSENT, IdTable
from imagefinder.vectors.vector_index import FloatArray, IdArray, VectorIndex

HalfArray = NDArray[np.float16]

_MAGIC = b"half-rows-1\n"
_HEADER = struct.Struct("<12sIQQ")
"""Header: magic, dimension, number of vectors, number of removed ids.

The vectors (<f2), their lengths (<f4), their ids (<i8) and the removed ids (<i8) follow.
"""
_ROWS_A_WRITE = 8192
_GATHER_SHARE = 4
"""Selected rows are gathered only if they are fewer than one in this many.

Gathering a row takes several times as long as processing it in sequence.
"""


class MappedIndex(VectorIndex):
    """Index as rows in mapped files, of which the system caches as much as memory allows.

    Takes 28 bytes of memory and 2 x dimension bytes of disk a vector. Added vectors go to an unnamed file in
    ``folder``. A search reads every row: 16 to 25 ms for 100,000 of 512 dimensions if the system has cached
    them, otherwise the time of reading the file.
    """

    kind: ClassVar[str] = "mapped"

    def __init__(self, dimension: int, folder: Path | None = None) -> None:
        super().__init__(dimension, folder)
        self._table = IdTable()
        self._row_ids: IdArray = np.empty(0, np.int64)
        self._lengths: FloatArray = np.empty(0, np.float32)
        # Rows of the loaded file are numbered first, then those added since.
        self._loaded: HalfArray = np.empty((0, dimension), np.float16)
        self._added = self._loaded
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return len(self._table)

    @property
    def needs_rebuild(self) -> bool:
        """Whether more than half of the rows are removed vectors."""
        return 2 * len(self._table) < self._used

    @property
    def _used(self) -> int:
        return len(self._loaded) + len(self._added)

    def add(self, ids: IdArray, vectors: FloatArray) -> None:
        """See the base class. Vectors are rounded to float16, and normalised again when compared.

        Raises:
            OSError: the file cannot be created, or the disk is full.
        """
        ids, vectors = checked_batch(ids, vectors, self.dimension)
        if not ids.size:
            return
        start, end = self._used, self._used + ids.size
        rows = vectors.astype("<f2")
        if self._file is None:
            self._file = tempfile.TemporaryFile(dir=self.folder, buffering=0)  # noqa: SIM115 - open as long as the index exists
            weakref.finalize(self, self._file.close)
        # Written before the other state changes. If the disk is full or an id is refused, the next rows
        # overwrite these.
        self._file.seek(self._added.nbytes)
        _write_all(self._file, rows)
        self._table.add(ids, np.arange(start, end))
        self._row_ids, self._lengths = grown(self._row_ids, end), grown(self._lengths, end)
        self._row_ids[start:end], self._lengths[start:end] = ids, _lengths(rows)
        self._added = _mapped(self._file, 0, end - len(self._loaded), self.dimension)

    def remove(self, ids: IdArray) -> None:
        _, rows = self._table.remove(ids)
        self._row_ids[rows] = ABSENT

    def search(self, query: FloatArray, k: int, allowed: IdArray | None = None) -> tuple[IdArray, FloatArray]:
        query = checked_query(query, self.dimension)
        if allowed is None:
            rows = np.flatnonzero(self._row_ids[: self._used] != ABSENT)
        else:
            rows = self._table.rows(self._table.present(allowed))
        if rows.size * _GATHER_SHARE < self._used:
            scores = products(self._rows(rows), query)
        else:
            scores = np.concatenate([products(part, query) for part in (self._loaded, self._added)])[rows]
        return best(self._row_ids[rows], scores / self._lengths[rows], k)

    def ids(self) -> IdArray:
        return self._table.ids()

    def get(self, ids: IdArray) -> FloatArray:
        rows = self._table.rows_of_present(np.asarray(ids, np.int64))
        vectors: FloatArray = self._rows(rows).astype(np.float32) / self._lengths[rows, np.newaxis]
        return vectors

    def save(self, path: Path) -> None:
        """See the base class. The index goes on using its present files."""
        ids, removed = self.ids(), self._table.removed_ids()
        rows = self._table.rows(ids)
        with replacing(path) as temporary, temporary.open("wb", buffering=0) as file:
            file.write(_HEADER.pack(_MAGIC, self.dimension, ids.size, removed.size))
            for start in range(0, rows.size, _ROWS_A_WRITE):
                _write_all(file, self._rows(rows[start : start + _ROWS_A_WRITE]))
            for array in (self._lengths[rows], ids, removed):
                _write_all(file, array)

    @classmethod
    def load(cls, path: Path, dimension: int) -> Self:
        """See the base class.

        The file must not change while the index is in use, but may be deleted on POSIX.
        """
        index = cls(dimension, path.parent)
        with path.open("rb") as file:
            head = file.read(_HEADER.size)
            if len(head) < _HEADER.size or not head.startswith(_MAGIC):
                raise ValueError(f"{path.name} is not a file of float16 vectors")
            _, found, count, removed = _HEADER.unpack(head)
            if found != dimension:
                raise ValueError(f"{path.name} is of dimension {found}, not of dimension {dimension}")
            if path.stat().st_size != _HEADER.size + count * (2 * dimension + 12) + 8 * removed:
                raise ValueError(f"{path.name} is cut short, or longer than it says")
            index._loaded = _mapped(file, _HEADER.size, count, dimension)
            file.seek(_HEADER.size + 2 * dimension * count)
            index._lengths = np.fromfile(file, "<f4", count)
            index._row_ids = np.fromfile(file, "<i8", count)
            index._table.add(index._row_ids, np.arange(count))
            index._table.add(np.fromfile(file, "<i8", removed), np.full(removed, ABSENT))
        return index

    def _rows(self, rows: NDArray[np.int64]) -> HalfArray:
        """Return a copy of the given rows of either file, (n, dimension)."""
        picked = np.empty((rows.size, self.dimension), np.float16)
        is_loaded = rows < len(self._loaded)
        picked[is_loaded] = self._loaded[rows[is_loaded]]
        picked[~is_loaded] = self._added[rows[~is_loaded] - len(self._loaded)]
        return picked


def _lengths(rows: HalfArray) -> FloatArray:
    """Return the lengths of rows, (n,), none of them zero."""
    lengths: FloatArray = np.linalg.norm(rows.astype(np.float32), axis=1)
    return np.maximum(lengths, np.float32(1e-12))


def _mapped(file: IO[bytes], offset: int, count: int, dimension: int) -> HalfArray:
    if not count:
        return np.empty((0, dimension), np.float16)
    return np.asarray(np.memmap(file, "<f2", "r", offset, (count, dimension)))


def _write_all(file: IO[bytes], array: NDArray[Any]) -> None:
    """Write an array completely, since one unbuffered write may write less than it is given."""
    left = np.ascontiguousarray(array).reshape(-1).view(np.uint8).data
    while left:
        left = left[file.write(left) :]
