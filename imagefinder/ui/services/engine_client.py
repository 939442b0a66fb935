"""The window's client of the engine process: sends requests, emits signals for events, restarts it if it dies."""

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
    """One engine process at a time, for as long as the window lives. Its signals arrive on the GUI thread only.

    When the engine dies, searches and thumbnails that it owed are asked for once more; what it owes at a second
    death is answered with ``Failed``, as everything else is at the first. Work on the library is taken up again by
    a scan, unless the user stopped it. A download goes on by itself in an engine that is started anew on purpose;
    after a death it is the user who says so. When to give up is ``ipc.health``'s to say.
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

    # The one way from the thread that receives to the GUI thread: the CurrentRun, and an event or its RunEnd.
    _arrived = Signal(object, object)

    def __init__(
        self, options: EngineOptions, parent: QObject | None = None, *, target: Target = run_engine
    ) -> None:
        """Nothing is started yet. ``target`` is what the process runs, for tests."""
        super().__init__(parent)
        self.options = options
        self.engine = EngineStatus(EngineState.STOPPED)
        # The latest of each, for widgets that are made later.
        self.model: ModelChanged | None = None
        self.library: LibraryChanged | None = None
        self.job: JobChanged | None = None
        self.downloads: dict[str, DownloadChanged] = {}
        """By the model's name."""
        self._last_id = 0
        self._target = target
        self._run: CurrentRun | None = None
        self._backlog: list[Request] = []
        """Requests that wait for a run."""
        self._held: list[Request] = []
        """Requests that wait for its model."""
        self._model_requests: set[int] = set()
        """Ids of the ``UseModel`` that were not answered yet."""
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
        """Of the run that was ended from outside, and that another one follows in a moment."""
        self._arrived.connect(self._on_event)

    def next_id(self) -> int:
        """A request id that was not used before."""
        self._last_id += 1
        return self._last_id

    @property
    def pid(self) -> int | None:
        """The engine's process id, where one is running."""
        return self._run.process.pid if self._run is not None else None

    @property
    def is_paused(self) -> bool:
        """Whether the user paused the work, which outlives the engine."""
        return self._intent.is_paused

    def start(self, options: EngineOptions | None = None) -> None:
        """Start the engine's process, with other options where given; returns at once.

        Nothing happens where one is running.
        """
        if self._run is None:
            if options is not None:
                self.options = options
                self._intent.is_paused = options.paused
            self._restart_policy.forgive()
            self._begin(EngineStatus(EngineState.STARTING))

    def send(self, request: Request) -> None:
        """Send a request; returns at once. While the engine starts, requests wait for it.

        Where none will start by itself (``BROKEN``, ``STOPPED``), they wait for ``restart`` or ``start``.
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
            # The search has to be done anew first, and not without the model.
            self._held.append(request)
        elif (answer := self._pending.refuse(request)) is not None:
            # Later, as any answer comes.
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
        """Send a request whose ``request_id`` is a ``next_id``, and call back with its reply; returns the id.

        ``on_reply`` gets the event that answers it (``Done``, ``ItemShown``, …), ``on_error`` the sentence why it
        could not be carried out. Methods of Qt objects that were deleted meanwhile are not called.
        """
        request_id: int = getattr(request, "request_id")  # noqa: B009 - most kinds of request have one
        self._replies.expect(request_id, on_reply, on_error)
        self.send(request)
        return request_id

    def forget(self, request_id: int) -> None:
        """Do not call back with the reply to this request."""
        self._replies.forget(request_id)

    def restart(self, options: EngineOptions | None = None) -> None:
        """End the engine and start it anew, with other options where given; also after ``BROKEN``.

        Returns at once; what was asked for and not answered is asked for again, unless of another library.
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
        """End the engine; after the timeout, by force. Returns whether it ended by itself.

        Waits for that, so it is for the window's end. No signal comes after it but ``engine_changed``.
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
        """What was asked of one library means something else in another: the numbers of its items, for one."""
        for request in (*self._held, *self._backlog):
            self._pending.send(request)
        settlement = self._pending.settle(by_death=False)
        answers = settlement.answers
        self._pending = PendingRequests()
        # A model's files belong to no library.
        self._backlog = [request for request in settlement.again if isinstance(request, DownloadModel)]
        self._held = []
        self._model_requests.clear()
        self.library = None
        self._intent.is_cancelled = False
        if self._run is not None:
            self._run.is_unheard = True
        for answer in answers:
            # Later, as any answer comes.
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
        # Last, because whoever hears it may send, restart or stop.
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
                    # Another job than the one that was cancelled.
                    self._intent.is_cancelled = False
            case DownloadChanged():
                self.downloads[event.name] = event
            case Done() if event.request_id in self._model_requests:
                # The library itself knows its models: the one that an engine was started with counts no longer.
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
            # Who ended it may be ending the window too, as a system that shuts down does.
            _LOG.info("the engine was ended from outside")
            self._return.start()
            self._ended = end
        else:
            _LOG.error("the engine died:\n%s", end.report)
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
                "The part of imagefinder that reads pictures stopped several times in a row and is not started "
                "again. Nothing is lost. You can start it again, and copy a report about it."
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
