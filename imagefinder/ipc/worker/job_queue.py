"""The job thread, which runs indexing jobs and tasks that cannot run at the same time as a job."""

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
    """The running job. Guarded by the queue's lock, except ``has_reported_scan``, which only the job thread uses."""

    token: CancelToken = field(default_factory=CancelToken)
    is_interrupted: bool = False
    """Whether the job was stopped for a task and will be resumed after it."""
    has_reported_scan: bool = False
    """Whether the results of the scans have been reported to the window."""


class JobQueue:
    """Queue of indexing jobs and tasks, carried out on one thread.

    A job starts once the model is loaded, jobs are not paused, and no other job is running. All rescans requested by
    then become one job, so that files moved from one source to another are recognised.
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
            engine: The engine of the library.
            loader: The loader of its model.
            library: Reports the library's status after a job has changed it.
            reporter: Reports the state and progress of jobs.
            rescan_s: Seconds after the last job until all sources are rescanned; 0 for never.
            retry_s: Seconds until a job is tried again if another process was changing the library.
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
        """Whether there may be background scores or folded texts to prepare for searches."""
        self._is_stopped = False
        """Whether the user cancelled the last job. No automatic rescan starts until the next request."""
        self._is_closing = False
        self._not_before = 0.0
        self._last_end = time.monotonic()
        self._thread = threading.Thread(target=self._work, name="indexer", daemon=True)
        loader.on_over(self._look_again)

    @property
    def is_at_work(self) -> bool:
        """Whether the job thread is running. After ``close``, this means that a job did not end in time."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the job thread."""
        self._thread.start()

    def rescan(
        self, paths: Sequence[Path] = (), retry: Sequence[Path] = (), *, download: bool = False
    ) -> None:
        """Queue a rescan of the given sources, or of all sources if none are given, without blocking."""
        with self._changed:
            self._pending.add(paths, retry, download=download)
            self._is_stopped = False
            self._not_before = 0.0
            self._show_waiting()
            self._changed.notify()

    @contextmanager
    def no_job_begins(self) -> Iterator[None]:
        """Prevent jobs from starting inside the context.

        Sources that are added and then queued for a rescan inside it are handled by one job and appear in its report.
        Otherwise a job that starts in between would index them, and the requested one would find nothing to do.
        """
        with self._changed:
            yield

    def pause(self) -> None:
        """Pause jobs at the next safe point, after the current batch is committed."""
        with self._changed:
            if self._job is not None:
                self._job.token.pause()
            self._reporter.pause()

    def resume(self) -> None:
        """Resume jobs."""
        with self._changed:
            self._reporter.resume()
            if self._job is not None:
                self._job.token.resume()
            self._changed.notify()

    def cancel(self) -> None:
        """Stop the running job and drop the waiting ones. Committed items are kept."""
        with self._changed:
            self._pending = PendingRescans()
            self._is_stopped = True
            if self._job is not None:
                self._job.is_interrupted = False
                self._job.token.cancel()
            self._show_waiting()

    def do(self, task: Task) -> None:
        """Queue a task that changes the library, to run as soon as possible. The task must handle its own errors.

        The running job is interrupted for the task and resumed after it. Its finished work is committed, and the rest
        is found by a new scan.
        """
        with self._changed:
            self._tasks.append(task)
            if self._job is not None:
                self._job.is_interrupted = True
                self._job.token.cancel()
            self._changed.notify()

    def close(self, timeout_s: float) -> None:
        """Stop the running job, committing its current batch, and wait at most ``timeout_s`` seconds."""
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
                # If not paused, a job starts now and reports its state itself.
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
            except Exception:  # noqa: BLE001 - an error in one task must not end the queue
                _LOG.exception("a task on the job thread failed")

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
            and not self._pending  # a job is waiting to be allowed to start
            and self._loader.is_over
            and not self._loader.error
            and not self._reporter.is_paused
        ):
            self._is_warm_up_due = False
            return self._warm_up
        return None

    def _warm_up(self) -> None:
        """Prepare folded texts and background scores in idle time, which searches would else have to compute."""

        def should_stop() -> bool:
            self._is_warm_up_due = bool(
                self._tasks or self._pending or self._is_closing or self._reporter.is_paused
            )
            return self._is_warm_up_due

        try:
            self._engine.fold_texts(should_stop)
            self._engine.models.warm_background_stats(should_stop)
        except ImageFinderError as error:
            _LOG.info("preparation for searches failed; searches will do it when needed: %s", error)

    def _seconds_to_wait(self) -> float | None:
        """Return the seconds until a job is due by time, or None if there is no such job."""
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
        except Exception:  # noqa: BLE001 - an internal error must not end the thread
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
        """Return all rescans requested so far, and the sources to scan. Later requests belong to the next job."""
        with self._changed:
            self._library.report()
            self._pending.put_back(wanted)
            wanted, self._pending = self._pending, PendingRescans()
            return wanted, wanted.among(self._library.sources)

    def _on_progress(self, job: _RunningJob, progress: Progress) -> None:
        self._reporter.move(progress)
        if not job.has_reported_scan and progress.phase not in (Phase.SCANNING, Phase.FOLDING_TEXTS):
            # The scans are complete, so the number of files to read in each source is known.
            job.has_reported_scan = True
            self._library.report()
        elif progress.items:
            self._library.report_now_and_then()

    def _report_library(self) -> None:
        try:
            self._library.report()
        except ImageFinderError as error:
            _LOG.warning("cannot read the library's status: %s", error)
