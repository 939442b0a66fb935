"""The job queue, whose thread is the only one that changes the library."""

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from imagefinder.domain.errors import LibraryError, LibraryInUseError
from imagefinder.domain.jobs import IndexReport, JobState, JobStatus, Phase, Progress
from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.ipc.messages import Event, JobChanged
from imagefinder.ipc.worker.job_queue import JobQueue
from imagefinder.ipc.worker.job_reporter import JobReporter

A, B = Path("/a"), Path("/b")
_PATIENCE_S = 30.0


class LibraryJobs:
    """Fake of the engine, library reporter and model loader, which records the events sent to the window."""

    def __init__(self) -> None:
        self.sources: tuple[Path, ...] = (A, B)
        self.asked: list[tuple[Path, ...] | None] = []
        self.retried: list[tuple[Path, ...]] = []
        self.downloaded: list[tuple[Path, ...]] = []
        self.troubles: list[Exception] = []
        self.gate = threading.Event()
        self.gate.set()
        self.told: list[JobStatus] = []
        self.reports = 0
        self.is_over = True
        self.error = ""
        self.meetings = 0
        """How often the background stats were completed."""
        self.is_folded = False
        """Whether the folding of texts would have been completed."""
        self.meeting = threading.Event()
        """Set while background stats are being computed."""
        self.are_met = threading.Event()
        """Set by a test to let the computation complete."""
        self._changed = threading.Condition()
        self.ready: Callable[[], None] = lambda: None

    def on_over(self, listener: Callable[[], None]) -> None:
        self.ready = listener

    def report(self) -> None:
        self.reports += 1

    def report_now_and_then(self) -> None:
        self.report()

    def hear(self, event: Event) -> None:
        assert isinstance(event, JobChanged)
        with self._changed:
            self.told.append(event.status)
            self._changed.notify_all()

    def until(self, condition: Callable[[JobStatus], object]) -> JobStatus:
        """Wait for a status that satisfies the condition, and return it."""
        with self._changed:
            assert self._changed.wait_for(
                lambda: any(condition(status) for status in self.told), _PATIENCE_S
            ), self.told
            return next(status for status in self.told if condition(status))

    def index(
        self,
        progress: Callable[[Progress], None],
        cancel: CancelToken,
        *,
        paths: Sequence[Path] | None,
        retry: Sequence[Path],
        download: Sequence[Path],
    ) -> IndexReport:
        self.asked.append(None if paths is None else tuple(paths))
        self.retried.append(tuple(retry))
        self.downloaded.append(tuple(download))
        if self.troubles:
            raise self.troubles.pop(0)
        progress(Progress(Phase.EMBEDDING, 1, 2, items=1))
        while not self.gate.wait(0.005):
            if cancel._cancelled.is_set():
                return IndexReport(indexed=1, cancelled=True)
        return IndexReport(indexed=2)

    def fold_texts(self, should_stop: Callable[[], bool]) -> None:
        self.is_folded = not should_stop()

    def warm_background_stats(self, should_stop: Callable[[], bool]) -> None:
        self.meeting.set()
        while not self.are_met.wait(0.005):
            if should_stop():
                self.meeting.clear()
                return
        self.meetings += 1


MakeQueue = Callable[..., JobQueue]


@pytest.fixture
def jobs() -> LibraryJobs:
    return LibraryJobs()


@pytest.fixture
def make(jobs: LibraryJobs) -> Iterator[MakeQueue]:
    queues: list[JobQueue] = []

    def make_it(**options: Any) -> JobQueue:
        fake = cast(Any, jobs)
        reporter = JobReporter(jobs.hear, lambda: None, is_paused=options.pop("is_paused", False))
        options.setdefault("rescan_s", 0)
        models = SimpleNamespace(warm_background_stats=jobs.warm_background_stats)
        engine = SimpleNamespace(
            jobs=SimpleNamespace(index=jobs.index), models=models, fold_texts=jobs.fold_texts
        )
        queue = JobQueue(cast(Engine, engine), fake, fake, reporter, **options)
        queues.append(queue)
        queue.start()
        return queue

    yield make_it
    jobs.gate.set()
    jobs.are_met.set()
    for queue in queues:
        queue.close(_PATIENCE_S)
        assert not queue.is_at_work


def _is_over(status: JobStatus) -> bool:
    return status.report is not None


def test_what_waits_when_a_job_begins_becomes_one_job(make: MakeQueue, jobs: LibraryJobs) -> None:
    queue = make(is_paused=True)
    queue.rescan([B])
    queue.rescan([A], retry=[Path("/a/broken")])
    queue.resume()
    assert jobs.until(_is_over).report == IndexReport(indexed=2)
    assert jobs.asked == [(B, A)]
    assert jobs.retried == [(Path("/a/broken"),)]
    assert jobs.reports >= 2


