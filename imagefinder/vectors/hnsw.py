"""HNSW index: approximate nearest neighbours. The only module that imports hnswlib."""

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
"""Links per element and layer (twice as many on the lowest). The HNSW paper (4.1) recommends 5 to 48."""
EF_CONSTRUCTION = 128
"""Candidates examined per insertion."""
EF_LEAST = 100
EF_PER_ROOT = 0.64
"""Candidates examined per search, for each unit of the square root of the number of vectors.

With pictures as queries, CLIP B/16's vectors of photographs (7,000 real ones, and mixtures of them) need 64
candidates for a recall@10 of 0.99 at 7,000 vectors, 200 at 100,000 and 640 at 1,000,000.
"""
FAR_FACTOR = 20
"""Factor for the number of candidates if a query is far from all pictures.

CLIP's texts lie in another region of space than its pictures (cosine of the best hit about 0.2; of two
pictures 0.5), and the pictures nearest to a text are not neighbours of one another. With the candidates that
suffice for a picture, recall@10 of real texts was 0.69 at 100,000 vectors and 0.71 at 1,000,000. With 20
times as many it is at least 0.985 and 0.98, and takes 15 and 65 ms. Exact search would take 20 and 250 ms.
"""
JITTER = 1e-5
"""Length of the random vector added to each stored one.

Equal vectors (the blank pages of a book) tie in hnswlib's choice of links and end up linked only to one
another: 1,000 of them followed by 20,000 pictures made 2,000 vectors unreachable, with a recall@10 of 0.93.
With this noise it is 0.997. It changes a cosine by 1e-6.
"""

_SAMPLE = 100
"""Sample size (up to twice as many) for estimating the cosine of unrelated pictures; takes 10 to 20 ms."""
_VECTORS_AT_ONCE = 1000
"""Vectors fetched at a time. hnswlib returns them as lists of floats, 16 KB for 512 dimensions."""
_GET_COST = 20
"""Cost of fetching one vector from hnswlib (0.1 ms), in further results of a search."""
_EVERYTHING_DISCOUNT = 5
"""Factor by which a result is cheaper (0.001 ms) in a search for all vectors, which visits each once."""
_ADDED_AT_ONCE = 8192
"""Vectors added at a time, to limit the memory for the noise."""


