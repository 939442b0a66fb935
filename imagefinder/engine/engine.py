"""Facade of the engine: the library operations of the window, the command line and the Python API."""

import logging
import time
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from imagefinder.domain.errors import LibraryError, UnreadableError, UsageError
from imagefinder.domain.items import UnreadableFile
from imagefinder.domain.jobs import ProgressCallback, no_progress
from imagefinder.domain.library import LibraryStatus
from imagefinder.domain.queries import Hit, Query, SearchResult, Sort, refuse_long_text
from imagefinder.embedders.embedder import Embedder, FloatArray
from imagefinder.engine.library_lock import LibraryLock, disk_errors
from imagefinder.engine.library_models import LibraryModels
from imagefinder.engine.models.model_switcher import MakeEmbedder, ModelSwitcher
from imagefinder.private_files import make_folder
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import ThumbnailCache
from imagefinder.translation import tr

if TYPE_CHECKING:
    from imagefinder.engine.indexing.cloud_detection import CloudDetector
    from imagefinder.engine.indexing.library_jobs import LibraryJobs
    from imagefinder.engine.preview_renderer import PreviewRenderer, ShownItem
    from imagefinder.engine.search.result_list import ResultList
    from imagefinder.engine.search.searcher import Searcher
    from imagefinder.isolation.decoders import Decoders

_LOG = logging.getLogger(__name__)

_SAVED_IN_A_MOMENT = 300_000_000  # bytes, written in about a second even by a slow disk