def test_what_is_asked_for_while_no_job_may_begin_becomes_one_job(make: MakeQueue, jobs: LibraryJobs) -> None:
    queue = make()
    with queue.no_job_begins():
        queue.rescan([B])
        # By now the job thread is awake and would start the job.
        assert not threading.Event().wait(0.05)
        queue.rescan([A])
    jobs.until(_is_over)
    assert jobs.asked == [(B, A)]


def test_a_job_waits_for_the_model(make: MakeQueue, jobs: LibraryJobs) -> None:
    jobs.is_over = False
    queue = make()
    queue.rescan()
    status = jobs.until(lambda status: status.progress is not None)
    assert (status.state, status.sources) == (JobState.RUNNING, (A, B))
    assert status.progress == Progress(Phase.LOADING_MODEL, 0, None)
    assert jobs.asked == []
    jobs.is_over = True
    jobs.ready()
    jobs.until(_is_over)
    assert jobs.asked == [(A, B)]
    assert JobState.IDLE not in [status.state for status in jobs.told[:-1]]


def test_a_library_in_use_is_tried_again_later(make: MakeQueue, jobs: LibraryJobs) -> None:
    jobs.troubles = [LibraryInUseError("Another one is at it.")]
    queue = make(retry_s=0.01)
    queue.rescan([A])
    assert jobs.until(lambda status: status.error).error == "Another one is at it."
    jobs.until(_is_over)
    assert jobs.asked == [(A,), (A,)]


def test_who_asks_again_need_not_wait_for_the_next_try(make: MakeQueue, jobs: LibraryJobs) -> None:
    jobs.troubles = [LibraryInUseError("Another one is at it.")]
    queue = make(retry_s=3600)
    queue.rescan([A])
    jobs.until(lambda status: status.error)
    queue.rescan([A])
    jobs.until(_is_over)
    assert jobs.asked == [(A,), (A,)]


@pytest.mark.parametrize("trouble", [LibraryError("The disk is full."), KeyError("our own mistake")])
def test_a_job_that_fails_is_said_and_the_next_goes_on(
    make: MakeQueue, jobs: LibraryJobs, trouble: Exception
) -> None:
    jobs.troubles = [trouble]
    queue = make()
    queue.rescan([A])
    status = jobs.until(lambda status: status.error)
    assert (status.state, status.report) == (JobState.IDLE, None)
    queue.rescan([B])
    jobs.until(_is_over)


def test_a_task_interrupts_the_job_which_goes_on_after_it(make: MakeQueue, jobs: LibraryJobs) -> None:
    jobs.gate.clear()
    queue = make()
    queue.rescan([A, B])
    jobs.until(lambda status: status.progress and status.progress.phase is Phase.EMBEDDING)

    def remove() -> None:
        jobs.sources = (B,)
        jobs.gate.set()

    queue.do(remove)
    jobs.until(_is_over)
    assert jobs.asked == [(A, B), (B,)]
    assert [status.report.cancelled for status in jobs.told if status.report] == [False]


def test_cancelled_nothing_goes_on_by_itself(make: MakeQueue, jobs: LibraryJobs) -> None:
    jobs.gate.clear()
    queue = make()
    queue.rescan([A])
    jobs.until(lambda status: status.progress and status.progress.phase is Phase.EMBEDDING)
    queue.rescan([B])
    queue.cancel()
    report = jobs.until(_is_over).report
    assert report is not None
    assert report.cancelled
    queue.close(_PATIENCE_S)
    assert jobs.asked == [(A,)]


def test_cancelled_after_a_task_came_the_job_does_not_go_on(make: MakeQueue, jobs: LibraryJobs) -> None:
    jobs.gate.clear()
    queue = make()
    queue.rescan([A])
    jobs.until(lambda status: status.progress and status.progress.phase is Phase.EMBEDDING)
    done = threading.Event()
    with queue._changed:  # both calls before the job can end
        queue.do(done.set)
        queue.cancel()
    report = jobs.until(_is_over).report
    assert report is not None
    assert report.cancelled
    assert done.wait(_PATIENCE_S)
    queue.close(_PATIENCE_S)
    assert jobs.asked == [(A,)]


def test_a_task_that_fails_leaves_the_queue_at_work(make: MakeQueue, jobs: LibraryJobs) -> None:
    queue = make()

    def fail() -> None:
        raise KeyError("our own mistake")

    queue.do(fail)
    queue.rescan([A])
    jobs.until(_is_over)


