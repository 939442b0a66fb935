"""The vector index in use: loaded or rebuilt from the store, kept in step with it, checkpointed."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np

from imagefinder.store.embeddings import EmbedderRecord, EmbeddingTable
from imagefinder.vectors.arrays import best
from imagefinder.vectors.base import FloatArray, IdArray, VectorIndex
from imagefinder.vectors.checkpoint import Unusable, checkpoint_folder, read_checkpoint, write_checkpoint
from imagefinder.vectors.registry import index_class, kind_for

_LOG = logging.getLogger(__name__)

_READ_AND_COMPARE = 5_000
"""Up to so many items, a search among a few chosen ones reads their vectors from the store (about 20 ms) and
compares them all: faster than walking a large graph for the few that count, and exact."""

_ADDED_AT_ONCE = 256
"""Vectors added under the lock at a time: about 0.1 s of an HNSW index, which a search may have to wait."""

_GRAPH_BYTES = 150
"""Of the graph, for each vector of an HNSW index."""

BuildProgress = Callable[[int, int], None]
"""Called with (vectors placed, vectors in all) while an index is built."""


def _no_progress(done: int, total: int) -> None: ...


class LiveIndex:
    """The index of one embedder's vectors in one library. Safe to use from several threads.

    SQLite is the truth; what is held here can always be made again from it.
    """

    def __init__(self, embeddings: EmbeddingTable, embedder: EmbedderRecord, folder: Path) -> None:
        self._embeddings = embeddings
        self._embedder = embedder
        self._folder = checkpoint_folder(folder, embedder.name)
        # hnswlib allows no adding beside searching: one lock round every call of the index.
        self._lock = threading.Lock()
        # Held while the index is brought into step; taken first, never inside the other.
        self._refreshing = threading.RLock()
        self._in_step = False
        self._index: VectorIndex | None = None
        self._revision = -1
        self._saved_revision = -1
        self.is_worth_saving = False
        """Whether the index was built anew, which the next process would have to do again without a checkpoint."""

    def __len__(self) -> int:
        with self._lock:
            return len(self._index) if self._index is not None else 0

    @property
    def kind(self) -> str:
        """Which kind of index is in use; empty before the first search."""
        return self._index.kind if self._index is not None else ""

    @property
    def is_ready(self) -> bool:
        """Whether a search has not to wait for the index being loaded or built."""
        return self._index is not None

    def refresh(self, progress: BuildProgress = _no_progress, *, may_lag: bool = False) -> None:
        """Bring the index into step with the store: nothing to do, a few changes, or all of it anew.

        What is in use answers until its successor is complete. With ``may_lag``, an index that another thread
        is just now bringing into step is left as it is: a search does not wait for that.
        """
        if not self._refreshing.acquire(blocking=not (may_lag and self._index is not None)):
            return
        try:
            if self._index is not None and self._embeddings.revision(self._embedder.id) == self._revision:
                self._in_step = True
                return
            with self._embeddings.snapshot():
                revision = self._embeddings.revision(self._embedder.id)
                index = self._index or self._loaded()
                if index is None:
                    index = self._built(progress)
                elif revision != self._revision:
                    index = self._reconciled(index, progress)
            with self._lock:
                self._index, self._revision = index, revision
            self._in_step = True
        finally:
            self._refreshing.release()

    def _loaded(self) -> VectorIndex | None:
        count = self._embeddings.count(self._embedder.id)
        if kind_for(count) == "exact":
            return None
        checkpoint = read_checkpoint(self._folder, self._embedder.name, self._embedder.dimension)
        if isinstance(checkpoint, Unusable):
            _LOG.info("the index is built anew, because %s", checkpoint.reason)
            return None
        revision = self._embeddings.checkpoints(self._embedder.id).get(checkpoint.manifest.revision)
        if revision is None:
            _LOG.info("the index is built anew, because it belongs to another state of the library")
            return None
        self._saved_revision = self._revision = revision
        return checkpoint.index

    def _built(self, progress: BuildProgress) -> VectorIndex:
        total = self._embeddings.count(self._embedder.id)
        index = index_class(kind_for(total))(self._embedder.dimension)
        self.is_worth_saving = index.kind != "exact"
        for ids, vectors in self._embeddings.stream(self._embedder.id):
            index.add(ids, vectors)
            if self.is_worth_saving:  # exact search is ready in an instant
                progress(len(index), total)
        return index

    def _reconciled(self, index: VectorIndex, progress: BuildProgress) -> VectorIndex:
        wanted = self._embeddings.ids(self._embedder.id)
        with self._lock:
            present = index.ids()
        missing = np.setdiff1d(wanted, present, assume_unique=True)
        # Where most of it changes, or the size calls for another kind, building anew is cheaper and better.
        if missing.size > wanted.size // 2 or kind_for(wanted.size, index.kind) != index.kind:
            return self._built(progress)
        with self._lock:
            index.remove(np.setdiff1d(present, wanted, assume_unique=True))
        done = 0
        for start in range(0, missing.size, _ADDED_AT_ONCE):
            ids, vectors = self._embeddings.read(
                self._embedder.id, missing[start : start + _ADDED_AT_ONCE].tolist()
            )
            with self._lock:
                index.add(ids, vectors)
            done += ids.size
            progress(done, int(missing.size))
        return self._built(progress) if index.needs_rebuild else index

    def begin_job(self) -> None:
        """Called with the library's lock in hand: from here on ``changed`` hears of every change.

        Another process may have changed the library before; then the next refresh sees to it.
        """
        with self._refreshing:
            revision = self._embeddings.revision(self._embedder.id)
            self._in_step = self._index is not None and revision == self._revision

    def changed(self, added: IdArray, vectors: FloatArray, removed: IdArray) -> None:
        """Take over what has just been committed to the store: (n,) ids, (n, dimension) vectors, and ids gone."""
        with self._refreshing:
            if not self._in_step:
                return
            assert self._index is not None
            revision = self._embeddings.revision(self._embedder.id)
            if revision == self._revision:
                return  # a search between the commit and this call has fetched it all
            with self._lock:
                if removed.size:
                    self._index.remove(removed)
                if added.size:
                    self._index.add(added, vectors)
                self._revision = revision

    def settle(self, progress: BuildProgress = _no_progress) -> None:
        """At the end of a job: change to the kind that suits the size, and write a checkpoint where one helps.

        Raises:
            OSError: the checkpoint could not be written; the index in use and the store are whole.
        """
        with self._refreshing:
            self.refresh(progress)
            assert self._index is not None
            index = self._index
            if index.needs_rebuild or kind_for(len(index), index.kind) != index.kind:
                index = self._built(progress)
                with self._lock:
                    self._index = index
            if index.kind != "exact" and self._revision != self._saved_revision:
                self._write(index)
            self.is_worth_saving = False

    def save(self, most_bytes: int) -> bool:
        """Write a checkpoint of the index as it is, if it is of more use than the one there.

        For a process that is about to end: builds nothing, waits for no other thread, and leaves an index alone
        that is larger than ``most_bytes`` in memory. The next process makes up for it. Returns whether it wrote one.

        Raises:
            OSError: the checkpoint could not be written; the one there is whole.
        """
        if not self._refreshing.acquire(blocking=False):
            return False
        try:
            index = self._index
            if index is None or index.kind == "exact" or index.needs_rebuild:
                return False
            if len(index) * (4 * index.dimension + _GRAPH_BYTES) > most_bytes:
                return False
            revision = self._embeddings.revision(self._embedder.id)
            if revision != self._revision or revision == self._saved_revision:
                return False
            self._write(index)
            return True
        finally:
            self._refreshing.release()

    def _write(self, index: VectorIndex) -> None:
        stamp = self._embeddings.stamp_checkpoint(self._embedder.id)
        # No lock: whoever would change the index waits for this one's, and searches may go on.
        write_checkpoint(index, self._folder, self._embedder.name, stamp)
        self._saved_revision = self._revision

    def search(self, query: FloatArray, k: int, allowed: IdArray | None) -> tuple[IdArray, FloatArray]:
        """As ``VectorIndex.search``."""
        if allowed is not None and allowed.size <= _READ_AND_COMPARE and self.kind != "exact":
            return self._compare(query, k, allowed)
        with self._lock:
            if self._index is None:
                return np.empty(0, np.int64), np.empty(0, np.float32)
            return self._index.search(query, k, allowed)

    def rank_all(self, query: FloatArray, allowed: IdArray | None) -> tuple[IdArray, FloatArray]:
        """Every id (or all of those allowed) with its cosine, best first: exact, memory flat.

        A graph would take longer to walk to its end than the store to be read through (0.4 s for 100,000 vectors
        of 512 dimensions), and other searches would wait meanwhile.
        """
        if self.kind == "exact":
            with self._lock:
                assert self._index is not None
                return self._index.search(query, len(self._index), allowed)
        portions = [
            (ids, np.asarray(vectors @ query, np.float32))
            for ids, vectors in self._embeddings.stream(self._embedder.id)
        ]
        if not portions:
            return np.empty(0, np.int64), np.empty(0, np.float32)
        ids = np.concatenate([ids for ids, _ in portions])
        scores = np.concatenate([scores for _, scores in portions])
        if allowed is not None:
            inside = np.isin(ids, allowed, assume_unique=True)
            ids, scores = ids[inside], scores[inside]
        return best(ids, scores, ids.size)

    def _compare(self, query: FloatArray, k: int, allowed: IdArray) -> tuple[IdArray, FloatArray]:
        ids, vectors = self._embeddings.read(self._embedder.id, allowed.tolist())
        exact = index_class("exact")(self._embedder.dimension)
        if ids.size:
            exact.add(ids, vectors)
        return exact.search(query, k)