class Engine:
    """One library, searched with one model.

    Searches may run in several threads at once. Only one job at a time changes the library. The parts for
    searching, for jobs and for previews are imported on first use, because most processes need only one of
    them.
    """

    def __init__(
        self,
        folder: Path,
        embedder: MakeEmbedder,
        thumbnails: ThumbnailCache,
        extensions: frozenset[str],
        model: str | None = None,
        cloud: "Callable[[], CloudDetector] | None" = None,
    ) -> None:
        """Open or create the library in ``folder``.

        Args:
            folder: the library's folder.
            embedder: makes the embedder for a model's name, or for None if the library has no model yet.
                Called when the embedder is first needed.
            thumbnails: the cache of thumbnails.
            extensions: extensions of the files that can be read, in lower case and without the dot.
            model: name of the model to use instead of the one recorded in the library.
            cloud: makes the detector of online-only files.

        Raises:
            LibraryError: the folder cannot be created or written, or the library in it cannot be used.
        """
        self.folder = folder
        with disk_errors(folder):
            make_folder(folder)
            self._store = Store(folder / "library.db")
        self._switcher = ModelSwitcher(embedder, self._store, folder / "vectors", model)
        self._thumbnails = thumbnails
        self._cloud = cloud
        self._extensions = extensions
        self._lock = LibraryLock(folder, self._store)
        self.models = LibraryModels(self._switcher, self._store, self._lock)
        """Operations on the library's models."""

    @cached_property
    def jobs(self) -> "LibraryJobs":
        """Jobs that change the library: adding, updating and removing sources."""
        from imagefinder.engine.indexing.library_jobs import LibraryJobs

        switcher, thumbnails = self._switcher, self._thumbnails
        return LibraryJobs(
            self.folder, self._store, switcher, thumbnails, self._extensions, self._lock, self._cloud
        )

    @cached_property
    def _preview_renderer(self) -> "PreviewRenderer":
        from imagefinder.engine.preview_renderer import PreviewRenderer

        return PreviewRenderer(self._store, self._thumbnails, self._decoders, self._cloud)

    @cached_property
    def _decoders(self) -> "Decoders":
        """Decoders for query pictures, previews and thumbnails. Jobs use their own."""
        from imagefinder.isolation import decode_limits, decoders

        return decoders.Decoders(limits=decode_limits.limits_for_who_waits())

    # The model

    @property
    def embedder(self) -> Embedder:
        """The embedder of the model in use.

        Raises:
            ModelError: the model is not available; the message says why and what to do.
        """
        return self._switcher.current().embedder

    # Changes outside jobs

    def set_hidden(self, item_ids: Sequence[int], hidden: bool) -> None:
        """Hide items from results, or show them again. Ids of deleted items are ignored.

        Hidden items are recorded by content and part, so copies of the same content are hidden too, including
        those found later. The record belongs to the library, and applies under any model and wherever the
        file moves. May be called while a job is running.

        Raises:
            LibraryError: the library cannot be written.
        """
        with disk_errors(self.folder), self._store.errors():
            self._store.items.set_hidden(item_ids, hidden)

    # Searching and reading

    def search(self, query: Query, progress: ProgressCallback = no_progress) -> SearchResult:
        """Answer a query with at most ``Query.limit`` hits.

        Raises:
            UsageError: as for ``start_search``, or the limit is below 1.
            ModelError: as for ``start_search``.
        """
        if query.limit < 1:
            raise UsageError(tr("A search cannot give {limit} hits; ask for 1 or more.", limit=query.limit))
        self._fold_texts_for_a_moment(progress)
        began = time.perf_counter()
        results = self.start_search(query, progress=progress)
        hits = results.page(0, query.limit)
        took = (time.perf_counter() - began) * 1000
        self.save_index()
        return SearchResult(hits, results.model, took, results.note, results.has_rest)

    def start_search(
        self,
        query: Query,
        sort: Sort = Sort.RELEVANCE,
        *,
        may_load: bool = True,
        progress: ProgressCallback = no_progress,
    ) -> "ResultList":
        """Answer a query with a result list that is read page by page; see ``Searcher.start``.

        Args:
            query: the query; its ``limit`` is ignored.
            sort: the order of hits within a group. For any order but relevance, the 500 best hits of a group
                are sorted among themselves, then the next 500, and so on.
            may_load: whether to load the model if it is not loaded. If False, an unloaded model contributes
                only vectors that the library already has, and the list's ``is_partial`` and ``note`` say so.
            progress: called while the model is loaded or the index is built.

        Raises:
            UsageError: the query is empty or longer than ``MOST_CHARACTERS``, one of its pictures cannot be
                read, or one of its items is no longer in the library.
            ModelError: the model is not available. Not raised if ``may_load`` is False.
        """
        refuse_long_text(query.text)
        with self._store.errors():
            searcher = self._searcher(is_partial=not may_load and self._switcher.current().made is None)
            return searcher.start(query, sort, progress, may_load=may_load)

    def fold_texts(self, should_stop: Callable[[], bool]) -> None:
        """Fold texts that an older version stored; see ``text_folding_job``. Usually there is nothing to do."""
        from imagefinder.engine.indexing.text_folding_job import fold_texts

        fold_texts(self._store, no_progress, should_stop)

    def _fold_texts_for_a_moment(self, progress: ProgressCallback) -> None:
        with self._store.errors():
            if self._store.words.is_folded():
                return
        from imagefinder.engine.indexing.text_folding_job import FOLDING_S, after, fold_texts

        fold_texts(self._store, progress, after(FOLDING_S))

    def save_index(self) -> None:
        """Save an index that a search had to build, so that the next process need not build it again.

        Does nothing if there is no such index, or if it cannot be written now. Jobs save theirs when they
        end.
        """
        index = self._switcher.current().index
        if index is None or not index.is_worth_saving:
            return
        index.is_worth_saving = False  # one attempt per process
        try:
            with self._lock.hold(for_saving=True):
                index.begin_job()
                index.settle()
        except LibraryError as error:
            # The library is in use or read-only, or its disk is full. The results stand; the next process
            # rebuilds the index.
            _LOG.info("the index was not saved: %s", error)

    def end_amid_job(self) -> None:
        """Clear the quarantine note before this process ends on purpose during a job.

        Otherwise the files being decoded would become suspects of a crash. May be called from any thread at
        any time. The process should end right afterwards.
        """
        from imagefinder.engine.indexing.quarantine import IN_HAND, forget_in_hand

        try:
            forget_in_hand(self.folder / IN_HAND)
        except OSError as error:
            _LOG.info("could not clear the note of files being decoded: %s", error)

    def save_before_closing(self) -> None:
        """Save the index as a stopped job left it, if that is quick (0.5 s for 60,000 vectors).

        Does nothing if there is nothing new to save, or if it cannot be written now.
        """
        index = self._switcher.current().index
        if index is None or not index.is_ready:
            return
        try:
            with self._lock.hold(for_saving=True):
                index.save(_SAVED_IN_A_MOMENT)
        except LibraryError as error:
            # The next process reconciles the existing checkpoint with the store.
            _LOG.info("the index was not saved: %s", error)

    def embed_images(self, paths: Sequence[Path]) -> FloatArray:
        """Return the vectors of picture files; see ``QueryEncoder.embed_images``."""
        from imagefinder.engine.search.query_encoder import QueryEncoder

        with self._store.errors():
            memory = self._switcher.current().query_vectors
            return QueryEncoder(self._store, self.embedder, None, memory, self._decoders).embed_images(paths)

    def show(
        self, item_id: int, part: int | None = None, *, side: int = 2048, words: str = "", folder: Path,
        download: bool = False,
    ) -> "ShownItem":  # fmt: skip
        """Render an item for the preview and return it with its details.

        Args:
            item_id: the item.
            part: another part of the item's file (from 1), for turning pages; None for the item's own.
            side: length of the picture's longer side in pixels, if the file has that many.
            words: text of the query, whose words are marked where they stand on the page.
            folder: folder for the rendered picture. A picture that is already there is not rendered again.
            download: whether to open a file that is online only, which downloads it.

        Raises:
            UsageError: the item is no longer in the library, or its file has no such part. A file that cannot
                be read raises nothing: its details are returned with a description of the problem.
        """
        with self._store.errors():
            return self._preview_renderer.show(item_id, part, side, words, folder, download=download)

    def make_thumbnail(self, item_id: int) -> Path:
        """Return the path of an item's thumbnail (a small JPEG), making it if it is not cached.

        Raises:
            UnreadableError: the thumbnail cannot be made; the message says why.
        """
        with self._store.errors():
            return self._preview_renderer.thumbnail(item_id)

    def thumbnail(self, hit: Hit) -> Path | None:
        """Return the path of a hit's thumbnail, or None if its file cannot be read."""
        if self._thumbnails.has(hit.thumbnail_key):
            return self._thumbnails.path(hit.thumbnail_key)
        try:
            return self.make_thumbnail(hit.item_id)
        except UnreadableError as error:
            _LOG.info("no thumbnail of %s: %s", hit.path, error)
            return None

    def _searcher(self, *, is_partial: bool) -> "Searcher":
        """Return a searcher; if ``is_partial``, one without the model, which is not loaded."""
        from imagefinder.engine.search.searcher import Searcher

        model, note = self._switcher.current(), self._partial_note()
        if is_partial:
            return Searcher(self._store, None, None, None, model.query_vectors, self._decoders, note)
        record, index = model.live_index(register=False)
        return Searcher(
            self._store,
            model.embedder,
            record,
            index,
            model.query_vectors,
            self._decoders,
            note,
            model.calibration,
        )

    def _partial_note(self) -> str:
        if self._switcher.current().failure is not None:
            return tr("The model cannot be used, so only file names and page text were searched.")
        return tr(
            "The model is still being loaded: so far only file names and page text were searched by your words."
        )

    def has_items_below(self, path: Path) -> bool:
        """Whether the library has items at or below a path, reachable or not."""
        with self._store.errors():
            return self._store.items.are_below(path)

    def coverage(self) -> tuple[int, int]:
        """Return how many items are embedded with the model in use, and how many there are."""
        with self._store.errors():
            record, _ = self._switcher.current().live_index(register=False)
            embedded = self._store.embeddings.count(record.id) if record else 0
            return embedded, self._store.items.count()

    def unread(self) -> tuple[int, bool]:
        """Return the number of pending files, and whether all scans ran to their end.

        Files that cannot be reached now are not counted.
        """
        with self._store.errors():
            return self._store.pending.count(), self._store.pending.are_walks_complete()

    def status(self, *, unreadable: bool = True) -> LibraryStatus:
        """Return the status of the library. Loads no model.

        Without the list of ``unreadable`` files this takes less than 1 ms for a million pictures.
        """
        with self._store.errors():
            return LibraryStatus(
                folder=self.folder,
                model=self._store.models.in_use,
                sources=tuple(self._store.sources.status()),
                items=self._store.items.count(),
                embedded=self._store.embeddings.counts(),
                unreadable=tuple(self._store.files.unreadable()) if unreadable else (),
                change=self._switcher.change(),
                pending=self._store.pending.count(),
            )

    def unreadable(self, source: Path | None = None) -> tuple[UnreadableFile, ...]:
        """Return the files that cannot be read, or only in part, sorted by path.

        Args:
            source: path of the source to look at; None for all sources.
        """
        with self._store.errors():
            return tuple(self._store.files.unreadable(source))

    def close(self) -> None:
        """Close the library and release the model. May be called more than once."""
        if "_decoders" in self.__dict__:
            self._decoders.close()
        self._switcher.close()
        self._store.close()
