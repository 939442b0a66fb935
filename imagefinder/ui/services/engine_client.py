"""Client of the engine process, which sends requests, emits events as signals, and handles crashes."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from imagefinder.domain.jobs import JobState, JobStatus
from imagefinder.ipc.client.crash_report import crash_report
from imagefinder.ipc.client.engine_process import EngineProcess, Target, what_happened
from imagefinder.ipc.client.pending_requests import PendingRequests
from imagefinder.ipc.client.restart_policy import RestartPolicy
from imagefinder.ipc.entry import run_engine
from imagefinder.ipc.messages import (
    Done,
    DownloadChanged,
    DownloadModel,
    EngineOptions,
    Event,
    Failed,
    Hits,
    JobChanged,
    LibraryChanged,
    LibraryUnusable,
    ModelChanged,
    ModelState,
    MoreHits,
    Request,
    ThumbnailMade,
    UseModel,
)
from imagefinder.paths import default_places
from imagefinder.translation import tr
from imagefinder.ui.services.engine_status import CurrentRun, JobIntent, RunEnd
from imagefinder.ui.services.engine_status import EngineState as EngineState
from imagefinder.ui.services.engine_status import EngineStatus as EngineStatus
from imagefinder.ui.services.reply_callbacks import ReplyCallbacks

_LOG = logging.getLogger(__name__)

_STOP_S = 3.0
_RETURN_MS = 600
_TRACE = "engine-crash.log"


class EngineClient(QObject):
    """Owner of the engine process, which sends it requests and emits its events as signals.

    There is at most one process at a time. All methods must be called on the GUI thread, and all signals are
    emitted there.

    If the engine process crashes, pending searches, thumbnails and requests to hide items are sent again to
    its successor, but searches and thumbnails only once: at the second crash they are answered with a
    failure, as all other pending requests are at the first. A job continues by a rescan, unless the user
    cancelled it. A download continues automatically after an intended restart; after a crash the user has to
    continue it. ``RestartPolicy`` decides when a crashed process is not restarted any more.
    """

    engine_changed = Signal(object)  # EngineStatus
    model_changed = Signal(object)  # messages.ModelChanged
    library_changed = Signal(object)  # messages.LibraryChanged
    job_changed = Signal(object)  # messages.JobChanged
    hits_received = Signal(object)  # messages.Hits
    thumbnail_made = Signal(object)  # messages.ThumbnailMade
    download_changed = Signal(object)  # messages.DownloadChanged
    done = Signal(object)  # messages.Done
    failed = Signal(object)  # messages.Failed

    # The only connection from the receiving thread to the GUI thread: the CurrentRun, and an event or its RunEnd.
    _arrived = Signal(object, object)

    def __init__(
        self, options: EngineOptions, parent: QObject | None = None, *, target: Target = run_engine
    ) -> None:
        """Create the client without starting a process. Tests may replace the process's ``target``."""
        super().__init__(parent)
        self.options = options
        self.engine = EngineStatus(EngineState.STOPPED)
        # The latest event of each kind, for widgets created later.
        self.model: ModelChanged | None = None
        self.library: LibraryChanged | None = None
        self.job: JobChanged | None = None
        self.downloads: dict[str, DownloadChanged] = {}
        """Latest download event by name of the model."""
        self._last_id = 0
        self._target = target
        self._run: CurrentRun | None = None
        self._backlog: list[Request] = []
        """Requests to send when a process is started."""
        self._held: list[Request] = []
        """Requests to send when the process has loaded its model."""
        self._model_requests: set[int] = set()
        """Ids of the pending ``UseModel`` requests."""
        self._restart_policy = RestartPolicy()
        self._pending = PendingRequests()
        self._intent = JobIntent(is_paused=options.paused)
        self._trace = default_places().logs / _TRACE
        self._replies = ReplyCallbacks()
        self._signals = {
            ModelChanged: self.model_changed,
            LibraryChanged: self.library_changed,
            JobChanged: self.job_changed,
            Hits: self.hits_received,
            ThumbnailMade: self.thumbnail_made,
            DownloadChanged: self.download_changed,
            Done: self.done,
            Failed: self.failed,
        }
        self._deadline = QTimer(self, singleShot=True, interval=int(_STOP_S * 1000))
        self._deadline.timeout.connect(self._kill)
        self._return = QTimer(self, singleShot=True, interval=_RETURN_MS)
        self._return.timeout.connect(self._come_back)
        self._ended: RunEnd | None = None
        """End of a run that was terminated from outside and is about to be restarted; else None."""
        self._arrived.connect(self._on_event)

    def next_id(self) -> int:
        """Return a new request id."""
        self._last_id += 1
        return self._last_id

    @property
    def pid(self) -> int | None:
        """Id of the engine process, or None if there is none."""
        return self._run.process.pid if self._run is not None else None

    @property
    def is_paused(self) -> bool:
        """Whether the user has paused indexing. This is kept across restarts of the engine process."""
        return self._intent.is_paused

    def start(self, options: EngineOptions | None = None) -> None:
        """Start the engine process without waiting for it, with new options if given.

        Does nothing if a process is running.
        """
        if self._run is None:
            if options is not None:
                self.options = options
                self._intent.is_paused = options.paused
            self._restart_policy.forgive()
            self._begin(EngineStatus(EngineState.STARTING))

    def send(self, request: Request) -> None:
        """Send a request without blocking. Requests are queued while the engine process starts.

        In the states ``BROKEN`` and ``STOPPED`` they are queued until ``restart`` or ``start`` is called.
        """
        self._intent.note(request)
        if isinstance(request, UseModel):
            self._model_requests.add(request.request_id)
        if self._run is None or self._run.is_ending:
            self._backlog.append(request)
            return
        if (
            isinstance(request, MoreHits)
            and self._pending.is_forgotten(request)
            and not self._is_model_ready()
        ):
            # The search has to be repeated first, which requires the model.
            self._held.append(request)
        elif (answer := self._pending.refuse(request)) is not None:
            # Deliver it asynchronously, like all answers.
            QTimer.singleShot(0, self, lambda: self._emit(answer))
        else:
            for each in self._pending.send(request):
                self._run.process.send(each)

    def request(
        self,
        request: Request,
        on_reply: Callable[[Any], None] | None = None,
        on_error: Callable[[str], None] | None = None,
    ) -> int:
        """Send a request and call back once with its reply, unless the callback's Qt object was deleted.

        Args:
            request: A request whose ``request_id`` was obtained from ``next_id``.
            on_reply: Called with the event that answers the request (``Done``, ``ItemShown``, …).
            on_error: Called with the reason, as a text for the user, if the request failed.

        Returns:
            The request's id.
        """
        request_id: int = getattr(request, "request_id")  # noqa: B009 - not all types of Request have one
        self._replies.expect(request_id, on_reply, on_error)
        self.send(request)
        return request_id

    def forget(self, request_id: int) -> None:
        """Discard the callbacks of a request."""
        self._replies.forget(request_id)

    def restart(self, options: EngineOptions | None = None) -> None:
        """Restart the engine process without waiting for it, with new options if given.

        In the states ``BROKEN`` and ``STOPPED``, this starts a process. Pending searches, thumbnails,
        requests to hide items and downloads are sent again, and other pending requests fail. With another
        library, only downloads continue.
        """
        if options is not None:
            if options.library != self.options.library:
                self._leave_library()
            self.options = options
            self._intent.is_paused = options.paused
        if self._run is None:
            self.start()
        elif not self._run.is_ending:
            self._run.is_ending = True
            self._run.process.ask_to_stop()
            self._deadline.start()
            self._tell(EngineStatus(EngineState.STARTING))

    def stop(self, timeout_s: float = _STOP_S) -> bool:
        """Stop the engine process and wait for it to exit; kill it after ``timeout_s`` seconds.

        This blocks, so it should be called only when the program quits. Afterwards no signal but
        ``engine_changed`` is emitted.

        Returns:
            Whether the process exited without being killed.
        """
        self._deadline.stop()
        self._return.stop()
        run, self._run = self._run, None
        ended = run.process.stop(timeout_s) if run is not None else True
        self._pending = PendingRequests()
        self._held = []
        self._tell(EngineStatus(EngineState.STOPPED))
        return ended

    def _leave_library(self) -> None:
        """Fail all pending requests except downloads, because item ids do not apply to another library."""
        for request in (*self._held, *self._backlog):
            self._pending.send(request)
        settlement = self._pending.settle(by_death=False)
        answers = settlement.answers
        self._pending = PendingRequests()
        # Model files are independent of the library.
        self._backlog = [request for request in settlement.again if isinstance(request, DownloadModel)]
        self._held = []
        self._model_requests.clear()
        self.library = None
        self._intent.is_cancelled = False
        if self._run is not None:
            self._run.is_unheard = True
        for answer in answers:
            # Deliver it asynchronously, like all answers.
            QTimer.singleShot(0, self, partial(self._emit, answer))

    def _begin(self, status: EngineStatus) -> None:
        self._return.stop()
        self._ended = None
        self._restart_policy.begin(time.monotonic())
        process = EngineProcess(
            self._intent.options(self.options),
            self._trace,
            on_event=lambda event: self._arrived.emit(run, event),
            on_end=lambda ending: self._arrived.emit(
                run, RunEnd(ending, crash_report(ending.words, self._trace))
            ),
            target=self._target,
        )
        run = self._run = CurrentRun(process)
        process.start()
        backlog, self._backlog = self._backlog, []
        for request in backlog:
            self.send(request)
        # Last, because receivers may call send, restart or stop.
        self._tell(status)

    def _is_at_work(self) -> bool:
        if self.job is None:
            return False
        status = self.job.status
        return bool(status.state is JobState.RUNNING or status.sources or status.waiting)

    def _on_event(self, run: CurrentRun, event: Event | RunEnd) -> None:
        if run is not self._run:
            return
        if isinstance(event, RunEnd):
            self._on_run_ended(run, event)
        elif run.is_unheard:
            return
        elif isinstance(event, LibraryUnusable):
            run.unusable = event.message
        elif self._pending.receive(event):
            self._hear(event)

    def _hear(self, event: Event) -> None:
        match event:
            case ModelChanged():
                self.model = event
            case LibraryChanged():
                self._restart_policy.note_library(event)
                self.library = event
            case JobChanged():
                self._restart_policy.note_job(event.status)
                was_at_rest = not self._is_at_work()
                self.job = event
                if was_at_rest and self._is_at_work():
                    # This is not the job that was cancelled.
                    self._intent.is_cancelled = False
            case DownloadChanged():
                self.downloads[event.name] = event
            case Done() if event.request_id in self._model_requests:
                # The library records its model, so the one given at start no longer applies.
                self.options = replace(self.options, model=None)
        if isinstance(event, Done | Failed):
            self._model_requests.discard(event.request_id)
        if self._run is not None and not self._run.is_ending and self.engine.state is not EngineState.RUNNING:
            self._tell(EngineStatus(EngineState.RUNNING))
        self._emit(event)
        if isinstance(event, ModelChanged) and event.state is not ModelState.LOADING:
            held, self._held = self._held, []
            for request in held:
                self.send(request)

    def _emit(self, event: Event) -> None:
        self._replies.deliver(event)
        if (signal := self._signals.get(type(event))) is not None:
            signal.emit(event)

    def _is_model_ready(self) -> bool:
        return self.model is not None and self.model.state is not ModelState.LOADING

    def _on_run_ended(self, run: CurrentRun, end: RunEnd) -> None:
        self._deadline.stop()
        self._run = None
        settlement = self._pending.settle(by_death=not run.is_ending)
        self._backlog = [*settlement.again, *self._held, *self._backlog]
        self._held = []
        self._say_nothing_is_in_work()
        self._end_downloads(still={each.name for each in self._backlog if isinstance(each, DownloadModel)})
        if run.is_ending:
            self._restart_policy.forgive()
            self._begin(EngineStatus(EngineState.STARTING))
        elif run.unusable:
            self._tell(EngineStatus(EngineState.BROKEN, run.unusable))
        elif end.ending.was_asked_for:
            # Whatever terminated it, such as a shutdown of the system, may be about to terminate the window, too.
            _LOG.info("engine process was terminated from outside")
            self._return.start()
            self._ended = end
        else:
            _LOG.error("engine process died:\n%s", end.report)
            self._start_again_or_give_up(end)
        for answer in settlement.answers:
            self._emit(answer)

    def _end_downloads(self, still: set[str]) -> None:
        for name, download in list(self.downloads.items()):
            if not download.is_over and name not in still:
                self.downloads[name] = replace(download, rate=0.0, is_over=True)
                self._emit(self.downloads[name])

    def _come_back(self) -> None:
        if self._run is None and self._ended is not None:
            self._start_again_or_give_up(self._ended)

    def _start_again_or_give_up(self, end: RunEnd) -> None:
        report = end.report
        if self._restart_policy.may_go_on(time.monotonic()):
            self._begin(EngineStatus(EngineState.RESTARTING, what_happened(end.ending), report))
        else:
            message = tr(
                "imagefinder's background process stopped several times in a row and wasn't restarted. Nothing "
                "was lost. Try again. If this keeps happening, report the problem."
            )
            self._tell(EngineStatus(EngineState.BROKEN, message, report))

    def _say_nothing_is_in_work(self) -> None:
        self._intent.was_at_work = self._is_at_work()
        self.job = JobChanged(JobStatus(JobState.PAUSED if self._intent.is_paused else JobState.IDLE))
        self.job_changed.emit(self.job)
        if self.model is not None:
            self.model = ModelChanged(ModelState.LOADING, self.model.name)
            self.model_changed.emit(self.model)

    def _kill(self) -> None:
        if self._run is not None:
            self._run.process.kill()

    def _tell(self, status: EngineStatus) -> None:
        self.engine = status
        self.engine_changed.emit(status)
