"""Approximate nearest neighbours by HNSW. The only module that imports hnswlib."""

import math
from pathlib import Path
from typing import Any, ClassVar, Self

import hnswlib
import numpy as np

from imagefinder.vectors.array_ops import best, checked_batch, checked_query, grown_capacity
from imagefinder.vectors.atomic_write import replacing, require_length
from imagefinder.vectors.hnsw_file import narrow, read_labels
from imagefinder.vectors.id_table import ABSENT, IdTable
from imagefinder.vectors.vector_index import FloatArray, IdArray, VectorIndex

M = 16
"""Links per element and layer (twice that on the lowest); the HNSW paper's 4.1 finds 5 to 48 sensible."""
EF_CONSTRUCTION = 128
"""Candidates looked at per insertion."""
EF_LEAST = 100
EF_PER_ROOT = 0.64
"""Candidates looked at per search, for each unit of the square root of the number of vectors.

Pictures as queries over CLIP B/16's vectors of photographs (7,000 real ones, and mixtures of them) need 64 for a
recall@10 of 0.99 at 7,000, 200 at 100,000 and 640 at 1,000,000."""
FAR_FACTOR = 20
"""Candidates are this many times as many for a query that lies far off.

A CLIP's words lie in another part of space than its pictures (cosine of the best hit about 0.2, of two pictures
0.5), and the pictures that are nearest to a word are no neighbours of one another: with the candidates that suffice
for a picture, recall@10 of real words was 0.69 at 100,000 and 0.71 at 1,000,000. With 20 times as many it is 0.985 or
more and 0.98, for 15 and 65 ms; exact search would take 20 and 250."""
JITTER = 1e-5
"""Length of the random vector added to each stored one. Exactly equal vectors (the blank pages of a book) tie
in hnswlib's choice of links and end up linked to one another only: 1,000 of them followed by 20,000 pictures
made 2,000 vectors unreachable and recall@10 0.93; with this noise it is 0.997. A cosine moves by 1e-6."""

_SAMPLE = 100
"""Vectors, up to twice as many, from which it is told how near two pictures are that have nothing to do with one
another; 10 to 20 ms."""
_VECTORS_AT_ONCE = 1000
"""hnswlib hands vectors out as lists of floats, 16 KB for one of 512, so they are fetched in portions."""
_GET_COST = 20
"""Getting one vector out of hnswlib costs about as much time (0.1 ms) as this many more results of a search.
"""
_EVERYTHING_DISCOUNT = 5
"""A search for every vector there is visits each once: a result costs this many times less (0.001 ms)."""
_ADDED_AT_ONCE = 8192
"""Bounds the memory for the noise."""


