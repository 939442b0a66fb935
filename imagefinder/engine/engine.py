"""The facade: everything the window, the command line and Python ask of a library."""

import errno
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from imagefinder.embedders.base import Embedder, FloatArray
from imagefinder.engine.cancel import CancelToken
from imagefinder.engine.indexer import Indexer, forget_orphans
from imagefinder.engine.live_index import LiveIndex
from imagefinder.engine.quarantine import Quarantine
from imagefinder.engine.scanner import Selection
from imagefinder.engine.searcher import Searcher
from imagefinder.model.errors import LibraryError, LibraryInUseError, UnreadableError, UsageError
from imagefinder.model.jobs import IndexReport, Progress, ProgressCallback
from imagefinder.model.library import LibraryStatus
from imagefinder.model.queries import Hit, Query, SearchResult
from imagefinder.model.sources import Source, SourceKind, SourceOptions
from imagefinder.paths import exists
from imagefinder.readers.registry import open_media
from imagefinder.store.embeddings import EmbedderRecord
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import LEAST_SIDE, ThumbnailCache

_LOG = logging.getLogger(__name__)
_SAVING_S = 60
"""Seconds that a job waits for an index being saved: ten times what a million vectors take."""


def no_progress(event: Progress) -> None:
    """A progress callback for those who do not care."""