def ef_search(count: int, k: int) -> int:
    """Return the number of candidates to examine for the ``k`` nearest of ``count`` vectors.

    It suffices for queries that resemble the vectors; see ``FAR_FACTOR`` for others.
    """
    return max(EF_LEAST, round(EF_PER_ROOT * math.sqrt(count)), k + k // 4)


class HnswIndex(VectorIndex):
    """Index as an hnswlib graph over inner products, which are cosines for unit vectors.

    Takes 4 x dimension + 150 bytes a vector. Not thread-safe: hnswlib crashes if ``add`` runs during
    ``search``. ``save`` and ``load`` hold the GIL.
    """

    kind: ClassVar[str] = "hnsw"

    def __init__(self, dimension: int, folder: Path | None = None) -> None:
        super().__init__(dimension, folder)
        self._table = IdTable()
        self._unrelated = -1.0
        self._sampled = 0
        """Number of vectors when ``_unrelated`` was estimated."""
        self._graph: Any = hnswlib.Index("ip", dimension)
        self._graph.init_index(grown_capacity(1, 0), M=M, ef_construction=EF_CONSTRUCTION)

    def __len__(self) -> int:
        return len(self._table)

    @property
    def needs_rebuild(self) -> bool:
        """Whether more than half of the graph is removed vectors, which still cost memory and time."""
        return 2 * len(self._table) < self._stored

    @property
    def _stored(self) -> int:
        """Number of vectors in the graph, including removed ones."""
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
            # By default hnswlib uses all cores for a large batch and one for a small batch.
            self._graph.add_items(self._jittered(ids[portion], vectors[portion]), ids[portion])

    def remove(self, ids: IdArray) -> None:
        removed, _ = self._table.remove(ids)
        for label in removed.tolist():
            self._graph.mark_deleted(label)

    def search(self, query: FloatArray, k: int, allowed: IdArray | None = None) -> tuple[IdArray, FloatArray]:
        """See the base class. Approximate (see ``EF_PER_ROOT``), but exact if few ids are ``allowed``."""
        query = checked_query(query, self.dimension)
        if allowed is None:
            return self._nearest(query, min(k, len(self)))
        return self._nearest_of(query, k, self._table.present(allowed))

    def ids(self) -> IdArray:
        return self._table.ids()

    def get(self, ids: IdArray) -> FloatArray:
        """See the base class. The vectors are as added, up to ``JITTER``, and take 0.1 ms each."""
        ids = np.asarray(ids, np.int64)
        self._table.rows_of_present(ids)
        vectors = np.empty((ids.size, self.dimension), np.float32)
        for start in range(0, ids.size, _VECTORS_AT_ONCE):
            portion = slice(start, start + _VECTORS_AT_ONCE)
            vectors[portion] = self._graph.get_items(ids[portion])
        return vectors

    def save(self, path: Path) -> None:
        """See the base class. The last component of ``path`` must be ASCII."""
        with replacing(path) as temporary, narrow(temporary) as name:
            self._graph.save_index(name)
            require_length(temporary, self._graph.index_file_size())  # hnswlib reports no write error

    @classmethod
    def load(cls, path: Path, dimension: int) -> Self:
        """See the base class. Flipped bits are not detected; ``read_checkpoint`` checks for them first."""
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
        # Seeded by an id, which is used only once: no two batches get the same noise, and the same calls
        # store the same vectors.
        noise = np.random.default_rng(int(ids[0])).standard_normal(vectors.shape, np.float32)
        return vectors + noise * np.float32(JITTER / self.dimension**0.5)

    def _nearest(self, query: FloatArray, k: int) -> tuple[IdArray, FloatArray]:
        """Return the ``k`` nearest of all vectors; ``k`` must not exceed their number."""
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
        """Return the mean cosine of two vectors of the index. A query with a worse best hit is far off."""
        if self._stored > 2 * self._sampled:
            ids = self.ids()
            sample = self.get(ids[:: max(1, ids.size // _SAMPLE)])
            total, count = sample.sum(axis=0), len(sample)
            # The square of the sum contains each pair twice, and each vector with itself.
            self._unrelated = float(total @ total - count) / (count * (count - 1)) if count > 1 else -1.0
            self._sampled = self._stored
        return self._unrelated

    def _query(self, query: FloatArray, k: int, ef: int) -> tuple[IdArray, FloatArray] | None:
        """Return hnswlib's result, or None if it reached fewer than ``k`` vectors."""
        self._graph.set_ef(ef)
        try:
            labels, distances = self._graph.knn_query(query, k, num_threads=1)
        except RuntimeError:  # "Cannot return the results in contiguous 2D array": fewer than k were reached
            return None
        return best(labels[0].astype(np.int64), 1 - distances[0], k)

    def _nearest_with_unreached(self, query: FloatArray, k: int) -> tuple[IdArray, FloatArray]:
        """Return the same as ``_nearest`` if some vectors are unreachable, which are compared one by one."""
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
        """Return the ``k`` nearest among ``allowed``, ids that are present.

        Searches for more and more of the nearest of all vectors until enough of them are allowed, as long as
        that is cheaper than fetching and comparing the allowed ones. (hnswlib's own filter calls back into
        Python for each vector visited, which was measured to be 5 times slower than searching for more.)
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
        """Return ``ids`` with their cosines."""
        portions = range(0, ids.size, _VECTORS_AT_ONCE)
        scores = [self.get(ids[start : start + _VECTORS_AT_ONCE]) @ query for start in portions]
        return ids, np.concatenate(scores) if scores else np.empty(0, np.float32)