def ef_search(count: int, k: int) -> int:
    """Candidates to look at for the ``k`` nearest of ``count`` vectors to a query that is one of their kind."""
    return max(EF_LEAST, round(EF_PER_ROOT * math.sqrt(count)), k + k // 4)


class HnswIndex(VectorIndex):
    """An hnswlib graph over inner products, which for unit vectors are cosines.

    Needs 4 x dimension + 150 bytes a vector. Not thread-safe, as the base class says, and here it is no mere
    formality: hnswlib crashes if ``add`` runs beside ``search``. ``save`` and ``load`` hold the GIL.
    """

    kind: ClassVar[str] = "hnsw"

    def __init__(self, dimension: int, folder: Path | None = None) -> None:
        super().__init__(dimension, folder)
        self._table = IdTable()
        self._unrelated = -1.0
        self._sampled = 0
        """How many vectors there were when ``_unrelated`` was estimated."""
        self._graph: Any = hnswlib.Index("ip", dimension)
        self._graph.init_index(grown_capacity(1, 0), M=M, ef_construction=EF_CONSTRUCTION)

    def __len__(self) -> int:
        return len(self._table)

    @property
    def needs_rebuild(self) -> bool:
        """Whether more than half of the graph is removed vectors, which cost memory and time still."""
        return 2 * len(self._table) < self._stored

    @property
    def _stored(self) -> int:
        """Vectors in the graph, removed ones among them."""
        return int(self._graph.get_current_count())

    def add(self, ids: IdArray, vectors: FloatArray) -> None:
        ids, vectors = checked_batch(ids, vectors, self.dimension)
        if not ids.size:
            return
        first, capacity = self._stored, self._graph.get_max_elements()
        if first + ids.size > capacity:
            self._graph.resize_index(grown_capacity(first + ids.size, capacity))
        self._table.add(ids, np.arange(first, first + ids.size))
        for start in range(0, ids.size, _ADDED_AT_ONCE):
            portion = slice(start, start + _ADDED_AT_ONCE)
            # Without num_threads hnswlib takes every core for a large batch and one for a small one.
            self._graph.add_items(self._jittered(ids[portion], vectors[portion]), ids[portion])

    def remove(self, ids: IdArray) -> None:
        removed, _ = self._table.remove(ids)
        for label in removed.tolist():
            self._graph.mark_deleted(label)

    def search(self, query: FloatArray, k: int, allowed: IdArray | None = None) -> tuple[IdArray, FloatArray]:
        """See the base class. Approximate: see ``EF_PER_ROOT``; exact among few ``allowed``."""
        query = checked_query(query, self.dimension)
        if allowed is None:
            return self._nearest(query, min(k, len(self)))
        return self._nearest_of(query, k, self._table.present(allowed))

    def ids(self) -> IdArray:
        return self._table.ids()

    def get(self, ids: IdArray) -> FloatArray:
        """See the base class. The vectors are those that were added, give or take ``JITTER``; 0.1 ms each."""
        ids = np.asarray(ids, np.int64)
        self._table.rows_of_present(ids)
        vectors = np.empty((ids.size, self.dimension), np.float32)
        for start in range(0, ids.size, _VECTORS_AT_ONCE):
            portion = slice(start, start + _VECTORS_AT_ONCE)
            vectors[portion] = self._graph.get_items(ids[portion])
        return vectors

    def save(self, path: Path) -> None:
        """See the base class. The last part of ``path`` must be ASCII."""
        with replacing(path) as temporary, narrow(temporary) as name:
            self._graph.save_index(name)
            require_length(temporary, self._graph.index_file_size())  # hnswlib reports no write error

    @classmethod
    def load(cls, path: Path, dimension: int) -> Self:
        """See the base class. Flipped bits are not seen; ``read_checkpoint`` looks for those before."""
        labels, deleted = read_labels(path, dimension)
        index = cls(dimension)
        index._table.add(labels, np.where(deleted, ABSENT, np.arange(labels.size)))
        if not labels.size:
            return index
        index._graph = hnswlib.Index("ip", dimension)
        try:
            with narrow(path) as name:
                index._graph.load_index(name, max_elements=labels.size)
        except RuntimeError as error:
            raise ValueError(f"{path.name} is not a whole HNSW index: {error}") from error
        return index

    def _jittered(self, ids: IdArray, vectors: FloatArray) -> FloatArray:
        # An id is used once, so no two batches get the same noise, and the same calls store the same vectors.
        noise = np.random.default_rng(int(ids[0])).standard_normal(vectors.shape, np.float32)
        return vectors + noise * np.float32(JITTER / self.dimension**0.5)

    def _nearest(self, query: FloatArray, k: int) -> tuple[IdArray, FloatArray]:
        """The ``k`` nearest of all, where ``k`` is at most their number."""
        if k <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        ef = ef_search(self._stored, k)
        found = self._query(query, k, ef)
        if found is not None and found[1][0] < self._unrelated_cosine():
            found = self._query(query, k, max(ef, FAR_FACTOR * ef_search(self._stored, 0)))
        if found is None:
            found = self._query(query, k, self._stored)
        return found or self._nearest_with_unreached(query, k)

    def _unrelated_cosine(self) -> float:
        """The mean cosine of two vectors of the index. A query whose best hit is below lies far off."""
        if self._stored > 2 * self._sampled:
            ids = self.ids()
            sample = self.get(ids[:: max(1, ids.size // _SAMPLE)])
            total, count = sample.sum(axis=0), len(sample)
            # The sum's square holds each pair twice, and each vector with itself.
            self._unrelated = float(total @ total - count) / (count * (count - 1)) if count > 1 else -1.0
            self._sampled = self._stored
        return self._unrelated

    def _query(self, query: FloatArray, k: int, ef: int) -> tuple[IdArray, FloatArray] | None:
        """hnswlib's answer, or None if it came upon fewer than ``k``."""
        self._graph.set_ef(ef)
        try:
            labels, distances = self._graph.knn_query(query, k, num_threads=1)
        except RuntimeError:  # "Cannot return the results in contiguous 2D array": fewer than k were reached
            return None
        return best(labels[0].astype(np.int64), 1 - distances[0], k)

    def _nearest_with_unreached(self, query: FloatArray, k: int) -> tuple[IdArray, FloatArray]:
        """As ``_nearest`` when no path leads to some: as many as can be reached, and the others by hand."""
        missing, found = 1, None
        while found is None and missing < k:
            found = self._query(query, k - missing, self._stored)
            missing *= 2
        reached = found[0] if found else np.empty(0, np.int64)
        others, scores = self._exact(query, np.setdiff1d(self.ids(), reached, assume_unique=True))
        if found is None:
            return best(others, scores, k)
        return best(np.concatenate((reached, others)), np.concatenate((found[1], scores)), k)

    def _nearest_of(self, query: FloatArray, k: int, allowed: IdArray) -> tuple[IdArray, FloatArray]:
        """The ``k`` nearest among ``allowed``, ids that are present.

        Asks for more and more of the nearest of all until enough of them are allowed, as long as that is
        cheaper than to get the allowed ones out and compare each. (hnswlib's own filter calls back into
        Python for each vector it meets: measured 5 times slower than asking for more.)
        """
        k = min(k, allowed.size)
        if k <= 0:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        everything = len(self)
        limit = _GET_COST * allowed.size
        if _EVERYTHING_DISCOUNT * limit >= everything:
            limit = everything
        wanted = 2 * k * everything // allowed.size
        while (wanted := min(wanted, everything)) <= limit:
            ids, scores = self._nearest(query, wanted)
            inside = np.isin(ids, allowed, assume_unique=True)
            if np.count_nonzero(inside) >= k:
                return best(ids[inside], scores[inside], k)
            wanted *= 4
        return best(*self._exact(query, allowed), k)

    def _exact(self, query: FloatArray, ids: IdArray) -> tuple[IdArray, FloatArray]:
        """The cosine of every one of ``ids``."""
        portions = range(0, ids.size, _VECTORS_AT_ONCE)
        scores = [self.get(ids[start : start + _VECTORS_AT_ONCE]) @ query for start in portions]
        return ids, np.concatenate(scores) if scores else np.empty(0, np.float32)