class Engine:
    """One library with one embedder. Searching is safe from several threads; one job changes it at a time."""

    def __init__(
        self,
        folder: Path,
        embedder: Callable[[Store], Embedder],
        thumbnails: ThumbnailCache,
        extensions: frozenset[str],
    ) -> None:
        """Open or create the library in ``folder``.

        ``embedder`` is called with the store once a model is needed, so that what needs none never loads one.

        Raises:
            LibraryError: the folder cannot be made or written, or the library in it cannot be used.
        """
        self.folder = folder
        with _disk_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._store = Store(folder / "library.db")
        self._make_embedder = embedder
        self._thumbnails = thumbnails
        self._extensions = extensions
        self._file_lock = FileLock(folder / "lock", timeout=0, thread_local=False)
        self._job = threading.Lock()
        self._is_saving = False
        self._loading = threading.RLock()
        self._embedder: Embedder | None = None
        self._index: LiveIndex | None = None
        self._record: EmbedderRecord | None = None

    # The model

    @property
    def embedder(self) -> Embedder:
        """The model in use.

        Raises:
            ModelError: it cannot be had; the message says why and what to do.
        """
        with self._loading:
            if self._embedder is None:
                with self._store.errors():
                    self._embedder = self._make_embedder(self._store)
            return self._embedder

    def set_model(self, name: str) -> None:
        """Make this model the one the library is searched with from its next opening on.

        Raises:
            LibraryInUseError: another process is changing the library.
        """
        with self._writing():
            self._store.model = name

    def _live_index(self, *, register: bool) -> tuple[EmbedderRecord | None, LiveIndex | None]:
        embedder = self.embedder
        with self._loading:
            if self._record is None:
                table = self._store.embeddings
                if register:
                    self._record = table.register(embedder.id, embedder.dimension)
                else:
                    self._record = table.embedder(embedder.id, embedder.dimension)
            if self._record is not None and self._index is None:
                self._index = LiveIndex(self._store.embeddings, self._record, self.folder / "vectors")
            return self._record, self._index

    # Changing the library

    def add(
        self,
        paths: Sequence[Path],
        options: SourceOptions,
        progress: ProgressCallback = no_progress,
        cancel: CancelToken | None = None,
    ) -> IndexReport:
        """Add folders and files as sources, and index them.

        Raises:
            UsageError: a path does not exist; nothing is added then.
            ModelError: the model cannot be had; nothing is added then.
            LibraryInUseError: another process is changing the library.
        """
        for path in paths:
            if not exists(path):
                raise UsageError(
                    f"There is no {path}. Check the spelling, or whether its drive is connected."
                )
        self.embedder.device  # noqa: B018 - a model or device that cannot be had is said before a source is added
        with self._writing():
            sources = [
                self._store.sources.add(
                    path, SourceKind.FOLDER if path.is_dir() else SourceKind.FILE, options
                )
                for path in paths
            ]
            return self._index_sources(sources, progress, cancel)

    def index(
        self, progress: ProgressCallback = no_progress, cancel: CancelToken | None = None
    ) -> IndexReport:
        """Bring every source up to date.

        Raises:
            LibraryInUseError: another process is changing the library.
        """
        with self._writing():
            return self._index_sources(self._store.sources.all(), progress, cancel)

    def bring_up_to_date(
        self, path: Path, progress: ProgressCallback = no_progress, cancel: CancelToken | None = None
    ) -> IndexReport:
        """See that what lies at or below ``path`` is indexed as it is now; add it as a source where none has it.

        Raises:
            UsageError: the path does not exist, and nothing below it was ever indexed.
            LibraryInUseError: another process is changing the library.
        """
        is_there = exists(path)
        if not is_there:
            with self._store.errors():
                if not self._store.items.below([path]):
                    raise UsageError(
                        f"There is no {path}. Check the spelling, or whether its drive is connected."
                    )
            # An unplugged drive: what is known of it can be searched.
        source = self.source_reaching(path)
        if source is None and is_there:
            return self.add([path], SourceOptions(), progress, cancel)
        if source is None:
            return IndexReport()
        with self._writing():
            start = None if source.path == path else path
            return self._index_sources([source], progress, cancel, start)

    def source_reaching(self, path: Path) -> Source | None:
        """The source whose scan comes to this path; the innermost, where several do."""
        with self._store.errors():
            reaching = [
                source
                for source in self._store.sources.all()
                if Selection(source, self._extensions).reaches(path)
            ]
        return max(reaching, key=lambda source: len(source.path.parts), default=None)

    def remove(self, paths: Sequence[Path]) -> int:
        """Forget sources, with what no other source contains; the files themselves are not touched.

        Returns:
            How many files the library forgot.

        Raises:
            UsageError: a path is not a source; nothing is removed then.
            LibraryInUseError: another process is changing the library.
        """
        with self._writing():
            by_path = {source.path: source for source in self._store.sources.all()}
            for path in paths:
                if path not in by_path:
                    known = ", ".join(map(str, by_path)) or "none yet"
                    raise UsageError(f"{path} is not a source of this library. Its sources: {known}.")
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
        """The index, where one is in use: removing needs no model to be loaded."""
        if self._index is not None:
            self._index.begin_job()
        return self._index

    def _index_sources(
        self,
        sources: Sequence[Source],
        progress: ProgressCallback,
        cancel: CancelToken | None,
        start: Path | None = None,
    ) -> IndexReport:
        embedder = self.embedder
        record, index = self._live_index(register=True)
        assert record is not None
        assert index is not None
        if self._store.model is None:
            # From now on a better model on this machine changes nothing unasked.
            self._store.model = embedder.name
        index.begin_job()
        indexer = Indexer(
            self._store,
            embedder,
            record.id,
            index,
            self._thumbnails,
            Quarantine(self._store.suspects, self.folder / "in-hand"),
            self._extensions,
            cancel or CancelToken(),
            progress,
        )
        return indexer.run(sources, start)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        # Saving the index after a search is over in a moment; a job is not waited for.
        if not self._job.acquire(timeout=_SAVING_S if self._is_saving else 0):
            raise LibraryInUseError("This library is being indexed already. Wait until that is done.")
        try:
            with _disk_errors(self.folder), self._store.errors():
                try:
                    self._file_lock.acquire()
                except Timeout as error:
                    raise LibraryInUseError(
                        f"Another imagefinder is changing the library {self.folder}. Wait until it is done; "
                        "searching works meanwhile."
                    ) from error
                try:
                    yield
                finally:
                    self._file_lock.release()
        finally:
            self._job.release()

    # Asking it

    def search(self, query: Query, progress: ProgressCallback = no_progress) -> SearchResult:
        """Answer a query; see ``Searcher.search``. ``progress`` hears of it if the index has to be built first."""
        with self._store.errors():
            result = self._searcher().search(query, progress)
        if self._index is not None and self._index.is_worth_saving:
            self._save_index(self._index)
        return result

    def _save_index(self, index: LiveIndex) -> None:
        index.is_worth_saving = False  # one try a process
        try:
            with self._writing():
                self._is_saving = True
                index.begin_job()
                index.settle()
        except LibraryError as error:
            # In use, read-only, or full: the answer stands, and the next process builds the index again.
            _LOG.info("the index was not saved: %s", error)
        finally:
            self._is_saving = False

    def embed_images(self, paths: Sequence[Path]) -> FloatArray:
        """Vectors of picture files; see ``Searcher.embed_images``."""
        with self._store.errors():
            return self._searcher().embed_images(paths)

    def thumbnail(self, hit: Hit) -> Path | None:
        """A small JPEG of a hit, from the cache or made now; None where its file cannot be read."""
        path = self._thumbnails.path(hit.thumbnail_key)
        if path.exists():
            return path
        try:
            with open_media(hit.path) as media:
                return self._thumbnails.put(hit.thumbnail_key, media.load(hit.part, LEAST_SIDE).image)
        except UnreadableError as error:
            _LOG.info("no thumbnail of %s: %s", hit.path, error)
            return None

    def _searcher(self) -> Searcher:
        record, index = self._live_index(register=False)
        return Searcher(self._store, self.embedder, record, index)

    def has_items_below(self, path: Path) -> bool:
        """Whether anything at or below a path is in the library, there now or not."""
        with self._store.errors():
            return bool(self._store.items.below([path]))

    def coverage(self) -> tuple[int, int]:
        """How many pictures and pages are embedded with the model in use, and how many there are."""
        with self._store.errors():
            record, _ = self._live_index(register=False)
            embedded = self._store.embeddings.count(record.id) if record else 0
            return embedded, self._store.items.count()

    def status(self) -> LibraryStatus:
        """What is in the library. Loads no model."""
        with self._store.errors():
            return LibraryStatus(
                folder=self.folder,
                model=self._store.model,
                sources=tuple(self._store.sources.status()),
                items=self._store.items.count(),
                embedded=self._store.embeddings.counts(),
                unreadable=tuple(self._store.files.unreadable()),
            )

    def close(self) -> None:
        """Let go of the library and the model. Harmless when called again."""
        if self._embedder is not None:
            self._embedder.close()
            self._embedder = None
        self._store.close()


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    """Turn the system's errors about the library's folder into a sentence that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            reason = (
                "its disk is full. All that was indexed before is kept: free some space and run this again"
            )
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            reason = (
                "it cannot be written there. Check its permissions, or name another folder with --library"
            )
        elif error.errno in (errno.EEXIST, errno.ENOTDIR):
            reason = "a file stands in its place. Name another folder with --library"
        else:
            reason = f"the system says: {(error.strerror or str(error)).lower()}"
        raise LibraryError(f"The library {folder} cannot be used: {reason}.") from error
