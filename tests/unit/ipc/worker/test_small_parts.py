"""Pending rescans, throughput, job reporter, and descriptions of exit codes and crashes."""

import signal
from pathlib import Path

import pytest

from imagefinder.domain.jobs import IndexReport, JobState, JobStatus, Phase, Progress
from imagefinder.ipc.client.crash_report import crash_report
from imagefinder.ipc.client.engine_process import describe_exit
from imagefinder.ipc.messages import Event, JobChanged
from imagefinder.ipc.worker.job_reporter import JobReporter
from imagefinder.ipc.worker.pending_rescans import PendingRescans
from imagefinder.ipc.worker.throughput import Throughput

A, B, C = Path("/a"), Path("/b"), Path("/c")


def test_sources_wait_once_and_in_the_order_they_were_asked_for() -> None:
    wanted = PendingRescans()
    wanted.add([B])
    wanted.add([A])
    wanted.add([B])
    assert wanted.among([A, B, C]) == (B, A)
    wanted.add([])
    assert wanted.among([A, B, C]) == (B, A, C)


def test_what_is_no_source_any_more_is_not_wanted() -> None:
    wanted = PendingRescans()
    wanted.add([A, B])
    assert wanted.among([B]) == (B,)


def test_an_interrupted_job_comes_first_again() -> None:
    earlier, wanted = PendingRescans(), PendingRescans()
    earlier.add([B], retry=[Path("/b/file")])
    wanted.add([A])
    wanted.put_back(earlier)
    assert wanted.among([A, B]) == (B, A)
    assert list(wanted.retry) == [Path("/b/file")]


def _embedding(done: int, total: int = 100) -> Progress:
    return Progress(Phase.EMBEDDING, done, total)


def test_the_rate_is_of_the_last_half_minute() -> None:
    rate = Throughput()
    rate.take(_embedding(0), now=0)
    rate.take(_embedding(10), now=10)
    assert rate.per_second == pytest.approx(1)
    assert rate.seconds_left(_embedding(10)) == pytest.approx(90)
    for now in range(11, 60):
        rate.take(_embedding(10), now)
    assert rate.per_second == 0
    assert rate.seconds_left(_embedding(10)) is None


def test_a_rate_is_not_guessed_and_not_carried_into_the_next_phase() -> None:
    rate = Throughput()
    rate.take(_embedding(0), now=0)
    rate.take(_embedding(5), now=1)
    assert rate.per_second == 0
    rate.take(_embedding(50), now=5)
    assert rate.per_second == 10
    rate.take(Progress(Phase.BUILDING_INDEX, 1, 9), now=6)
    assert rate.per_second == 0


def _reporter() -> tuple[JobReporter, list[JobStatus]]:
    told: list[JobStatus] = []

    def hear(event: Event) -> None:
        assert isinstance(event, JobChanged)
        told.append(event.status)

    return JobReporter(hear, lambda: None), told


def test_moves_are_told_ten_times_a_second_at_most_and_the_last_always() -> None:
    reporter, told = _reporter()
    reporter.begin((A,))
    for done in range(1, 1001):
        reporter.move(_embedding(done, 1000))
    assert len(told) < 100
    assert told[-1].progress == _embedding(1000, 1000)
    reporter.end((), IndexReport(indexed=1000), "")
    assert told[-1] == JobStatus(report=IndexReport(indexed=1000))


def test_paused_it_says_so_whatever_else_happens() -> None:
    reporter, told = _reporter()
    reporter.begin((A,))
    reporter.pause()
    reporter.move(_embedding(3))
    reporter.wait((B,))
    assert told[-1].state is JobState.PAUSED
    assert told[-1].sources == (A,)
    assert told[-1].waiting == (B,)
    reporter.resume()
    assert told[-1].state is JobState.RUNNING
    reporter.end((), None, "no disk")
    assert told[-1] == JobStatus(error="no disk")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (0, "exit code 0 (it ended by itself)"),
        (70, "exit code 70"),
        (-int(signal.SIGSEGV), "signal 11 (SIGSEGV)"),
        (-int(signal.SIGKILL), "signal 9 (SIGKILL: killed from outside, often because memory ran out)"),
        (0xC0000005 - (1 << 32), "exit code 0xC0000005 (access violation)"),
        (None, "no exit code"),
    ],
)
def test_exit_codes_are_put_into_words(code: int | None, words: str) -> None:
    assert describe_exit(code) == words


def test_a_report_names_the_home_folder_nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    trace = tmp_path / "trace"
    trace.write_text(f'Fatal Python error: Aborted\n  File "{tmp_path}/venv/engine.py", line 3 in load\n')
    report = crash_report("signal 6 (SIGABRT)", trace)
    assert str(tmp_path) not in report
    assert '"~/venv/engine.py", line 3' in report
    assert "signal 6 (SIGABRT)" in report
    assert "no trace" in crash_report("exit code 1", tmp_path / "none")


def test_only_sources_that_were_named_for_it_are_downloaded() -> None:
    wanted = PendingRescans()
    wanted.add([A], download=True)
    wanted.add([B])
    wanted.add([])
    assert list(wanted.download) == [A]
    later = PendingRescans()
    later.add([B], download=True)
    later.put_back(wanted)
    assert set(later.download) == {A, B}
