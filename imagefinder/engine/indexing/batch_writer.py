"""Batch writer: embeds batches of decoded parts, commits each in one transaction, then updates the index."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from imagefinder.domain.jobs import IndexReport
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.embedders.embedder import Embedder
from imagefinder.engine.index.live_index import LiveIndex
from imagefinder.engine.index.thread_priority import give_way
from imagefinder.engine.indexing.content_reuse import ContentReuse
from imagefinder.engine.indexing.decode_pool import DecodedFile, DecodedPart
from imagefinder.engine.indexing.scan_diff import FileToRead
from imagefinder.store.embeddings import rounded
from imagefinder.store.store import Store


@dataclass(slots=True)
class _FileInHand:
    """A file being read, whose parts arrive in one or several readings."""

    todo: FileToRead
    digest: bytes
    parts: int
    problem: Reason | None = None
    is_passing: bool = False
    id: int | None = None


@dataclass(slots=True)
class _Batch:
    """Contents of the next commit."""

    parts: list[tuple[_FileInHand, DecodedPart]] = field(default_factory=list)
    finished: list[_FileInHand] = field(default_factory=list)


class BatchWriter:
    """Takes decoded files, embeds their parts in batches and commits each batch as a whole."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        embedder_id: int,
        index: LiveIndex,
        report: IndexReport,
        *,
        is_answering: bool = True,
    ) -> None:
        """Start the thread that embeds.

        Args:
            store: the library's store.
            embedder: the embedder.
            embedder_id: its id in the store.
            index: the live index of its vectors.
            report: counts what was committed.
            is_answering: whether the library is searched with this embedder, so that files it has read are no
                longer pending.
        """
        self._store = store
        self._embedder = embedder
        self._embedder_id = embedder_id
        self._index = index
        self._report = report
        # Embed in a separate thread, because lowering the priority of the calling thread could not be undone.
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="embed", initializer=give_way)
        self._is_loading = False
        self._files: dict[str, _FileInHand] = {}
        """Files of which more readings are to come, by path."""
        self._batch = _Batch()
        self._waiting: dict[bytes, list[DecodedFile]] = {}
        self.reuse = ContentReuse(store, embedder_id, is_answering=is_answering)

    def take(self, reading: DecodedFile) -> None:
        """Take one reading, and commit whenever a batch is full."""
        if reading.is_unanswered and not reading.decoded:
            # Parts read before are kept, and the file stays pending.
            self._files.pop(reading.todo.stat.path, None)
        elif reading.is_known_content:
            self._take_known(reading)
        elif reading.digest is None or reading.parts == 0:
            self._take_unreadable(reading)
        else:
            self._take_decoded(reading)

    def finish(self) -> list[FileToRead]:
        """Commit the current batch and return files that have to be read again.

        These were skipped because their content was known or being read, which is no longer so: two files
        swapped their names, or the first file with this content could not be read.
        """
        self.flush()
        waiting = [reading for readings in self._waiting.values() for reading in readings]
        self._waiting.clear()
        return [reading.todo for reading in waiting if not self._reuse(reading)]

    def close(self) -> None:
        """End the thread that embeds. Parts that are not committed are dropped."""
        self._thread.shutdown()

    def _take_decoded(self, reading: DecodedFile) -> None:
        assert reading.digest is not None
        path = reading.todo.stat.path
        file = self._files.get(path) or _FileInHand(reading.todo, reading.digest, reading.parts)
        if reading.is_last:
            self._files.pop(path, None)
        else:
            self._files[path] = file
        file.problem = file.problem or reading.problem
        file.is_passing |= reading.is_passing
        is_finished = reading.is_last and not reading.is_unanswered
        if reading.decoded and not self._is_loading:
            # Load the image tower while the first batch is decoded, but not earlier: files that only moved
            # need no model. An error in loading is raised when the first batch is embedded.
            self._is_loading = True
            self._thread.submit(self._embedder.load_images)
        for at, part in enumerate(reading.decoded, start=1):
            self._batch.parts.append((file, part))
            if at == len(reading.decoded) and is_finished:
                self._batch.finished.append(file)
            if len(self._batch.parts) >= self._embedder.batch_size:
                self.flush()
        if not reading.decoded and is_finished:
            self._batch.finished.append(file)

    def flush(self) -> None:
        """Embed and commit the current batch."""
        batch, self._batch = self._batch, _Batch()
        if not (batch.parts or batch.finished):
            return
        prepared = [part.prepared for _, part in batch.parts]
        vectors = rounded(self._thread.submit(self._embedder.encode_images, prepared).result())
        removed: list[int] = []
        item_ids = []
        with self._store.transaction():
            for file, part in batch.parts:
                file_id = self._put_file(file, removed)
                name = os.path.basename(file.todo.stat.path)  # noqa: PTH119
                item_ids.append(self._store.items.put(file_id, name, part.part, part.facts))
            if item_ids:
                self._store.embeddings.add(self._embedder_id, item_ids, vectors)
            for file in batch.finished:
                self._complete(file, removed)
        self._report.items += len(item_ids)
        self._index.changed(np.array(item_ids, np.int64), vectors, np.array(removed, np.int64))
        for file in batch.finished:
            for reading in self._waiting.pop(file.digest, ()):
                self._reuse(reading)

    def _put_file(self, file: _FileInHand, removed: list[int]) -> int:
        if file.id is None:
            stat, known = file.todo.stat, file.todo.known
            if known is not None and known.hash != file.digest:
                removed += self.reuse.forget_items(known)
            file.id = self._store.files.put(stat, file.digest, file.parts, file.problem, file.todo.source_ids)
        return file.id

    def _complete(self, file: _FileInHand, removed: list[int]) -> None:
        file_id = self._put_file(file, removed)
        self.reuse.settle(file.todo)
        if file.problem:
            self._store.files.add_problem(file_id, file.problem)
        if not file.is_passing:
            self._store.files.set_complete(file_id, self._embedder_id)
        if self._store.items.embedded_parts(file_id, self._embedder_id):
            self._report.indexed += 1
        else:
            # The file was opened, but none of its parts could be read.
            self._store.files.put(file.todo.stat, file.digest, 0, file.problem, file.todo.source_ids)
            self._report.unreadable += 1

    def _take_unreadable(self, reading: DecodedFile) -> None:
        stat, known = reading.todo.stat, reading.todo.known
        problem = reading.problem or Reason(ReasonCode.UNKNOWN)
        removed: list[int] = []
        with self._store.transaction():
            # Regardless of the model, because the file is now listed as unreadable.
            self._store.pending.remove(stat.path)
            if reading.digest is None and known is not None and known.parts and known.is_as_on_disk(stat):
                # The content was read before and has not changed, so the drive has a temporary problem.
                self._store.files.add_problem(known.id, problem)
            elif reading.digest is not None and known is not None and known.hash == reading.digest:
                # Keep pages that were read before the problem occurred.
                parts = known.parts if self._store.items.ids_of_files([known.id]) else 0
                self._store.files.put(stat, reading.digest, parts, problem, reading.todo.source_ids)
                if not reading.is_passing:
                    self._store.files.set_complete(known.id, self._embedder_id)
            else:
                if known is not None:
                    removed = self.reuse.forget_items(known)
                file_id = self._store.files.put(stat, reading.digest, 0, problem, reading.todo.source_ids)
                if reading.digest is not None and not reading.is_passing:
                    # Files that could not be opened, for lack of permission for example, are retried at every
                    # scan.
                    self._store.files.set_complete(file_id, self._embedder_id)
        self._report.unreadable += 1
        self._drop(removed)

    def _take_known(self, reading: DecodedFile) -> None:
        if not self._reuse(reading):
            # The first file with this content is still being read.
            assert reading.digest is not None
            self._waiting.setdefault(reading.digest, []).append(reading)

    def _reuse(self, reading: DecodedFile) -> bool:
        """Reuse the file's content from the library; return False if the content is not known yet."""
        reused = self.reuse.reuse(reading)
        if reused is None:
            return False
        if reused.is_readable:
            self._report.reused += 1
        else:
            self._report.unreadable += 1
        self._drop(reused.removed, reused.added)
        return True

    def _drop(self, removed: list[int], added: list[int] | None = None) -> None:
        if removed or added:
            ids, vectors = self._store.embeddings.read(self._embedder_id, added or [])
            self._index.changed(ids, vectors, np.array(removed, np.int64))
