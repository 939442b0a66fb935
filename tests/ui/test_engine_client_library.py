"""The window goes over to another library: nothing of the one before reaches the other, or is heard any more."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pytestqt.qtbot import QtBot

from imagefinder.ipc.messages import (
    EngineOptions,
    Event,
    Failed,
    LibraryChanged,
    ModelChanged,
    ModelState,
    RemoveSource,
    Request,
    Search,
    SetHidden,
)
from imagefinder.ipc.process import Ending
from imagefinder.model.library import LibraryStatus
from imagefinder.model.queries import Query
from imagefinder.ui import engine_client
from imagefinder.ui.engine_client import EngineClient, EngineState


class Run:
    """A run of the engine that does what the test says."""

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
    monkeypatch.setattr(engine_client, "EngineRun", Run)
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
    client.send(RemoveSource(Path("/pictures"), 3))
    with qtbot.waitSignal(client.failed) as told:
        client.restart(EngineOptions(library=Path("/two")))
    assert isinstance(told.args[0], Failed)
    assert told.args[0].request_id == 3
    client.send(Search(4, 1, Query("b")))
    Run.all[0].end()
    assert Run.all[1].options.library == Path("/two")
    assert [request.request_id for request in Run.all[1].sent if isinstance(request, Search)] == [4]
    assert not any(isinstance(request, SetHidden | RemoveSource) for request in Run.all[1].sent)


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


def test_what_waits_for_a_library_that_cannot_be_opened_is_not_done_in_another(
    qtbot: QtBot, client: EngineClient
) -> None:
    for run in range(3):
        Run.all[run].end(-6)
    assert client.engine.state is EngineState.BROKEN
    client.send(SetHidden((7,), True, 2))
    client.send(RemoveSource(Path("/pictures"), 3))
    with qtbot.waitSignal(client.failed):
        client.restart(EngineOptions(library=Path("/two")))
    assert Run.all[-1].options.library == Path("/two")
    assert Run.all[-1].sent == []


def test_hiding_survives_the_engines_death(client: EngineClient) -> None:
    Run.all[0].say(library("/one"))
    client.send(SetHidden((7,), True, 2))
    Run.all[0].end(-11)
    assert Run.all[1].sent == [SetHidden((7,), True, 2)]
