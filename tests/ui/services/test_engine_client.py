"""Tests of the engine client that need no engine: immediate signals, and objects left behind."""

import threading
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest
from helpers import deadly_engine
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import JobState
from imagefinder.domain.queries import Query
from imagefinder.ipc.messages import EngineOptions, PauseJobs, Search
from imagefinder.ui.services.engine_client import EngineClient, EngineState

_PATIENCE_MS = 100_000


@pytest.fixture
def options(tmp_path: Path) -> EngineOptions:
    return EngineOptions(library=tmp_path / "library", model="builtin")


def test_starting_does_not_wait_for_the_process(
    qtbot: QtBot, options: EngineOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    started_by: list[threading.Thread] = []
    start = SpawnProcess.start

    def noted(process: SpawnProcess) -> None:
        started_by.append(threading.current_thread())
        start(process)

    monkeypatch.setattr(SpawnProcess, "start", noted)
    client = EngineClient(options)
    client.start()
    assert client.engine.state is EngineState.STARTING
    with qtbot.waitSignal(client.library_changed, timeout=_PATIENCE_MS):
        pass
    assert client.engine.state is EngineState.RUNNING
    assert client.pid is not None
    assert client.stop(timeout_s=_PATIENCE_MS / 1000)
    assert started_by
    assert threading.main_thread() not in started_by, "the process was started on the GUI thread"


def test_nothing_is_left_of_it_when_it_is_stopped(qtbot: QtBot, options: EngineOptions) -> None:
    # The fixture that checks for leaked threads, timers and processes does the asserting.
    for _ in range(2):
        client = EngineClient(options)
        client.start()
        client.send(Search(client.next_id(), 1, Query("a")))
        client.stop()
        client.deleteLater()


def test_after_the_stop_no_event_is_heard(qtbot: QtBot, options: EngineOptions) -> None:
    client = EngineClient(options)
    client.start()
    qtbot.waitUntil(lambda: client.library is not None, timeout=_PATIENCE_MS)
    client.send(Search(client.next_id(), 1, Query("a")))
    client.stop()
    heard: list[object] = []
    for signal in (client.hits_received, client.job_changed, client.model_changed, client.failed):
        signal.connect(heard.append)
    qtbot.wait(1)
    assert heard == []
    assert client.engine.state is EngineState.STOPPED


def test_a_restart_does_not_wait_for_the_old_engines_end(qtbot: QtBot, options: EngineOptions) -> None:
    client = EngineClient(options, target=deadly_engine.dawdles_at_the_end)
    client.start()
    qtbot.waitUntil(lambda: client.library is not None, timeout=_PATIENCE_MS)
    first = client.pid
    client.restart()
    assert client.pid == first, "it waited"
    client.restart()  # a second call has no further effect
    qtbot.waitUntil(
        lambda: client.pid not in (None, first) and client.engine.state is EngineState.RUNNING,
        timeout=_PATIENCE_MS,
    )
    client.stop()


def test_when_it_dies_its_work_is_shown_as_at_rest(qtbot: QtBot, options: EngineOptions) -> None:
    client = EngineClient(options, target=deadly_engine.dies_at_once)
    client.send(PauseJobs())
    client.start()
    qtbot.waitUntil(lambda: client.engine.state is EngineState.BROKEN, timeout=_PATIENCE_MS)
    assert client.job is not None
    assert client.job.status.state is JobState.PAUSED
    assert client.job.status.sources == ()
    client.stop()