def test_after_a_while_of_rest_everything_is_looked_through_again(make: MakeQueue, jobs: LibraryJobs) -> None:
    make(rescan_s=0.02)
    jobs.until(_is_over)
    assert jobs.asked[0] == (A, B)


def test_after_a_job_was_stopped_nothing_is_looked_through_until_somebody_asks(
    make: MakeQueue, jobs: LibraryJobs
) -> None:
    jobs.gate.clear()
    queue = make(rescan_s=1e-9)
    jobs.until(lambda status: status.state is JobState.RUNNING)
    queue.cancel()
    jobs.until(lambda status: status.report and status.report.cancelled)
    for _ in range(2):
        done = threading.Event()
        queue.do(done.set)
        assert done.wait(_PATIENCE_S)
    assert jobs.asked == [(A, B)]
    jobs.gate.set()
    queue.rescan([A])
    jobs.until(lambda status: status.report and not status.report.cancelled)
    assert jobs.asked[1] == (A,)


def test_after_a_job_background_stats_are_warmed_and_whatever_else_is_to_do_comes_before(
    make: MakeQueue, jobs: LibraryJobs
) -> None:
    queue = make()
    queue.rescan([A])
    assert jobs.meeting.wait(_PATIENCE_S)
    assert jobs.is_folded, "words of an older version, before that"
    queue.rescan([B])
    jobs.until(lambda _: jobs.asked == [(A,), (B,)])
    assert jobs.meeting.wait(_PATIENCE_S), "they are met after it"
    done = threading.Event()
    queue.do(done.set)
    assert done.wait(_PATIENCE_S)
    assert jobs.meeting.wait(_PATIENCE_S), "and after a task"
    assert jobs.meetings == 0, "none of these was met to the last"
    jobs.are_met.set()
    queue.do(lambda: None)  # runs when the computation is complete
    done = threading.Event()
    queue.do(done.set)
    assert done.wait(_PATIENCE_S)
    assert jobs.meetings >= 1


def test_background_stats_are_not_warmed_while_a_job_waits_for_its_next_try(
    make: MakeQueue, jobs: LibraryJobs
) -> None:
    jobs.troubles.append(LibraryInUseError("in use"))
    jobs.are_met.set()
    queue = make(retry_s=0.2)
    queue.rescan()
    jobs.until(lambda _: len(jobs.asked) == 1)
    assert jobs.meetings == 0
    jobs.until(_is_over)
    assert jobs.meetings <= 1


def test_background_stats_are_not_warmed_while_work_is_paused(make: MakeQueue, jobs: LibraryJobs) -> None:
    queue = make()
    queue.rescan([A])
    assert jobs.meeting.wait(_PATIENCE_S)
    queue.pause()
    for _ in range(1000):
        if not jobs.meeting.is_set():
            break
        threading.Event().wait(0.01)
    assert not jobs.meeting.is_set()
    queue.resume()
    assert jobs.meeting.wait(_PATIENCE_S)


def test_the_window_is_told_what_is_to_be_read_once_the_scans_are_over(
    jobs: LibraryJobs, make: MakeQueue
) -> None:
    reports: list[tuple[Phase, int]] = []

    def index(progress: Callable[[Progress], None], _cancel: CancelToken, **_options: object) -> IndexReport:
        for phase, items in (
            (Phase.SCANNING, 0),
            (Phase.LOADING_MODEL, 0),
            (Phase.EMBEDDING, 0),
            (Phase.EMBEDDING, 4),
        ):
            before = jobs.reports
            progress(Progress(phase, 1, 9, items=items))
            reports.append((phase, jobs.reports - before))
        return IndexReport(indexed=2)

    jobs.index = index  # type: ignore[assignment, method-assign]
    queue = make()
    for _ in range(2):
        queue.rescan()
        jobs.until(lambda status: status.report is not None)
        expected = [
            (Phase.SCANNING, 0),
            (Phase.LOADING_MODEL, 1),
            (Phase.EMBEDDING, 0),
            (Phase.EMBEDDING, 1),
        ]
        assert reports == expected, "each job tells once, and then as it goes on"
        reports.clear()
        jobs.told.clear()


def test_of_what_becomes_one_job_only_the_sources_named_for_it_are_downloaded(
    jobs: LibraryJobs, make: MakeQueue
) -> None:
    queue = make(is_paused=True)
    queue.rescan([A], download=True)
    queue.rescan([B])
    queue.resume()
    jobs.until(lambda _: jobs.downloaded)
    jobs.gate.set()
    assert (jobs.asked, jobs.downloaded) == ([(A, B)], [(A,)])
