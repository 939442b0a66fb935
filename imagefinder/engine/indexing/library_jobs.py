"""Jobs that change a library: adding, updating and removing sources."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from imagefinder.domain.errors import CancelledError, ModelError, UsageError
from imagefinder.domain.jobs import IndexReport, Progress, ProgressCallback, no_progress
from imagefinder.domain.sources import Source, SourceKind, SourceOptions
from imagefinder.engine.index.live_index import LiveIndex
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.engine.indexing.cloud_detection import CloudDetector
from imagefinder.engine.indexing.indexer import Indexer, forget_orphans
from imagefinder.engine.indexing.quarantine import IN_HAND, Quarantine
from imagefinder.engine.indexing.scanner import Selection
from imagefinder.engine.indexing.source_presence import mount_point, volume
from imagefinder.engine.indexing.text_folding_job import fold_texts
from imagefinder.engine.known_paths import known_form, known_source
from imagefinder.engine.library_lock import LibraryLock, disk_errors
from imagefinder.engine.models.loaded_model import LoadedModel
from imagefinder.engine.models.model_switcher import ModelSwitcher
from imagefinder.paths import exists, no_such_path
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import ThumbnailCache
from imagefinder.translation import join_names, tr


class LibraryJobs:
    """Jobs of one library, run one at a time."""

    def __init__(
        self,
        folder: Path,
        store: Store,
        models: ModelSwitcher,
        thumbnails: ThumbnailCache,
        extensions: frozenset[str],
        lock: LibraryLock,
        cloud: Callable[[], CloudDetector] | None = None,
    ) -> None:
        """Set up the jobs. Nothing runs yet.

        Args:
            folder: the library's folder.
            store: the library's store.
            models: the model in use and the next one.
            thumbnails: the cache of thumbnails.
            extensions: extensions of the files that can be read.
            lock: the library lock.
            cloud: makes a detector of online-only files for each scan.
        """
        self._folder = folder
        self._store = store
        self._models = models
        self._thumbnails = thumbnails
        self._extensions = extensions
        self._lock = lock
        self._cloud = cloud or CloudDetector

    def add(
        self,
        paths: Sequence[Path],
        options: SourceOptions,
        progress: ProgressCallback = no_progress,
        cancel: CancelToken | None = None,
        *,
        download: bool = False,
    ) -> IndexReport:
        """Add folders and files as sources, and index them.

        Args:
            paths: the folders and files.
            options: the options of these sources.
            progress: called now and then, on the calling thread.
            cancel: stops or pauses the job.
            download: whether to read online-only files, which downloads them.

        Raises:
            UsageError: a path does not exist; nothing is added then.
            ModelError: the model is not available; nothing is added then.
            LibraryInUseError: another job or process is changing the library.
        """
        _refuse_missing(paths)
        self._models.current().ensure_available()
        with self._lock.hold():
            sources = self._record_sources(paths, options)
            # Treated as never scanned, because the options may be new.
            return self._index_sources(
                [replace(source, scanned_at=None) for source in sources], progress, cancel, download=download
            )

    def add_sources(self, paths: Sequence[Path], options: SourceOptions) -> list[Source]:
        """Record folders and files as sources without indexing them, or change the options of existing ones.

        May be called while a job is running; ``index`` does the rest.

        Raises:
            UsageError: a path does not exist; nothing is added then.
        """
        _refuse_missing(paths)
        with disk_errors(self._folder), self._store.errors():
            return self._record_sources(paths, options)

    def _record_sources(self, paths: Sequence[Path], options: SourceOptions) -> list[Source]:
        with self._store.transaction():
            return [self._record_source(path, options) for path in paths]

    def _record_source(self, path: Path, options: SourceOptions) -> Source:
        kind = SourceKind.FOLDER if path.is_dir() else SourceKind.FILE
        mount = mount_point(os.path.realpath(path))
        return self._store.sources.add(path, kind, options, [mount], volume(mount))

    def index(
        self,
        progress: ProgressCallback = no_progress,
        cancel: CancelToken | None = None,
        *,
        paths: Sequence[Path] | None = None,
        retry: Sequence[Path] = (),
        download: bool | Collection[Path] = False,
    ) -> IndexReport:
        """Bring sources up to date.

        Args:
            progress: called now and then, on the calling thread.
            cancel: stops or pauses the job; what was read by then can be searched.
            paths: paths of the sources; None for all.
            retry: unreadable files to read again though they have not changed, even if they crashed a
                decoder.
            download: whether to read online-only files, which downloads them, or the sources in which to read
                them.

        Raises:
            UsageError: one of ``paths`` is not a source.
            ModelError: the model is not available.
            LibraryInUseError: another job or process is changing the library.
        """
        with self._lock.hold():
            by_path = {source.path: source for source in self._store.sources.all()}
            _refuse_unknown(paths or (), by_path)
            with self._store.transaction():
                for digest in self._store.files.forget_problems(retry):
                    self._store.suspects.remove(digest)
            chosen = by_path if paths is None else dict.fromkeys(paths)
            return self._index_sources(
                [by_path[path] for path in chosen], progress, cancel, download=download
            )

    def bring_up_to_date(
        self, path: Path, progress: ProgressCallback = no_progress, cancel: CancelToken | None = None
    ) -> IndexReport:
        """Index what lies at or below ``path`` as it is now; add it as a source if no source contains it.

        Raises:
            UsageError: the path does not exist, and nothing below it was ever indexed.
            ModelError: the model is not available.
            LibraryInUseError: another job or process is changing the library.
        """
        path = known_form(self._store, path)
        is_there = exists(path)
        # If its drive is away, what was indexed can still be searched.
        if not is_there and not self._knows_of(path):
            raise no_such_path(path)
        source = self.source_reaching(path)
        if source is None and is_there:
            return self.add([path], SourceOptions(), progress, cancel)
        if source is None:
            return IndexReport()
        with self._lock.hold():
            start = None if source.path == path else path
            return self._index_sources([source], progress, cancel, start)

    def source_reaching(self, path: Path) -> Source | None:
        """Return the source whose scan reaches this path, or None; the innermost if there are several."""
        with self._store.errors():
            reaching = [
                source
                for source in self._store.sources.all()
                if Selection(source, self._extensions).reaches(path)
            ]
        return max(reaching, key=lambda source: len(source.path.parts), default=None)

    def files_there(self, paths: Sequence[Path]) -> dict[Path, Path]:
        """Return which of these files a folder source contains, with that source's path.

        Files that are sources themselves are left out.
        """
        with self._store.errors():
            sources = self._store.sources.all()
        known = {source.path for source in sources}
        # Prefer the innermost folder, which takes the least time to scan.
        folders = sorted(
            (source for source in sources if source.kind is SourceKind.FOLDER),
            key=lambda source: -len(source.path.parts),
        )
        selections = [(source.path, Selection(source, self._extensions)) for source in folders]
        found: dict[Path, Path] = {}
        for path in paths:
            if path in known or not path.is_file():
                continue
            for folder, selection in selections:
                if selection.reaches(path) and not _leads_over_link(folder, path):
                    found[path] = folder
                    break
        return found

    def remove(self, paths: Sequence[Path]) -> int:
        """Remove sources, and the files that no other source contains, from the library.

        No file on disk is touched.

        Returns:
            The number of files removed from the library.

        Raises:
            UsageError: a path is not a source; nothing is removed then.
            LibraryInUseError: another job or process is changing the library.
        """
        with self._lock.hold():
            by_path = {source.path: source for source in self._store.sources.all()}
            paths = [known_source(path, by_path) or path for path in paths]
            _refuse_unknown(paths, by_path)
            index = self._open_index()
            removed = 0
            for path in dict.fromkeys(paths):
                source = by_path[path]
                members = self._store.files.member_ids(source.id)
                removed += forget_orphans(
                    self._store,
                    index,
                    self._thumbnails,
                    members,
                    partial(self._store.sources.remove, source.id),
                )
            return removed

    def _open_index(self) -> LiveIndex | None:
        """Return the index if it is open. Removing sources does not require the model to be loaded."""
        index = self._models.current().index
        if index is not None:
            index.begin_job()
        return index

    def _index_sources(
        self,
        sources: Sequence[Source],
        progress: ProgressCallback,
        cancel: CancelToken | None,
        start: Path | None = None,
        *,
        download: bool | Collection[Path] = False,
    ) -> IndexReport:
        token = cancel or CancelToken()

        def is_stopped() -> bool:
            try:
                token.check()
            except CancelledError:
                return True
            return False

        fold_texts(self._store, progress, is_stopped)
        report = self._index_with_models(sources, progress, token, start, download)
        report.pending = self._store.pending.count()
        return report

    def _index_with_models(
        self,
        sources: Sequence[Source],
        progress: ProgressCallback,
        token: CancelToken,
        start: Path | None,
        download: bool | Collection[Path],
    ) -> IndexReport:
        """Index sources with the model in use, and then with the next one during a model switch.

        The second run takes place only for whole sources, not below ``start``.
        """
        self._models.delete_unwanted()
        try:
            self._models.current().ensure_made()
        except ModelError:
            if self._models.next() is None:
                raise
            # The model's weights are missing. Searching some vectors is better than searching none.
            self._models.switch()
        report = self._run(self._models.current(), sources, progress, token, start, download)
        change = self._models.change()
        if change is None or start is not None or report.cancelled:
            return report

        def with_model(event: Progress) -> None:
            progress(replace(event, model=change.model))

        return self._go_on_with_change(report, sources, with_model, token, download)

    def _go_on_with_change(
        self,
        report: IndexReport,
        sources: Sequence[Source],
        progress: ProgressCallback,
        token: CancelToken,
        download: bool | Collection[Path],
    ) -> IndexReport:
        model = self._models.next()
        assert model is not None
        try:
            further = self._run(model, sources, progress, token, None, download)
            # The second scan saw every file again, so its counts stand; what only the first run did is added.
            further.removed += report.removed
            further.relocated = report.relocated
            further.items += report.items
            further.reused = max(further.reused, report.reused)
            # Files that the model in use has read are not missing from the library.
            further.unchanged += further.in_the_cloud - report.in_the_cloud
            further.in_the_cloud, further.stand_ins = report.in_the_cloud, report.stand_ins
            if not further.cancelled and self._models.is_complete():
                model.load(progress)
                self._models.switch()
                self._models.delete_unwanted()
        except ModelError as error:
            raise ModelError(
                tr(
                    "{problem} This library is being changed to that model; to call it off, use {model} again: in "
                    "the window's settings, or by imagefinder models use {model}",
                    problem=error,
                    model=self._store.models.in_use,
                )
            ) from error
        return further

    def _run(
        self,
        model: LoadedModel,
        sources: Sequence[Source],
        progress: ProgressCallback,
        token: CancelToken,
        start: Path | None,
        download: bool | Collection[Path],
    ) -> IndexReport:
        embedder = model.embedder
        record, index = model.live_index(register=True)
        assert record is not None
        assert index is not None
        if self._store.models.in_use is None:
            # Record the model, so that a better one found later on this machine is not used unasked.
            self._store.models.in_use = embedder.name
        index.begin_job()
        indexer = Indexer(
            self._store,
            embedder,
            record.id,
            index,
            self._thumbnails,
            Quarantine(self._store.suspects, self._folder / IN_HAND),
            self._extensions,
            token,
            progress,
            self._models.answering_id(default=record.id),
            self._cloud,
            download=download,
        )
        report = indexer.run(sources, start)
        if not report.cancelled:
            model.calibrate()
        return report

    def _knows_of(self, path: Path) -> bool:
        with self._store.errors():
            return self._store.items.are_below(path)


def _leads_over_link(folder: Path, path: Path) -> bool:
    """Whether a scan of the folder may skip the file because a link to a folder lies between them."""
    between = [parent for parent in path.parents if parent.is_relative_to(folder) and parent != folder]
    return any(parent.is_symlink() for parent in between)


def _refuse_missing(paths: Sequence[Path]) -> None:
    for path in paths:
        if not exists(path):
            raise no_such_path(path)


def _refuse_unknown(paths: Sequence[Path], sources: Mapping[Path, Source]) -> None:
    for path in paths:
        if path not in sources:
            known = join_names(map(str, sources)) or tr("none yet")
            raise UsageError(
                tr("{path} is not a source of this library. Its sources: {known}.", path=path, known=known)
            )
