"""Live index: the vector index in use, loaded or built, kept in step with the store, and checkpointed."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from imagefinder.engine.index.fair_lock import FairLock
from imagefinder.private_files import make_folder_like_parent
from imagefinder.store.embeddings import EmbedderRecord, EmbeddingTable
from imagefinder.vectors.checkpoint import (
    CheckpointProblem,
    checkpoint_folder,
    delete_files,
    read_checkpoint,
    whole_manifest,
    write_checkpoint,
)
from imagefinder.vectors.index_registry import index_class, kind_for
from imagefinder.vectors.memory import fits_machine, graph_bytes
from imagefinder.vectors.vector_index import FloatArray, IdArray, VectorIndex

_LOG = logging.getLogger(__name__)

_READ_AND_COMPARE = 5_000
"""Maximum number of allowed items for which a search compares all vectors, read from the store (about 20 ms).

That is exact, and faster than walking a large graph of which few items are allowed.
"""

_ADDED_AT_ONCE = 8 * (os.cpu_count() or 1)
"""Vectors added at a time under the lock. hnswlib adds on all cores, so a search waits about 5 ms."""

_READ_AT_ONCE = 4096
"""Vectors read from the store at a time."""

_WORTH_WRITING = 1000
"""Vectors for each change that makes rewriting a checkpoint worthwhile.

