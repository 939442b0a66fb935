"""Indexing: scan, decode, embed, commit. Each committed batch is searchable at once."""

import os
import time
from collections.abc import Callable, Collection, Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from imagefinder.domain.errors import CancelledError
from imagefinder.domain.items import FileStat
from imagefinder.domain.jobs import IndexReport, Phase, Progress, ProgressCallback
from imagefinder.domain.sources import Source
from imagefinder.embedders.embedder import Embedder
from imagefinder.engine.index.live_index import LiveIndex
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.engine.indexing.cloud_detection import CloudDetector
from imagefinder.engine.indexing.quarantine import Quarantine
from imagefinder.engine.indexing.scan_diff import FileToRead, ScanDiff, compare, unread
from imagefinder.engine.indexing.scanner import Scan, Selection, passed_over_by, unmatched_globs
from imagefinder.engine.indexing.source_presence import Presence, lost_mounts, mount_point, presence, volume
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import ThumbnailCache

if TYPE_CHECKING:
    from imagefinder.engine.indexing.batch_writer import BatchWriter
    from imagefinder.engine.indexing.decode_pool import DecodedFile

_SECONDS_BETWEEN_EVENTS = 0.1
_WAITS_BEFORE_COMMIT = 4
"""Consecutive waits of a quarter of a second after which the current batch is committed."""


