"""Reporting of the state and progress of jobs to the window."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from imagefinder.domain.jobs import IndexReport, JobState, JobStatus, Phase, Progress
from imagefinder.ipc.messages import Event, JobChanged
from imagefinder.ipc.worker.throughput import Throughput

_BETWEEN_S = 0.1


class JobReporter:
    """Sender of ``JobChanged``. Progress is sent at most ten times a second, changes of state at once. Thread-safe."""

    def __init__(
        self, send: Callable[[Event], None], flush: Callable[[], object], *, is_paused: bool = False
    ) -> None:
        """``flush`` waits until all events are written to the pipe."""
        self._send = send
        self._flush = flush
        self._lock = threading.RLock()
        self._throughput = Throughput()
        self._is_paused = is_paused
        self._is_at_work = False
        self._status = JobStatus()
        self._last = 0.0

    @property
    def is_paused(self) -> bool:
        """Whether the user has paused jobs."""
        return self._is_paused

    def tell(self) -> None:
        """Send the current status, although nothing has changed."""
        with self._lock:
            self._tell()

    def wait(self, waiting: tuple[Path, ...], *, is_loading: bool = False) -> None:
        """Report the sources that wait for the running job to end, or for the model if ``is_loading``."""
        with self._lock:
            if self._is_at_work:
                self._status = replace(self._status, waiting=waiting)
            elif is_loading:
                loading = Progress(Phase.LOADING_MODEL, 0, None)
                self._status = JobStatus(sources=waiting, progress=loading)
            else:
                self._status = JobStatus(waiting=waiting)
            self._tell()

    def begin(self, sources: tuple[Path, ...]) -> None:
        """Report the start of a job on these sources, and wait until the event is written to the pipe.

        If decoding a file then crashes this process, the window knows that files were being decoded.
        """
        with self._lock:
            self._is_at_work = True
            self._throughput.reset()
            self._status = JobStatus(sources=sources, progress=Progress(Phase.SCANNING, 0, None))
            self._tell()
        self._flush()

    def move(self, progress: Progress) -> None:
        """Report progress of the job."""
        with self._lock:
            now = time.monotonic()
            self._throughput.take(progress, now)
            # A change of phase is always sent.
            is_other = self._status.progress is None or self._status.progress.phase is not progress.phase
            self._status = replace(
                self._status,
                progress=progress,
                rate=self._throughput.per_second if progress.phase is Phase.EMBEDDING else 0.0,
                seconds_left=self._throughput.seconds_left(progress),
            )
            if is_other or progress.done == progress.total or now - self._last >= _BETWEEN_S:
                self._tell()

    def end(self, waiting: tuple[Path, ...], report: IndexReport | None, error: str) -> None:
        """Report the end of the job, and the sources that wait for the next one."""
        with self._lock:
            self._is_at_work = False
            self._status = JobStatus(waiting=waiting, error=error, report=report)
            self._tell()

    def pause(self) -> None:
        """Report that jobs are paused."""
        with self._lock:
            self._is_paused = True
            self._status = replace(self._status, rate=0.0, seconds_left=None)
            self._tell()

    def resume(self) -> None:
        """Report that jobs are resumed."""
        with self._lock:
            self._is_paused = False
            self._throughput.reset()
            self._tell()

    def _tell(self) -> None:
        if self._is_paused:
            state = JobState.PAUSED
        elif self._is_at_work or self._status.progress is not None:
            state = JobState.RUNNING
        else:
            state = JobState.IDLE
        self._status = replace(self._status, state=state)
        self._last = time.monotonic()
        self._send(JobChanged(self._status))