Writing a million vectors takes seconds, during which the process answers nothing. Adding a thousand of them
again takes one second.
"""

BuildProgress = Callable[[int, int], None]
"""Function called with the number of vectors added and their total while an index is built."""


def _no_progress(done: int, total: int) -> None: ...


class LiveIndex:
    """Index of one embedder's vectors in one library. Safe to use from several threads.

    The store is the source of truth: the index can be rebuilt from it at any time.
    """

    def __init__(self, embeddings: EmbeddingTable, embedder: EmbedderRecord, folder: Path) -> None:
        self._embeddings = embeddings
        self._embedder = embedder
        self._folder = checkpoint_folder(folder, embedder.name)
        # hnswlib does not support adding during a search, so every call of the index holds this lock.
        self._lock = FairLock()
        # Held while the index is synchronised with the store. Acquired before ``_lock``, never while holding
        # it.
        self._refreshing = threading.RLock()
        self._in_step = False
        self._index: VectorIndex | None = None
        self._revision = -1
        self._saved_revision = -1
        self._changes = 0
        """Number of vectors added and removed since the checkpoint was written."""
        self.is_worth_saving = False
        """Whether the index was built anew, so that saving it spares the next process the work."""

    def __len__(self) -> int:
        with self._lock:
            return len(self._index) if self._index is not None else 0

    @property
    def kind(self) -> str:
        """Kind of the index in use; empty before the first search."""
        return self._index.kind if self._index is not None else ""

    @property
    def is_ready(self) -> bool:
        """Whether a search can use the index without loading or building it first."""
        return self._index is not None

    def refresh(self, progress: BuildProgress = _no_progress, *, may_lag: bool = False) -> None:
        """Synchronise the index with the store, by a few changes if possible, else by building it anew.

        The index in use answers searches until its successor is complete.

        Args:
            progress: called while vectors are added.
            may_lag: return at once if another thread is synchronising an index that is in use. Searches pass
                True so that they need not wait.
        """
        if not self._refreshing.acquire(blocking=not (may_lag and self._index is not None)):
            return
        try:
            if self._index is not None and self._embeddings.revision(self._embedder.id) == self._revision:
                self._in_step = True
                return
            with self._embeddings.snapshot():
                revision = self._embeddings.revision(self._embedder.id)
                index = self._index
                if index is None or self._is_unfit(index, self._embeddings.count(self._embedder.id)):
                    index = self._fresh(progress, revision)
                else:
                    index = self._reconciled(index, progress)
            with self._lock:
                self._index, self._revision = index, revision
            self._in_step = True
        finally:
            self._refreshing.release()

    def _fresh(self, progress: BuildProgress, revision: int) -> VectorIndex:
        """Return an index of the kind that suits the library now: from its checkpoint, or else built."""
        index = self._loaded()
        if index is None:
            return self._built(progress)
        return index if revision == self._saved_revision else self._reconciled(index, progress)

    def _is_unfit(self, index: VectorIndex, count: int) -> bool:
        return self._kind_for(count, index.kind) != index.kind

    def _kind_for(self, count: int, current: str | None = None) -> str:
        return kind_for(count, current, self._embedder.dimension)

    def _outgrows_memory(self, index: VectorIndex, more: int) -> bool:
        # A matrix in memory is copied when it grows, and becomes a graph at the end of the job.
        current = "hnsw" if index.kind == "hnsw" else None
        return index.kind != "mapped" and self._kind_for(len(index) + more, current) == "mapped"

    def _checkpoint_folder(self, kind: str) -> Path:
        # Mapped files have a separate folder: free memory varies, and a graph that took minutes to build must
        # not be lost while it does not fit.
        return self._folder / kind if kind == "mapped" else self._folder

    def _loaded(self) -> VectorIndex | None:
        kind = self._kind_for(self._embeddings.count(self._embedder.id))
        self._saved_revision, self._changes = -1, 0
        if kind == "exact":
            return None
        checkpoint = read_checkpoint(
            self._checkpoint_folder(kind), self._embedder.name, self._embedder.dimension
        )
        if isinstance(checkpoint, CheckpointProblem):
            _LOG.info("cannot load the checkpoint (%s); building the index anew", checkpoint.reason)
            return None
        revision = self._embeddings.checkpoints(self._embedder.id).get(checkpoint.manifest.revision)
        if revision is None:
            _LOG.info("the checkpoint belongs to another state of the library; building the index anew")
            return None
        self._saved_revision = revision
        return checkpoint.index

    def _built(self, progress: BuildProgress) -> VectorIndex:
        total = self._embeddings.count(self._embedder.id)
        kind = self._kind_for(total)
        folder = self._checkpoint_folder(kind)
        if kind == "mapped":
            make_folder_like_parent(folder)
        index = index_class(kind)(self._embedder.dimension, folder)
        self._saved_revision = -1
        self.is_worth_saving = index.kind != "exact"
        for ids, vectors in self._embeddings.stream(self._embedder.id):
            index.add(ids, vectors)
            if self.is_worth_saving:  # an exact index is built in an instant
                progress(len(index), total)
        return index

    def _reconciled(self, index: VectorIndex, progress: BuildProgress) -> VectorIndex:
        wanted = self._embeddings.ids(self._embedder.id)
        with self._lock:
            present = index.ids()
        import numpy as np  # imported late, as below: most jobs only call ``is_settled``

        missing = np.setdiff1d(wanted, present, assume_unique=True)
        if missing.size > wanted.size // 2:  # then building anew is faster and gives a better index
            return self._built(progress)
        self._remove(index, np.setdiff1d(present, wanted, assume_unique=True))
        done = 0
        for ids, vectors in self._read(missing):
            self._add(index, ids, vectors)
            done += ids.size
            progress(done, int(missing.size))
        return self._built(progress) if index.needs_rebuild else index

    def _read(self, wanted: IdArray) -> Iterator[tuple[IdArray, FloatArray]]:
        for start in range(0, wanted.size, _READ_AT_ONCE):
            yield self._embeddings.read(self._embedder.id, wanted[start : start + _READ_AT_ONCE].tolist())

    def _add(self, index: VectorIndex, ids: IdArray, vectors: FloatArray) -> None:
        """Add vectors in portions, between which waiting searches get the lock."""
        for start in range(0, ids.size, _ADDED_AT_ONCE):
            portion = slice(start, start + _ADDED_AT_ONCE)
            with self._lock:
                index.add(ids[portion], vectors[portion])
        self._changes += ids.size

    def _remove(self, index: VectorIndex, ids: IdArray) -> None:
        with self._lock:
            index.remove(ids)
        self._changes += ids.size

    def begin_job(self) -> None:
        """Prepare for a job, which reports its changes to ``changed`` from now on.

        Callers must hold the library lock. If another process changed the library before, the next
        ``refresh`` makes up for it.
        """
        with self._refreshing:
            revision = self._embeddings.revision(self._embedder.id)
            self._in_step = self._index is not None and revision == self._revision

    def changed(self, added: IdArray, vectors: FloatArray, removed: IdArray) -> None:
        """Apply a change that has just been committed to the store.

        Args:
            added: ids of added items, (n,).
            vectors: their vectors, (n, dimension).
            removed: ids of removed items.
        """
        with self._refreshing:
            if not self._in_step:
                return
            assert self._index is not None
            revision = self._embeddings.revision(self._embedder.id)
            if revision == self._revision:
                return  # a search between the commit and this call has applied it
            if self._outgrows_memory(self._index, added.size):
                self.refresh()  # its successor is read from the store
                return
            self._remove(self._index, removed)
            self._add(self._index, added, vectors)
            self._revision = revision

    def settle(self, progress: BuildProgress = _no_progress) -> None:
        """Finish a job: change to the kind that suits the library's size, and write a checkpoint if worthwhile.

        Raises:
            OSError: the checkpoint could not be written; the index in use and the store are intact.
        """
        with self._refreshing:
            self.refresh(progress)
            assert self._index is not None
            index = self._index
            if index.needs_rebuild:
                index = self._built(progress)
            elif self._is_unfit(index, len(index)):
                index = self._fresh(progress, self._revision)
            with self._lock:
                self._index = index
            if self._is_worth_writing(index):
                self._write(index)
            self.is_worth_saving = False

    def is_settled(self) -> bool:
        """Whether the index is unused so far and its checkpoint is recent enough for the next search.

        If so, ``settle`` has nothing to do, and a job that found nothing new need not load the index. Reads
        no vectors.
        """
        if self._index is not None:
            return False
        count = self._embeddings.count(self._embedder.id)
        kind = self._kind_for(count)
        if kind == "exact":
            return True
        manifest = whole_manifest(
            self._checkpoint_folder(kind), self._embedder.name, self._embedder.dimension
        )
        if manifest is None or manifest.revision not in self._embeddings.checkpoints(self._embedder.id):
            return False
        return abs(manifest.count - count) * _WORTH_WRITING <= count

    def _is_worth_writing(self, index: VectorIndex) -> bool:
        if index.kind == "exact" or self._revision == self._saved_revision:
            return False
        return self._saved_revision < 0 or self._changes * _WORTH_WRITING >= len(index)

    def save(self, most_bytes: int) -> bool:
        """Write a checkpoint of the index as it is, if it is more useful than the existing one.

        Called by a process that is about to end. It builds nothing and waits for no other thread; the next
        process makes up for what is missing.

        Args:
            most_bytes: do nothing if the index takes more bytes of memory than this.

        Returns:
            Whether a checkpoint was written.

        Raises:
            OSError: the checkpoint could not be written; the existing one is intact.
        """
        if not self._refreshing.acquire(blocking=False):
            return False
        try:
            index = self._index
            if index is None or index.needs_rebuild or not self._is_worth_writing(index):
                return False
            if graph_bytes(len(index), index.dimension) > most_bytes:
                return False
            if self._embeddings.revision(self._embedder.id) != self._revision:
                return False
            self._write(index)
            return True
        finally:
            self._refreshing.release()

    def _write(self, index: VectorIndex) -> None:
        stamp = self._embeddings.stamp_checkpoint(self._embedder.id)
        # ``_lock`` is not needed, so searches may go on: threads that change the index hold ``_refreshing``,
        # as this one does.
        write_checkpoint(index, self._checkpoint_folder(index.kind), self._embedder.name, stamp)
        self._saved_revision, self._changes = self._revision, 0
        if index.kind == "hnsw":
            delete_files(self._checkpoint_folder("mapped"))
        elif not fits_machine(graph_bytes(len(index), index.dimension)):
            delete_files(self._checkpoint_folder("hnsw"))

    def search(self, query: FloatArray, k: int, allowed: IdArray | None) -> tuple[IdArray, FloatArray]:
        """Return the ids and scores of the nearest vectors; see ``VectorIndex.search``."""
        import numpy as np

        if allowed is not None and allowed.size <= _READ_AND_COMPARE and self.kind == "hnsw":
            return self._compare(query, k, allowed)
        with self._lock:
            if self._index is None:
                return np.empty(0, np.int64), np.empty(0, np.float32)
            return self._index.search(query, k, allowed)

    def vectors(self, item_ids: IdArray) -> tuple[IdArray, FloatArray]:
        """Return the vectors of those items that have one; see ``EmbeddingTable.read``.

        They are taken from the matrix of an exact index, which takes a tenth of the time of reading them from
        the store. A graph returns vectors more slowly than the store does.
        """
        import numpy as np

        wanted = np.unique(item_ids)
        with self._lock:
            if self._index is not None and self._index.kind == "exact":
                try:
                    return wanted, self._index.get(wanted)
                except KeyError:
                    pass  # one was deleted, or is not added yet: ask the store
        return self._embeddings.read(self._embedder.id, wanted.tolist())

    def rank_all(self, query: FloatArray, allowed: IdArray | None) -> tuple[IdArray, FloatArray]:
        """Return all ids (or all allowed ones) with their cosines, best first. Exact.

        If the index is a graph, the vectors are read from the store in portions (0.4 s for 100,000 vectors of
        512 dimensions). That is faster than walking the graph to its end, and does not block other searches.
        Reading selected vectors takes twice as long per vector as reading all.
        """
        import numpy as np

        from imagefinder.vectors.array_ops import best, cosines

        if self.kind != "hnsw":
            with self._lock:
                assert self._index is not None
                return self._index.search(query, len(self._index), allowed)
        if allowed is not None and 2 * allowed.size < len(self):
            stored = self._read(allowed)
        else:
            stored = self._embeddings.stream(self._embedder.id)
        portions = [(ids, cosines(vectors, query)) for ids, vectors in stored if ids.size]
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
