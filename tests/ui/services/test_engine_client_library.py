"""Tests of switching to another library: requests and events of the previous one are discarded."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import JobState, JobStatus
from imagefinder.domain.library import LibraryStatus
from imagefinder.domain.queries import Query
from imagefinder.ipc.client.engine_process import Ending
from imagefinder.ipc.messages import (
    AddSources,
    CancelDownload,
    CancelJobs,
    Done,
    DownloadChanged,
    DownloadModel,
    EngineOptions,
    Event,
    Failed,
    JobChanged,
    LibraryChanged,
    ModelChanged,
    ModelState,
    RemoveSources,
    Request,
    Rescan,
    Search,
    SetHidden,
    UseModel,
)
from imagefinder.ui.services import engine_client
from imagefinder.ui.services.engine_client import EngineClient, EngineState


class Run:
    """Fake run of the engine process, controlled by the test."""

    all: ClassVar[list["Run"]] = []

    def __init__(
        self,
        options: EngineOptions,
        _trace: Path,
        on_event: Callable[[Event], None],
        on_end: Callable[[Ending], None],
        target: object,
    ) -> None:
        self.options, self.say, self.pid = options, on_event, 1
        self._on_end = on_end
        self.sent: list[Request] = []
        Run.all.append(self)

    def start(self) -> None: ...

    def send(self, request: Request) -> None:
        self.sent.append(request)

    def ask_to_stop(self) -> None: ...

    def stop(self, _timeout_s: float) -> bool:
        return True

    def end(self, code: int = 0) -> None:
        self._on_end(Ending(code, "a test"))


@pytest.fixture
def client(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(engine_client, "EngineProcess", Run)
    Run.all = []
    made = EngineClient(EngineOptions(library=Path("/one")))
    made.start()
    yield made
    made.stop()
    made.deleteLater()


def library(folder: str) -> LibraryChanged:
    return LibraryChanged(LibraryStatus(Path(folder), "m", (), 5, {}, ()), 5)


def test_what_was_asked_of_the_one_is_not_asked_of_the_other(qtbot: QtBot, client: EngineClient) -> None:
    Run.all[0].say(library("/one"))
    client.send(Search(1, 1, Query("a")))
    client.send(SetHidden((7,), True, 2))
    client.send(RemoveSources((Path("/pictures"),), 3))
    with qtbot.waitSignal(client.failed) as told:
        client.restart(EngineOptions(library=Path("/two")))
    assert isinstance(told.args[0], Failed)
    assert told.args[0].request_id == 3
    client.send(Search(4, 1, Query("b")))
    Run.all[0].end()
    assert Run.all[1].options.library == Path("/two")
    assert [request.request_id for request in Run.all[1].sent if isinstance(request, Search)] == [4]
    assert not any(isinstance(request, SetHidden | RemoveSources) for request in Run.all[1].sent)


def test_nothing_is_heard_of_the_one_before_any_more(client: EngineClient) -> None:
    Run.all[0].say(library("/one"))
    client.restart(EngineOptions(library=Path("/two")))
    assert client.library is None
    Run.all[0].say(library("/one"))
    assert client.library is None
    Run.all[0].end()
    Run.all[1].say(library("/two"))
    assert client.library == library("/two")
    assert client.engine.state is EngineState.RUNNING


def test_with_other_options_for_the_same_library_all_is_asked_again(client: EngineClient) -> None:
    Run.all[0].say(library("/one"))
    Run.all[0].say(ModelChanged(ModelState.READY, "m"))
    client.send(SetHidden((7,), True, 2))
    client.send(Search(1, 1, Query("a")))
    client.restart(EngineOptions(library=Path("/one"), threads=2))
    assert client.library is not None
    Run.all[0].end()
    assert Run.all[1].sent == [SetHidden((7,), True, 2), Search(1, 1, Query("a"))]


def at_work(state: JobState = JobState.RUNNING) -> JobChanged:
    return JobChanged(JobStatus(state, sources=(Path("/pictures"),) if state is JobState.RUNNING else ()))


def test_work_that_the_user_stopped_does_not_begin_again_with_another_engine(client: EngineClient) -> None:
    Run.all[0].say(at_work())
    client.send(CancelJobs())
    Run.all[0].say(at_work(JobState.IDLE))
    client.restart(EngineOptions(library=Path("/one"), threads=2))
    Run.all[0].end()
    assert not Run.all[1].options.index_at_start
    assert client.options.index_at_start, "the next start of the program looks for what is new"
    # Nor after a crash.
    Run.all[1].say(library("/one"))
    Run.all[1].end(code=-11)
    assert not Run.all[2].options.index_at_start


@pytest.mark.parametrize("wish", [Rescan(), AddSources((Path("/more"),), request_id=5)])
def test_after_a_new_wish_it_does(client: EngineClient, wish: Request) -> None:
    Run.all[0].say(at_work())
    client.send(CancelJobs())
    Run.all[0].say(at_work(JobState.IDLE))
    client.send(wish)
    client.restart()
    Run.all[0].end()
    assert Run.all[1].options.index_at_start


def test_work_that_began_by_itself_after_one_was_stopped_is_taken_up_again(client: EngineClient) -> None:
    Run.all[0].say(at_work())
    client.send(CancelJobs())
    # Sent before the engine received the cancellation.
    Run.all[0].say(at_work())
    Run.all[0].end(code=-11)
    assert not Run.all[1].options.index_at_start
    Run.all[1].say(at_work())
    Run.all[1].end(code=-11)
    assert Run.all[2].options.index_at_start


def test_what_was_stopped_in_one_library_holds_for_no_other(client: EngineClient) -> None:
    Run.all[0].say(at_work())
    client.send(CancelJobs())
    client.restart(EngineOptions(library=Path("/two")))
    Run.all[0].end()
    assert Run.all[1].options.index_at_start


def test_another_model_is_another_work_of_the_same_engine(client: EngineClient) -> None:
    client.options = replace(client.options, model="one")
    Run.all[0].say(at_work())
    client.send(CancelJobs())
    client.send(UseModel("other", request_id=9))
    Run.all[0].say(Done(9))
    assert len(Run.all) == 1
    assert client.options.model is None
    Run.all[0].end(-11)
    assert Run.all[1].options.model is None
    assert Run.all[1].options.index_at_start


def test_a_model_that_was_refused_leaves_all_as_it_was(client: EngineClient) -> None:
    client.options = replace(client.options, model="one")
    client.send(UseModel("other", request_id=9))
    Run.all[0].say(Failed(9, "There is no such model."))
    Run.all[0].say(Done(9))
    assert client.options.model == "one"


def test_a_download_goes_on_in_an_engine_that_is_started_anew(client: EngineClient) -> None:
    download = DownloadModel("a/b", request_id=5)
    client.send(download)
    Run.all[0].say(DownloadChanged("a/b", 10, 100, 2.0))
    client.restart()
    Run.all[0].end()
    assert Run.all[1].sent == [download]
    assert client.downloads["a/b"] == DownloadChanged("a/b", 10, 100, 2.0)


def test_a_download_goes_on_when_another_library_is_opened(client: EngineClient) -> None:
    download = DownloadModel("a/b", request_id=5)
    client.send(download)
    client.restart(EngineOptions(library=Path("/two")))
    Run.all[0].end()
    assert Run.all[1].sent == [download]


def test_a_download_that_was_cancelled_does_not_go_on_in_another_engine(
    qtbot: QtBot, client: EngineClient
) -> None:
    client.send(DownloadModel("a/b", request_id=5))
    client.send(CancelDownload("a/b"))
    client.restart()
    with qtbot.waitSignal(client.failed):
        Run.all[0].end()
    assert Run.all[1].sent == []


def test_a_death_in_a_download_is_told_and_the_download_is_over(qtbot: QtBot, client: EngineClient) -> None:
    client.send(DownloadModel("a/b", request_id=5))
    Run.all[0].say(DownloadChanged("a/b", 10, 100, 2.0))
    told: list[DownloadChanged] = []
    client.download_changed.connect(told.append)
    with qtbot.waitSignal(client.failed) as failed:
        Run.all[0].end(-9)
    assert failed.args[0].request_id == 5
    assert "it can go on from there" in failed.args[0].message
    assert told == [DownloadChanged("a/b", 10, 100, 0.0, is_over=True)] == list(client.downloads.values())
    assert Run.all[1].sent == []


def test_what_waits_for_a_library_that_cannot_be_opened_is_not_done_in_another(
    qtbot: QtBot, client: EngineClient
) -> None:
    for run in range(3):
        Run.all[run].end(-6)
    assert client.engine.state is EngineState.BROKEN
    client.send(SetHidden((7,), True, 2))
    client.send(RemoveSources((Path("/pictures"),), 3))
    with qtbot.waitSignal(client.failed):
        client.restart(EngineOptions(library=Path("/two")))
    assert Run.all[-1].options.library == Path("/two")
    assert Run.all[-1].sent == []


def test_hiding_survives_the_engines_death(client: EngineClient) -> None:
    Run.all[0].say(library("/one"))
    client.send(SetHidden((7,), True, 2))
    Run.all[0].end(-11)
    assert Run.all[1].sent == [SetHidden((7,), True, 2)]
