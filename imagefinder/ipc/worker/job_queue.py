"""The job thread: runs indexing jobs, and everything that cannot be done beside them."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from imagefinder.domain.errors import CancelledError, ImageFinderError, LibraryInUseError
from imagefinder.domain.jobs import IndexReport, Phase, Progress
from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.ipc.worker.job_reporter import JobReporter
from imagefinder.ipc.worker.library_reporter import LibraryReporter
from imagefinder.ipc.worker.model_loader import ModelLoader
from imagefinder.ipc.worker.pending_rescans import PendingRescans
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)

Task = Callable[[], None]


@dataclass(slots=True)
class _RunningJob:
    """The job at work. The queue's lock guards it, but for ``has_reported_scan``, which is the thread's own."""

    token: CancelToken = field(default_factory=CancelToken)
    is_interrupted: bool = False
    """It was stopped for a task, and is taken up again after."""
    has_reported_scan: bool = False
    """Whether the window was told what the scans found."""


class JobQueue:
    """Jobs wait for the model, for ``resume`` while paused, and for one another.

    What is wanted when a job begins becomes one job, so that a file moved from one source to another is known again.
    """

    def __init__(
        self,
        engine: Engine,
        loader: ModelLoader,
        library: LibraryReporter,
        reporter: JobReporter,
        *,
        rescan_s: float,
        retry_s: float = 30.0,
    ) -> None:
        """
        Args:
            engine: the library.
            loader: loads its model.
            library: is told to report when a job has changed the library.
            reporter: shows the window how the work stands.
            rescan_s: seconds of rest after which all sources are looked through again; 0 for never.
            retry_s: seconds until a library that another process was changing is tried again.
        """
        self._engine = engine
        self._loader = loader
        self._library = library
        self._reporter = reporter
        self._rescan_s = rescan_s
        self._retry_s = retry_s
        self._changed = threading.Condition()
        self._tasks: deque[Task] = deque()
        self._pending = PendingRescans()
        self._job: _RunningJob | None = None
        self._is_warm_up_due = False
        """Whether there may be pictures or texts that searches would have to prepare first."""
        self._is_stopped = False
        """The user stopped the last job: nothing begins by itself until something is asked for."""
        self._is_closing = False
        self._not_before = 0.0
        self._last_end = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="indexer", daemon=True)
        loader.on_over(self._look_again)

    @property
    def is_at_work(self) -> bool:
        """Whether its thread is running, which after ``close`` means that a job did not end in time."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    def rescan(
        self, paths: Sequence[Path] = (), retry: Sequence[Path] = (), *, download: bool = False
    ) -> None:
        """Bring these sources up to date, or all where there are none; returns at once."""
        with self._changed:
            self._pending.add(paths, retry, download=download)
            self._is_stopped = False
            self._not_before = 0.0
            self._show_waiting()
            self._changed.notify()

    @contextmanager
    def no_job_begins(self) -> Iterator[None]:
        """Inside, no job begins: what is recorded and then asked for is the work of one job, and told by its report.

        Otherwise one that begins between the two would do the work, and the next find nothing to do.
        """
        with self._changed:
            yield

    def pause(self) -> None:
        """Rest at the next safe place; the batch in hand is committed before."""
        with self._changed:
            if self._job is not None:
                self._job.token.pause()
            self._reporter.pause()

    def resume(self) -> None:
        """Go on."""
        with self._changed:
            self._reporter.resume()
            if self._job is not None:
                self._job.token.resume()
            self._changed.notify()

    def cancel(self) -> None:
        """Stop the job at work and drop those that wait; what was committed is kept."""
        with self._changed:
            self._pending = PendingRescans()
            self._is_stopped = True
            if self._job is not None:
                self._job.is_interrupted = False
                self._job.token.cancel()
            self._show_waiting()

    def do(self, task: Task) -> None:
        """Carry out a task that changes the library, as soon as can be; it must answer for its own errors.

        The job at work is interrupted for it, and taken up again after: what it did is committed, and the rest
        is found by a scan.
        """
        with self._changed:
            self._tasks.append(task)
            if self._job is not None:
                self._job.is_interrupted = True
                self._job.token.cancel()
            self._changed.notify()

    def close(self, timeout_s: float) -> None:
        """Stop the job at work, committing what is in hand; wait for that, but not longer than ``timeout_s``."""
        with self._changed:
            self._is_closing = True
            if self._job is not None:
                self._job.token.cancel()
            self._changed.notify()
        self._thread.join(timeout_s)

    def _look_again(self) -> None:
        with self._changed:
            self._is_warm_up_due = True
            if self._reporter.is_paused:
                # Otherwise a job begins now, and says so.
                self._show_waiting()
            self._changed.notify()

    def _show_waiting(self) -> None:
        waiting = self._pending.among(self._library.sources)
        is_loading = bool(waiting) and self._job is None and not self._loader.is_over
        self._reporter.wait(waiting, is_loading=is_loading)

    def _work(self) -> None:
        while True:
            with self._changed:
                while (step := self._next()) is None:
                    if self._is_closing:
                        return
                    self._changed.wait(self._seconds_to_wait())
            try:
                step()
            except Exception:  # noqa: BLE001 - a mistake of one task must not end the queue
                _LOG.exception("a change of the library failed")

    def _next(self) -> Task | None:
        if self._is_closing:
            return None
        if self._tasks:
            return self._tasks.popleft()
        now = time.monotonic()
        if not self._pending and self._rescans and now >= self._last_end + self._rescan_s:
            self._pending.add(())
        if (
            self._pending
            and self._loader.is_over
            and not self._reporter.is_paused
            and now >= self._not_before
        ):
            wanted, self._pending = self._pending, PendingRescans()
            job = self._job = _RunningJob()
            return lambda: self._run(wanted, job)
        if (
            self._is_warm_up_due
            and not self._pending  # by a job that may not begin yet
            and self._loader.is_over
            and not self._loader.error
            and not self._reporter.is_paused
        ):
            self._is_warm_up_due = False
            return self._warm_up
        return None

    def _warm_up(self) -> None:
        """Prepare, while there is time, what searches would have to: texts of older versions, background scores."""

        def should_stop() -> bool:
            self._is_warm_up_due = bool(
                self._tasks or self._pending or self._is_closing or self._reporter.is_paused
            )
            return self._is_warm_up_due

        try:
            self._engine.fold_texts(should_stop)
            self._engine.models.warm_background_stats(should_stop)
        except ImageFinderError as error:
            _LOG.info("searches will find out more by themselves: %s", error)

    def _seconds_to_wait(self) -> float | None:
        """Until a job is due that nobody will wake us for."""
        if self._reporter.is_paused or not self._loader.is_over:
            return None
        if self._pending:
            return max(0.0, self._not_before - time.monotonic())
        return max(0.0, self._last_end + self._rescan_s - time.monotonic()) if self._rescans else None

    @property
    def _rescans(self) -> bool:
        return self._rescan_s > 0 and not self._is_stopped

    def _run(self, wanted: PendingRescans, job: _RunningJob) -> None:
        report: IndexReport | None = None
        error = ""
        again = False
        try:
            wanted, sources = self._settle_what_to_do(wanted)
            if sources:
                self._reporter.begin(sources)
                report = self._engine.jobs.index(
                    lambda progress: self._on_progress(job, progress),
                    job.token,
                    paths=sources,
                    retry=tuple(wanted.retry),
                    download=tuple(wanted.download),
                )
        except CancelledError:
            report = IndexReport(cancelled=True)
        except LibraryInUseError as problem:
            error, again = str(problem), True
        except ImageFinderError as problem:
            error = str(problem)
        except Exception:  # noqa: BLE001 - our own mistake; the thread must live on
            _LOG.exception("an indexing job failed")
            error = tr(
                "Indexing stopped by a mistake in imagefinder itself. What was indexed is kept; the log says more."
            )
        with self._changed:
            self._job = None
            self._is_warm_up_due = True
            self._last_end = time.monotonic()
            is_interrupted = job.is_interrupted and report is not None and report.cancelled
            if is_interrupted or again:
                self._pending.put_back(wanted)
            if again:
                self._not_before = self._last_end + self._retry_s
            waiting = self._pending.among(self._library.sources)
        self._report_library()
        self._reporter.end(waiting, None if is_interrupted else report, error)

    def _settle_what_to_do(self, wanted: PendingRescans) -> tuple[PendingRescans, tuple[Path, ...]]:
        """What was asked for up to now, and the sources as they are now: what is added later is the next job's."""
        with self._changed:
            self._library.report()
            self._pending.put_back(wanted)
            wanted, self._pending = self._pending, PendingRescans()
            return wanted, wanted.among(self._library.sources)

    def _on_progress(self, job: _RunningJob, progress: Progress) -> None:
        self._reporter.move(progress)
        if not job.has_reported_scan and progress.phase not in (Phase.SCANNING, Phase.FOLDING_TEXTS):
            # How much of each source is to be read.
            job.has_reported_scan = True
            self._library.report()
        elif progress.items:
            self._library.report_now_and_then()

    def _report_library(self) -> None:
        try:
            self._library.report()
        except ImageFinderError as error:
            _LOG.warning("the library cannot be read: %s", error)
