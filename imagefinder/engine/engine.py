"""The facade of the engine: everything that the window, the command line and the Python API ask of a library."""

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

_SAVED_IN_A_MOMENT = 300_000_000  # bytes: about a second on a disk of the slower kind


class Engine:
    """One library with one embedder. Searching is safe from several threads; one job changes it at a time.
    What searches, what changes the library and what shows an item are imported when they are first asked for: most
    processes need one of them.
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

        ``embedder`` is called with a model's name (None: a library that has none yet) once it is needed. ``model``
        is to be used whatever the library says. ``cloud`` makes what tells which files are online only.

        Raises:
            LibraryError: the folder cannot be made or written, or the library in it cannot be used.
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
        """The model that answers, and changing it."""

    @cached_property
    def jobs(self) -> "LibraryJobs":
        """What changes the library: adding sources, bringing them up to date, removing them."""
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
        """Those of query pictures, previews and thumbnails; a job has its own."""
        from imagefinder.isolation import decode_limits, decoders

        return decoders.Decoders(limits=decode_limits.limits_for_who_waits())

    # The model

    @property
    def embedder(self) -> Embedder:
        """The model in use.

        Raises:
            ModelError: it cannot be had; the message says why and what to do.
        """
        return self._switcher.current().embedder

    # Changing the library beside its jobs

    def set_hidden(self, item_ids: Sequence[int], hidden: bool) -> None:
        """Hide items from results, or show them again; those that are gone are passed over.

        It is the picture that is hidden: with an item all copies of the same content, also those found later. It
        is kept with the library, under any model, and wherever the file moves. A job may be running meanwhile.

        Raises:
            LibraryError: it cannot be written.
        """
        with disk_errors(self.folder), self._store.errors():
            self._store.items.set_hidden(item_ids, hidden)

    # Asking it

    def search(self, query: Query, progress: ProgressCallback = no_progress) -> SearchResult:
        """Answer a query with at most ``Query.limit`` hits; raises as ``start_search``, and UsageError for a limit
        below 1."""
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
        """Answer a query with a list that is read in pages, to its end if one likes; see ``Searcher.start``.

        With another ``sort`` than by relevance, the best 500 hits of a group are sorted among themselves, then the
        next 500, and so on. Without ``may_load`` a model that is not loaded takes no part, but for the vectors the
        library has; the list's ``is_partial`` and ``note`` say so.

        Raises:
            UsageError: the query is empty or longer than ``MOST_CHARACTERS``, one of its pictures cannot be read,
                or one of its items is gone.
            ModelError: the model cannot be had; not without ``may_load``.
        """
        refuse_long_text(query.text)
        with self._store.errors():
            searcher = self._searcher(is_partial=not may_load and self._switcher.current().made is None)
            return searcher.start(query, sort, progress, may_load=may_load)

    def fold_texts(self, should_stop: Callable[[], bool]) -> None:
        """See ``text_folding_job``; there is nothing to do but once in a library of an older version."""
        from imagefinder.engine.indexing.text_folding_job import fold_texts

        fold_texts(self._store, no_progress, should_stop)

    def _fold_texts_for_a_moment(self, progress: ProgressCallback) -> None:
        with self._store.errors():
            if self._store.words.is_folded():
                return
        from imagefinder.engine.indexing.text_folding_job import FOLDING_S, after, fold_texts

        fold_texts(self._store, progress, after(FOLDING_S))

    def save_index(self) -> None:
        """Keep an index that a search had to build, so that the next start has it at once, as jobs do at their end.
        Does nothing where there is none to keep, or where it cannot be written now.
        """
        index = self._switcher.current().index
        if index is None or not index.is_worth_saving:
            return
        index.is_worth_saving = False  # one try a process
        try:
            with self._lock.hold(for_saving=True):
                index.begin_job()
                index.settle()
        except LibraryError as error:
            # In use, read-only, or full: the answer stands, and the next process builds the index again.
            _LOG.info("the index was not saved: %s", error)

    def end_amid_job(self) -> None:
        """This process ends on purpose, and a job does not: what it reads is no suspect of a crash then. Safe in any
        thread, and at any moment; the process should end right after it.
        """
        from imagefinder.engine.indexing.quarantine import IN_HAND, forget_in_hand

        try:
            forget_in_hand(self.folder / IN_HAND)
        except OSError as error:
            _LOG.info("what is in hand is still noted: %s", error)

    def save_before_closing(self) -> None:
        """Keep the index as a job that was stopped left it, where that takes a moment: 0.5 s for 60,000 vectors.
        Does nothing where there is nothing new to keep, or where it cannot be written now.
        """
        index = self._switcher.current().index
        if index is None or not index.is_ready:
            return
        try:
            with self._lock.hold(for_saving=True):
                index.save(_SAVED_IN_A_MOMENT)
        except LibraryError as error:
            # The next process brings the checkpoint there is into step with the store.
            _LOG.info("the index was not saved: %s", error)

    def embed_images(self, paths: Sequence[Path]) -> FloatArray:
        """Vectors of picture files; see ``QueryEncoder.embed_images``."""
        from imagefinder.engine.search.query_encoder import QueryEncoder

        with self._store.errors():
            memory = self._switcher.current().query_vectors
            return QueryEncoder(self._store, self.embedder, None, memory, self._decoders).embed_images(paths)

    def show(
        self, item_id: int, part: int | None = None, *, side: int = 2048, words: str = "", folder: Path,
        download: bool = False,
    ) -> "ShownItem":  # fmt: skip
        """Render an item for the preview and tell about it.

        Args:
            item_id: the item.
            part: another part of its file (from 1), for turning pages; None for its own.
            side: pixels that the picture's longer side shall have, if the file has them.
            words: a query's text; where its words stand on the page is marked.
            folder: where the picture is written to; asked again, it is not rendered again.
            download: whether to open a file that is online only.

        Raises:
            UsageError: the item is gone, or its file has no such part. A file that cannot be read raises nothing:
                its details come, and the problem in words.
        """
        with self._store.errors():
            return self._preview_renderer.show(item_id, part, side, words, folder, download=download)

    def make_thumbnail(self, item_id: int) -> Path:
        """A small JPEG of an item, from the cache or made now.

        Raises:
            UnreadableError: there can be none; the message says why.
        """
        with self._store.errors():
            return self._preview_renderer.thumbnail(item_id)

    def thumbnail(self, hit: Hit) -> Path | None:
        """As ``make_thumbnail``; None where the hit's file cannot be read."""
        if self._thumbnails.has(hit.thumbnail_key):
            return self._thumbnails.path(hit.thumbnail_key)
        try:
            return self.make_thumbnail(hit.item_id)
        except UnreadableError as error:
            _LOG.info("no thumbnail of %s: %s", hit.path, error)
            return None

    def _searcher(self, *, is_partial: bool) -> "Searcher":
        """``is_partial``: without the model, which is not loaded."""
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
        """Whether anything at or below a path is in the library, there now or not."""
        with self._store.errors():
            return self._store.items.are_below(path)

    def coverage(self) -> tuple[int, int]:
        """How many pictures and pages are embedded with the model in use, and how many there are."""
        with self._store.errors():
            record, _ = self._switcher.current().live_index(register=False)
            embedded = self._store.embeddings.count(record.id) if record else 0
            return embedded, self._store.items.count()

    def unread(self) -> tuple[int, bool]:
        """How many files are known of and not yet read, and whether all folders were looked through to the end.

        What cannot be reached now does not count.
        """
        with self._store.errors():
            return self._store.pending.count(), self._store.pending.are_walks_complete()

    def status(self, *, unreadable: bool = True) -> LibraryStatus:
        """What is in the library. Loads no model.

        Cheap at any size without the list of ``unreadable`` files: below 1 ms for a million pictures.
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
        """The files, of one source or of all, that cannot be read whole, by path."""
        with self._store.errors():
            return tuple(self._store.files.unreadable(source))

    def close(self) -> None:
        """Let go of the library and the model. Harmless when called again."""
        if "_decoders" in self.__dict__:
            self._decoders.close()
        self._switcher.close()
        self._store.close()