class Indexer:
    """One indexing run with one model. Not reusable."""

    def __init__(
        self,
        store: Store,
        embedder: Embedder,
        embedder_id: int,
        index: LiveIndex,
        thumbnails: ThumbnailCache,
        quarantine: Quarantine,
        extensions: frozenset[str],
        cancel: CancelToken,
        progress: ProgressCallback,
        answering_id: int,
        cloud: Callable[[], CloudDetector] = CloudDetector,
        *,
        download: bool | Collection[Path] = False,
    ) -> None:
        """Create a run.

        Args:
            store: the library's store.
            embedder: the embedder.
            embedder_id: its id in the store.
            index: the live index of its vectors.
            thumbnails: the cache of thumbnails.
            quarantine: notes the contents being decoded.
            extensions: extensions of the files that can be read.
            cancel: stops or pauses the run.
            progress: called now and then, on the calling thread.
            answering_id: id of the embedder that the library is searched with, which may be another one.
                Files that it has not processed are pending.
            cloud: makes a detector of online-only files for each scan.
            download: whether to read online-only files, or the sources in which to read them.
        """
        self._store = store
        self._embedder = embedder
        self._embedder_id = embedder_id
        self._index = index
        self._thumbnails = thumbnails
        self._quarantine = quarantine
        self._extensions = extensions
        self._cancel = cancel
        self._progress = progress
        self._answering_id = answering_id
        self._cloud = cloud
        self._download = download
        self._report = IndexReport()
        self._diffs: list[ScanDiff] = []
        self._scans: list[Scan] = []
        self._moved: set[int] = set()
        """Ids of files found at another path."""
        self._scanned = self._done = self._total = 0
        self._last_event = 0.0
        self._overdue: set[bytes] = set()
        """Contents that took too long in this run."""

    def run(self, sources: Iterable[Source], start: Path | None = None) -> IndexReport:
        """Bring these sources up to date, or only what lies below ``start`` in them.

        If cancelled, the current batch is committed, and files that seem to be gone are left for the next
        scan.
        """
        try:
            for source in sources:
                self._scan(source, start)
            self._report.passed_over = passed_over_by(self._scans)
            self._report.unmatched_globs = unmatched_globs(self._scans)
            # Sources may overlap, but each file counts once.
            self._report.unchanged = len({file for diff in self._diffs for file in diff.unchanged})
            self._report.unreadable = len({file for diff in self._diffs for file in diff.unreadable})
            # A file that is online only for one source may be read for another.
            in_the_cloud = {todo.stat.path for diff in self._diffs for todo in diff.in_the_cloud}
            if in_the_cloud:
                in_the_cloud.difference_update(todo.stat.path for diff in self._diffs for todo in diff.todo)
            self._report.in_the_cloud = len(in_the_cloud)
            self._report.stand_ins = len(
                in_the_cloud.intersection(path for scan in self._scans for path in scan.stood_in_for)
            )
            if any(diff.todo or diff.problems for diff in self._diffs):
                self._write()
            self._sweep()
            if not self._index.is_settled():
                self._index.settle(self._on_build)
        except CancelledError:
            self._report.cancelled = True
        return self._report

    def _on_build(self, done: int, total: int) -> None:
        # Do not pause here, because a search may wait for the index.
        self._cancel.check_cancelled()
        self._tell(Progress(Phase.BUILDING_INDEX, done, total), is_last=done == total)

    def _scan(self, source: Source, start: Path | None) -> None:
        found = presence(source)
        if found is not Presence.THERE:
            self._keep_absent(source, is_gone=found is Presence.GONE)
            return
        if start is None:
            self._store.sources.begin_scan(source.id)
        selection = Selection(source, self._extensions)
        if source.scanned_at is None:
            selection.watch_globs()
        scan = Scan(source, selection, self._cancel, start, self._cloud())
        diff = ScanDiff(source)
        try:
            asked = self._download
            download = asked if isinstance(asked, bool) else source.path in asked
            compare(diff, self._store, scan, self._embedder_id, start, self._on_file, download=download)
        except CancelledError:
            with self._store.transaction():
                pending, in_the_cloud = self._unread(diff, start)
                self._store.pending.add(source.id, pending)
                self._store.cloud.add(source.id, in_the_cloud)
            raise
        self._diffs.append(diff)
        self._scans.append(scan)
        self._report.offline += diff.offline
        with self._store.transaction():
            self._store.files.join(source.id, diff.joining)
            self._store.files.set_offline(diff.back, False)
            self._store.files.set_offline(diff.away, True)
            pending, in_the_cloud = self._unread(diff, start)
            self._store.pending.replace(source.id, start or source.path, pending)
            self._store.cloud.replace(source.id, start or source.path, in_the_cloud)
            self._store.cloud.forget_problems(diff.excused)
            if start is not None:
                mounts = scan.mounts.union(map(str, source.mounts))
                self._store.sources.set_scanned_in_part(source.id, mounts)
            else:
                # Remember drives that are away: their mount points may be gone, too, by the next scan.
                mounts = scan.mounts.union(map(str, lost_mounts(source)))
                place = volume(mount_point(os.path.realpath(source.path)))
                self._store.sources.set_scanned(source.id, mounts, place, scan.passed_over)

    def _keep_absent(self, source: Source, *, is_gone: bool) -> None:
        """Keep all files of a source that is not there, and mark them as offline."""
        with self._store.transaction():
            self._store.sources.set_absent(source.id, gone=is_gone)
            count = self._store.files.set_source_offline(source.id, True)
        if is_gone:
            self._report.gone += count
        else:
            self._report.offline += count

    def _unread(self, diff: ScanDiff, start: Path | None) -> tuple[list[str], dict[str, bool]]:
        """Return the pending files, and for each online-only file whether it would be pending if it were local.

        Both refer to the model in use. Online-only files are never pending, even while they are downloaded,
        because a cancelled job leaves them where they are.
        """
        if self._answering_id != self._embedder_id:
            paths = unread(diff, self._store, self._answering_id, start)
        else:
            paths = [todo.stat.path for todo in diff.todo if not todo.is_unreadable]
            paths += [todo.stat.path for todo in diff.in_the_cloud]
        if not diff.online_only:
            return paths, {}
        found = set(paths)
        return [path for path in paths if path not in diff.online_only], {
            path: path in found for path in diff.online_only
        }

    def _on_file(self, path: str) -> None:
        self._scanned += 1
        if time.monotonic() - self._last_event >= _SECONDS_BETWEEN_EVENTS:
            self._tell(Progress(Phase.SCANNING, self._scanned, None, Path(path)))

    def _write(self) -> None:
        """Read, embed and commit the files found by the scans."""
        # Imported late, with NumPy and the readers, because most jobs find nothing new.
        from imagefinder.engine.indexing.batch_writer import BatchWriter

        writer = BatchWriter(
            self._store,
            self._embedder,
            self._embedder_id,
            self._index,
            self._report,
            is_answering=self._answering_id == self._embedder_id,
        )
        with closing(writer), self._quarantine.job():
            try:
                self._take_problems(writer)
                self._embed(writer)
            except CancelledError:
                writer.flush()
                raise
        self._moved = writer.reuse.moved
        added = (diff.source for diff in self._diffs if diff.source.scanned_at is None)
        self._report.relocated = writer.reuse.relocations.settle(added)
        forget_thumbnails(self._store, self._thumbnails, writer.reuse.replaced)

    def _embed(self, writer: "BatchWriter") -> None:
        todos = self._todos()
        self._total = len(todos)
        if todos and not self._embedder.is_image_loaded:
            self._tell(Progress(Phase.LOADING_MODEL, 0, None), is_last=True)
        while todos:
            self._read(todos, writer)
            todos = writer.finish()

    def _read(self, todos: list[FileToRead], writer: "BatchWriter") -> None:
        """Read and commit files."""
        from imagefinder.engine.indexing.decode_pool import DecodePool

        pool = DecodePool(self._store, self._embedder, self._embedder_id, self._thumbnails, self._quarantine)
        waited = 0
        with closing(pool.read(todos)) as readings:
            for reading in readings:
                # Commit before a pause, so that what was read can be found.
                self._cancel.check(before_waiting=writer.flush)
                if reading is None:
                    waited += 1
                    if waited == _WAITS_BEFORE_COMMIT:
                        # The next reading takes long, so commit what there is.
                        writer.flush()
                    continue
                waited = 0
                writer.take(reading)
                if reading.is_last:
                    self._done += 1
                self._note_speed(reading)
                path = Path(reading.todo.stat.path)
                event = Progress(
                    Phase.EMBEDDING, min(self._done, self._total), self._total, path, self._report.items
                )
                self._tell(event, is_last=self._done == self._total)

    def _note_speed(self, reading: "DecodedFile") -> None:
        """Record contents that take too long, which are retried once by the next job."""
        digest = reading.digest
        if digest is None or reading.is_known_content:
            return
        if reading.is_overdue:
            if digest not in self._overdue:
                self._overdue.add(digest)
                self._quarantine.note_overdue(digest)
        elif reading.is_last and not reading.is_unanswered and digest not in self._overdue:
            self._quarantine.clear(digest)

    def _take_problems(self, writer: "BatchWriter") -> None:
        """Record files that must not be opened, such as pipes, and drop what was known at their paths."""
        from imagefinder.engine.indexing.decode_pool import DecodedFile

        by_path: dict[str, DecodedFile] = {}
        for diff in self._diffs:
            for problem in diff.problems:
                path = str(problem.path)
                known = self._store.files.by_path(path, self._embedder_id)
                reading = DecodedFile(FileToRead(FileStat(path, 0, 0), known, []), problem=problem.why)
                by_path.setdefault(path, reading).todo.source_ids.append(diff.source.id)
        for reading in by_path.values():
            writer.take(reading)

    def _todos(self) -> list[FileToRead]:
        by_path: dict[str, FileToRead] = {}
        for diff in self._diffs:
            for todo in diff.todo:
                by_path.setdefault(todo.stat.path, todo).source_ids.extend(todo.source_ids)
        return list(by_path.values())

    def _sweep(self) -> None:
        """Delete files that are gone from every source that contained them."""
        gone = {
            diff.source.id: [file_id for file_id in diff.missing if file_id not in self._moved]
            for diff in self._diffs
        }

        def leave() -> None:
            for source_id, file_ids in gone.items():
                self._store.files.leave(source_id, file_ids)

        missing = {file_id for file_ids in gone.values() for file_id in file_ids}
        self._report.removed += forget_orphans(self._store, self._index, self._thumbnails, missing, leave)

    def _tell(self, event: Progress, *, is_last: bool = False) -> None:
        now = time.monotonic()
        if is_last or now - self._last_event >= _SECONDS_BETWEEN_EVENTS:
            self._last_event = now
            self._progress(event)


def forget_orphans(
    store: Store,
    index: LiveIndex | None,
    thumbnails: ThumbnailCache,
    file_ids: Iterable[int],
    let_go: Callable[[], None],
) -> int:
    """Delete those of these files that no source contains after ``let_go``, and return their number.

    Both happen in one transaction, because a file without a source would never be looked at again. Files that
    were never read (an unlistable folder, for example) are not counted.
    """
    with store.transaction():
        let_go()
        orphans = store.files.orphans(file_ids)
        digests = store.files.hashes(orphans)
        removed = store.items.ids_of_files(orphans)
        counted = store.files.count_read(orphans)
        store.files.delete(orphans)
        if removed:
            store.embeddings.touch()
    if index is not None and removed:
        import numpy as np

        index.changed(np.empty(0, np.int64), np.empty((0, 0), np.float32), np.array(removed, np.int64))
    forget_thumbnails(store, thumbnails, digests)
    return counted


def forget_thumbnails(store: Store, thumbnails: ThumbnailCache, digests: Iterable[bytes]) -> None:
    """Delete the thumbnails of contents that no file of the library has any more."""
    for digest in digests:
        if not store.files.has_hash(digest):
            thumbnails.remove(digest)
