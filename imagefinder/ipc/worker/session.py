"""Composition root of the engine process: one open library and its worker threads."""

import logging
from collections.abc import Callable
from functools import partial

from imagefinder.api import ImageFinder
from imagefinder.domain.errors import ImageFinderError
from imagefinder.domain.model_names import model_title
from imagefinder.embedders.importing.importer import import_model
from imagefinder.embedders.model_registry import available
from imagefinder.ipc.messages import (
    AddSources,
    CancelDownload,
    CancelJobs,
    ClosePane,
    Done,
    DownloadModel,
    EngineOptions,
    Event,
    Failed,
    ImportModel,
    ListModels,
    ListUnreadable,
    MakeThumbnail,
    Models,
    MoreHits,
    PauseJobs,
    RemoveModel,
    RemoveSources,
    Request,
    Rescan,
    ResumeJobs,
    Search,
    SetHidden,
    ShowItem,
    Unreadable,
    UseModel,
)
from imagefinder.ipc.worker.downloads import Downloads
from imagefinder.ipc.worker.idle_unloader import IdleUnloader
from imagefinder.ipc.worker.job_queue import JobQueue
from imagefinder.ipc.worker.job_reporter import JobReporter
from imagefinder.ipc.worker.library_reporter import LibraryReporter
from imagefinder.ipc.worker.model_loader import ModelLoader
from imagefinder.ipc.worker.render_worker import RenderWorker
from imagefinder.ipc.worker.search_worker import SearchWorker
from imagefinder.paths import default_places
from imagefinder.readers.reader_registry import extensions
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)

_JOB_ENDS_IN_S = 2.2
"""Seconds allowed for a job to end, out of the three that the window allows the whole process."""
_DESK_CLOSES_IN_S = 0.1


