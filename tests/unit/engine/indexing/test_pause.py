"""Tests of pausing a job: what it has read can be found, and it can be cancelled without resuming."""

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import save
from helpers.fakes import picture

from imagefinder.domain.errors import CancelledError
from imagefinder.domain.jobs import IndexReport, Phase, Progress
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing import indexer
from imagefinder.engine.indexing.cancel import CancelToken

_LONG_S = 30


class Run:
    """A function running in another thread, with its outcome."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.outcome: object = None
        self._thread = threading.Thread(target=self._do, args=(work,))
        self._thread.start()

    def _do(self, work: Callable[[], object]) -> None:
        try:
            self.outcome = work()
        except Exception as error:  # noqa: BLE001 - examined by the test
            self.outcome = error

    def end(self) -> object:
        self._thread.join(_LONG_S)
        assert not self._thread.is_alive()
        return self.outcome


def _waiting(token: CancelToken) -> tuple[Run, threading.Event]:
    """Start a thread and wait until it waits at a check of a paused token."""
    arrived = threading.Event()
    run = Run(lambda: token.check(before_waiting=arrived.set))
    assert arrived.wait(_LONG_S)
    return run, arrived


def test_a_check_passes_while_nobody_wants_anything() -> None:
    token = CancelToken()
    token.check()
    assert not token.is_paused


def test_a_paused_check_waits_until_it_may_go_on() -> None:
    token = CancelToken()
    token.pause()
    assert token.is_paused
    run, _ = _waiting(token)
    token.resume()
    assert run.end() is None
    assert not token.is_paused


def test_cancelling_ends_a_pause_at_once() -> None:
    token = CancelToken()
    token.pause()
    run, _ = _waiting(token)
    token.cancel()
    assert isinstance(run.end(), CancelledError)


def test_a_cancelled_token_pauses_no_more() -> None:
    token = CancelToken()
    token.cancel()
    token.pause()
    assert not token.is_paused
    with pytest.raises(CancelledError):
        token.check()


def test_a_check_for_stopping_alone_does_not_wait() -> None:
    token = CancelToken()
    token.pause()
    token.check_cancelled()
    token.cancel()
    with pytest.raises(CancelledError):
        token.check_cancelled()


@pytest.fixture
def many(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(indexer, "_SECONDS_BETWEEN_EVENTS", 0)
    for number in range(30):
        save(picture("red", number), folder / f"{number:02}.png")
    return folder


class PausedJob:
    """A job that pauses itself after some files. The constructor returns once it has stopped."""

    def __init__(self, engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch, after: int) -> None:
        self.token = CancelToken()
        stands = threading.Event()
        real = CancelToken.check

        def check(token: CancelToken, before_waiting: Callable[[], None] = lambda: None) -> None:
            def before() -> None:
                before_waiting()
                stands.set()

            real(token, before)

        monkeypatch.setattr(CancelToken, "check", check)

        def on_progress(event: Progress) -> None:
            if event.phase is Phase.EMBEDDING and event.done == after:
                self.token.pause()

        self._run = Run(lambda: engine.jobs.add([folder], SourceOptions(), on_progress, self.token))
        assert stands.wait(_LONG_S)

    def report(self) -> IndexReport:
        outcome = self._run.end()
        assert isinstance(outcome, IndexReport)
        return outcome


def test_what_was_read_before_a_pause_can_be_searched_during_it(
    engine: Engine, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = PausedJob(engine, many, monkeypatch, after=6)
    # Batches have four items; without the pause the last two would wait for two more.
    assert len(engine.search(Query("red", limit=99)).hits) == 6
    assert engine.status().items == 6
    job.token.resume()
    assert job.report().indexed == 30
    assert len(engine.search(Query("red", limit=99)).hits) == 30


def test_a_paused_job_that_is_stopped_keeps_what_it_did(
    engine: Engine, many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = PausedJob(engine, many, monkeypatch, after=6)
    job.token.cancel()
    report = job.report()
    assert report.cancelled
    assert 6 <= report.indexed < 30
    assert engine.jobs.index().indexed == 30 - report.indexed