class EngineSession:
    """Composition root that creates the workers and dispatches each request to one of them."""

    def __init__(
        self, options: EngineOptions, send: Callable[[Event], None], flush: Callable[[], object]
    ) -> None:
        """Open the library without starting any work.

        Raises:
            ImageFinderError: The library cannot be used; the message says why and what to do.
        """
        self._finder = ImageFinder.open(options.library, model=options.model, device=options.device)
        self._options = options
        self._send = send
        engine = self._engine = self._finder.engine
        self._library = LibraryReporter(engine, extensions(), send)
        self._loader = ModelLoader(engine, options.model or "", send)
        engine.models.on_switched(self._loader.start)
        self._idle_unloader = IdleUnloader(engine, options.release_minutes)
        self._reporter = JobReporter(send, flush, is_paused=options.paused)
        self._jobs = JobQueue(
            engine, self._loader, self._library, self._reporter, rescan_s=options.rescan_minutes * 60
        )
        self._search_worker = SearchWorker(engine, self._loader, send)
        self._downloads = Downloads(self._finder.models_dir, send, self._load_if_failed)
        self._render_worker = RenderWorker(engine, default_places(options.library).previews, send)

    def start(self) -> None:
        """Report the library's status and start the workers."""
        self._library.report()
        # Queued before the model is loaded, so that the window does not see a ready model without any job.
        if self._options.index_at_start:
            self._jobs.rescan()
        else:
            self._reporter.tell()
        self._loader.start()
        self._search_worker.start()
        self._render_worker.start()
        self._jobs.start()
        self._idle_unloader.start()

    def close(self) -> None:
        """Stop all work, committing the current batch, and close the library."""
        self._idle_unloader.close()
        self._downloads.close(0)
        self._search_worker.close(0)  # start no more work while the job ends
        self._render_worker.close(0)
        self._jobs.close(_JOB_ENDS_IN_S)
        self._search_worker.close(_DESK_CLOSES_IN_S)
        self._render_worker.close(_DESK_CLOSES_IN_S)
        if self._jobs.is_at_work:
            # Closing the library while a job is running would make the job fail. Its committed work is safe.
            _LOG.info("a job was still running when the engine ended")
            self._engine.end_amid_job()
            return
        self._engine.save_index()
        self._engine.save_before_closing()
        self._finder.close()

    def end_at_once(self) -> None:
        """Prepare for an immediate, intended exit, after which files being decoded are not taken for suspects."""
        self._engine.end_amid_job()

    def handle(self, request: Request) -> None:
        """Dispatch a request, without blocking."""
        match request:
            case Search() | MoreHits() | ClosePane() | SetHidden():
                self._search_worker.ask(request)
            case MakeThumbnail() | ShowItem():
                self._render_worker.make(request)
            case AddSources():
                # Runs at the same time as a job, which need not be interrupted.
                self._render_worker.do(partial(self._answer, request.request_id, partial(self._add, request)))
            case RemoveSources():
                self._jobs.do(partial(self._answer, request.request_id, partial(self._remove, request)))
            case UseModel():
                self._jobs.do(partial(self._answer, request.request_id, partial(self._use_model, request)))
            case Rescan():
                self._jobs.rescan(request.paths, request.retry_unreadable, download=request.download)
            case PauseJobs():
                self._jobs.pause()
            case ResumeJobs():
                self._jobs.resume()
            case CancelJobs():
                self._jobs.cancel()
            case ImportModel():
                self._render_worker.do(
                    partial(self._answer, request.request_id, partial(self._import_model, request))
                )
            case DownloadModel():
                self._downloads.ask(request)
            case CancelDownload():
                self._downloads.cancel(request.name)
            case RemoveModel() if request.with_vectors:
                self._jobs.do(partial(self._answer, request.request_id, partial(self._remove_model, request)))
            case RemoveModel():
                self._render_worker.do(
                    partial(self._answer, request.request_id, partial(self._remove_model, request))
                )
            case ListUnreadable():
                self._render_worker.do(
                    partial(self._answer, request.request_id, partial(self._unreadable, request))
                )
            case ListModels():
                self._render_worker.do(
                    partial(self._answer, request.request_id, partial(self._models, request))
                )

    def _answer(self, request_id: int, task: Callable[[], Event]) -> None:
        try:
            self._send(task())
        except ImageFinderError as error:
            self._send(Failed(request_id, str(error)))
        except Exception:  # noqa: BLE001 - an internal error must not end the thread
            _LOG.exception("a request failed")
            self._send(
                Failed(request_id, tr("This failed by a mistake in imagefinder itself. Its log says more."))
            )

    def _add(self, request: AddSources) -> Event:
        there = self._engine.jobs.files_there(request.paths)
        new = [path for path in request.paths if path not in there]
        with self._jobs.no_job_begins():
            self._engine.jobs.add_sources(new, request.options)
            self._library.report()
            self._jobs.rescan(list(dict.fromkeys([*new, *there.values()])))
        known = tr("{count} file(s) are in the library already.", "", len(there), count=f"{len(there):,}")
        return Done(request.request_id, known if there else "")

    def _remove(self, request: RemoveSources) -> Event:
        count = self._engine.jobs.remove(request.paths)
        self._library.report()
        return Done(
            request.request_id,
            tr("%n file(s) forgotten. The files themselves were not touched.", "", count),
        )

    def _use_model(self, request: UseModel) -> Event:
        present = self._engine.status(unreadable=False).model
        change = self._engine.models.change(request.name, drop_old=request.drop_old, now=request.now)
        self._library.report()
        self._jobs.rescan()
        if change is not None:
            return Done(
                request.request_id,
                tr(
                    "%n picture(s) and page(s) are indexed with {model} now; until that is done, searching goes "
                    "on as before.",
                    "",
                    change.total - change.done,
                    model=model_title(request.name),
                ),
            )
        if request.name == present:
            return Done(
                request.request_id, tr("This library stays with {model}.", model=model_title(request.name))
            )
        return Done(
            request.request_id,
            tr("This library now uses {model}.", model=model_title(request.name)),
        )

    def _import_model(self, request: ImportModel) -> Event:
        imported = import_model(request.file, request.arch, self._finder.models_dir)
        self._load_if_failed()
        here = (
            tr("These weights are here already, as {model}; nothing was copied.", model=imported.model.name)
            if imported.was_here
            else tr("{model} is here.", model=imported.model.name)
        )
        return Done(
            request.request_id, tr("{first} {second}", "two sentences", first=imported.how, second=here)
        )

    def _load_if_failed(self) -> None:
        """Load the current model again if it failed, because its files may have just arrived."""
        if self._loader.error:
            self._loader.start()
            self._jobs.rescan()

    def _remove_model(self, request: RemoveModel) -> Event:
        removed = self._finder.remove_model(request.name, with_vectors=request.with_vectors)
        self._library.report()
        return Done(
            request.request_id,
            tr(
                "{model} is removed: {count} MB are free again.",
                model=request.name,
                count=f"{removed.freed / 1e6:,.0f}",
            ),
        )

    def _unreadable(self, request: ListUnreadable) -> Event:
        return Unreadable(request.request_id, tuple(self._engine.unreadable(request.source)))

    def _models(self, request: ListModels) -> Event:
        from imagefinder.embedders.openclip import devices_here

        return Models(request.request_id, tuple(available(self._finder.models_dir)), devices_here())
