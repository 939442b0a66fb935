"""The engine process as used by the window: it does not hang, lose requests, or leave anything behind."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psutil
import pytest
from conftest import save
from helpers import deadly_engine
from helpers.fakes import pdf, picture
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import JobState
from imagefinder.domain.model_names import BUILTIN, STARTER
from imagefinder.domain.queries import Query
from imagefinder.ipc.client.engine_process import Target
from imagefinder.ipc.entry import run_engine
from imagefinder.ipc.messages import (
    AddSources,
    CancelJobs,
    Done,
    EngineOptions,
    Failed,
    Hits,
    ImportModel,
    ItemShown,
    ListModels,
    ListUnreadable,
    MakeThumbnail,
    Models,
    ModelState,
    MoreHits,
    PauseJobs,
    RemoveSources,
    Rescan,
    ResumeJobs,
    Search,
    SetHidden,
    ShowItem,
    ThumbnailMade,
    Unreadable,
    UseModel,
)
from imagefinder.ui.services.engine_client import EngineClient, EngineState

_ROOT = Path(__file__).resolve().parents[2]
_PATIENCE_MS = 100_000
_STEP_S = 0.02


class Window:
    """Stand-in for the window: a client, and all events that it received."""

    def __init__(self, qtbot: QtBot, library: Path, target: Target = run_engine, **options: Any) -> None:
        self._qtbot = qtbot
        self.client = EngineClient(EngineOptions(library=library, model="builtin", **options), target=target)
        self.heard: list[Any] = []
        for name in (
            "engine_changed model_changed library_changed job_changed hits_received thumbnail_made done failed"
        ).split():
            getattr(self.client, name).connect(self.heard.append)

    def until(self, condition: Callable[[], object]) -> None:
        """Process events until a condition is met."""
        self._qtbot.waitUntil(lambda: bool(condition()), timeout=_PATIENCE_MS)

    def ask(self, kind: Any, **fields: Any) -> Any:
        """Send a request and return its answer."""
        request = kind(request_id=self.client.next_id(), **fields)
        return self.answer(self.client.request(request, self.heard.append))

    def answer(self, request_id: int) -> Any:
        """Wait for the first answer to a request and return it."""
        self.until(lambda: self.answers(request_id))
        return self.answers(request_id)[0]

    def answers(self, request_id: int) -> list[Any]:
        return [event for event in self.heard if getattr(event, "request_id", None) == request_id]

    def search(self, query: Query, pane: int = 1, **fields: Any) -> Hits:
        found = self.ask(Search, pane=pane, query=query, **fields)
        assert isinstance(found, Hits), found
        return found

    def names(self, text: str = "", **fields: Any) -> list[str]:
        """Return the names of the files found, best first."""
        return [hit.path.name for hit in self.search(Query(text, **fields), count=1000).hits]

    @property
    def items(self) -> int:
        return self.client.library.status.items if self.client.library is not None else -1

    def settle(self) -> None:
        """Wait until the model is ready and no job is running or waiting."""

        def is_over() -> bool:
            job = self.client.job
            return job is not None and job.status.state is JobState.IDLE and not job.status.waiting

        self.until(lambda: self.client.model is not None and self.client.model.state is ModelState.READY)
        self.until(is_over)

    def states(self) -> list[EngineState]:
        return [event.state for event in self.heard if hasattr(event, "report") and hasattr(event, "state")]

    def kill_engine(self) -> None:
        """Kill the engine process and wait until the client notices."""
        pid = self.client.pid
        assert pid is not None
        before = len(self.states())
        os.kill(pid, signal.SIGKILL)
        self.until(lambda: len(self.states()) > before)


OpenWindow = Callable[..., Window]


@pytest.fixture
def library(tmp_path: Path) -> Path:
    return tmp_path / "library"


@pytest.fixture
def open_window(qtbot: QtBot, library: Path) -> Iterator[OpenWindow]:
    windows: list[Window] = []

    def open_it(target: Target = run_engine, *, start: bool = True, **options: Any) -> Window:
        window = Window(qtbot, library, target, **options)
        windows.append(window)
        if start:
            window.client.start()
        return window

    yield open_it
    for window in windows:
        window.client.stop()
        window.client.deleteLater()


@pytest.fixture
def window(open_window: OpenWindow) -> Window:
    """Window stand-in on an empty library. Its engine is starting."""
    return open_window()


@pytest.fixture
def many(folder: Path) -> Path:
    """Folder with forty pictures."""
    for number in range(40):
        save(picture("teal", number), folder / f"{number:02}.png")
    return folder


def test_a_folder_that_is_added_is_indexed_and_found(window: Window, three_pictures: Path) -> None:
    # The engine is not running yet, so the request is queued.
    added = window.ask(AddSources, paths=(three_pictures,))
    assert added == Done(added.request_id)
    window.settle()
    assert window.items == 3
    assert window.client.library is not None
    assert window.client.library.covered == 3
    assert "pdf" in window.client.library.extensions
    assert window.names("red")[0] == "red.png"
    assert window.names(images=(three_pictures / "blue.png",))[0] != "blue.png"
    # The report of a job comes with its end, and its start is announced earlier.
    statuses = [
        event.status for event in window.heard if hasattr(event, "status") and hasattr(event.status, "rate")
    ]
    assert (
        next(status.state for status in statuses if status.sources == (three_pictures,)) is JobState.RUNNING
    )
    # The pictures are indexed by the requested job or by the job at startup, whichever ran first.
    assert 3 in [status.report.indexed for status in statuses if status.report is not None]


def test_files_of_a_folder_in_the_library_are_no_sources_of_their_own_and_many_are_forgotten_at_once(
    window: Window, three_pictures: Path, tmp_path: Path
) -> None:
    window.ask(AddSources, paths=(three_pictures,))
    window.settle()
    new, other = [three_pictures / "new 1.png", three_pictures / "new 2.png"], tmp_path / "other.png"
    for number, path in enumerate((*new, other)):
        save(picture("teal", number), path)
    added = window.ask(AddSources, paths=(*new, other))
    assert "2 file" in added.message
    window.settle()
    assert window.items == 6, "what is new in the folder was not looked at"
    assert window.client.library is not None
    sources = [each.source.path for each in window.client.library.status.sources]
    assert sources == [three_pictures, other]
    assert "6 file" in window.ask(RemoveSources, paths=tuple(sources)).message
    assert window.items == 0
    assert all(path.exists() for path in (*new, other))


def test_everything_else_that_a_window_asks_is_answered(window: Window, three_pictures: Path) -> None:
    pdf(three_pictures / "letter.pdf", ["dear reader", "yours truly"])
    (three_pictures / "broken.png").write_bytes(b"no picture")
    window.ask(AddSources, paths=(three_pictures,))
    window.settle()
    page = window.search(Query("truly")).hits[0]
    assert (page.path.name, page.part) == ("letter.pdf", 2)
    shown = window.ask(ShowItem, item_id=page.item_id, side=300, words="truly")
    assert isinstance(shown, ItemShown)
    assert shown.picture is not None
    assert shown.picture.exists()
    assert shown.marks
    window.client.send(MakeThumbnail(page.item_id, page.thumbnail_key))
    window.until(lambda: any(isinstance(event, ThumbnailMade) and event.path for event in window.heard))
    unreadable = window.ask(ListUnreadable)
    assert isinstance(unreadable, Unreadable)
    assert [file.path.name for file in unreadable.files] == ["broken.png"]
    first = window.search(Query(images=(three_pictures / "blue.png",), include_query_images=True), count=2)
    assert first.has_more
    window.client.send(MoreHits(first.request_id, pane=1, offset=2))
    window.until(lambda: len(window.answers(first.request_id)) == 2)
    rest = window.answers(first.request_id)[1]
    assert not {hit.item_id for hit in first.hits} & {hit.item_id for hit in rest.hits}
    (red,) = [hit.item_id for hit in window.search(Query("red.png")).hits if hit.path.name == "red.png"]
    window.client.send(SetHidden((red,), True))
    assert "red.png" not in window.names("red")
    removed = window.ask(RemoveSources, paths=(three_pictures,))
    assert isinstance(removed, Done)
    assert "not touched" in removed.message
    assert window.items == 0


def test_the_models_there_are_can_be_listed(window: Window) -> None:
    models = window.ask(ListModels)
    assert isinstance(models, Models)
    assert "builtin" in [choice.name for choice in models.choices]
    assert "cpu" in models.devices


def test_a_model_that_is_not_here_changes_nothing(window: Window, three_pictures: Path) -> None:
    window.ask(AddSources, paths=(three_pictures,))
    window.settle()
    assert isinstance(window.ask(UseModel, name="no such model"), Failed)
    window.settle()
    assert window.names("red")[0] == "red.png"


def test_a_picture_is_no_model(window: Window, three_pictures: Path) -> None:
    wanted = next(choice.name for choice in window.ask(ListModels).choices if not choice.installed)
    answer = window.ask(ImportModel, file=next(three_pictures.glob("*.png")), arch=wanted)
    assert isinstance(answer, Failed)
    assert "not a weights file" in answer.message


@pytest.mark.slow
def test_every_search_is_answered_while_the_model_changes_though_the_engine_is_killed_in_the_middle(
    window: Window, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A restarted engine would prefer this variable to the library's model.
    monkeypatch.delenv("IMAGEFINDER_MODEL")
    for number in range(160):
        save(picture("gray", number), folder / f"{number}.png")
    save(picture("red"), folder / "red.png")
    window.ask(AddSources, paths=(folder,))
    window.settle()
    said = window.ask(UseModel, name=STARTER)
    assert isinstance(said, Done), said
    assert "until that is done, searching goes on as before" in said.message

    answers: list[tuple[str, str]] = []
    is_killed = False
    while (change := window.client.library.status.change) is not None or not answers:
        found = window.search(Query("red"))
        assert found.hits[0].path.name == "red.png"
        answers.append((found.model, found.note))
        if change is not None and change.done > 16 and not is_killed:
            window.kill_engine()
            is_killed = True
    assert is_killed, "it was too quick"
    assert EngineState.RESTARTING in window.states()
    window.settle()
    assert window.search(Query("red")).model == STARTER
    # Just after the engine's death, only names are searched, and no model is reported.
    told = [model for model, _ in answers if model]
    assert told == sorted(told)
    assert told[0] == BUILTIN
    assert window.client.model is not None
    assert window.client.model.name == STARTER
    assert window.client.options.model is None, "from now on the library says it"


def test_what_cannot_be_done_is_said_in_a_sentence(window: Window, tmp_path: Path) -> None:
    assert "There is no" in window.ask(AddSources, paths=(tmp_path / "nowhere",)).message
    assert isinstance(window.ask(RemoveSources, paths=(tmp_path,)), Failed)
    assert isinstance(window.ask(Search, pane=1, query=Query()), Failed)
    assert isinstance(window.ask(ShowItem, item_id=1), Failed)


def test_words_are_found_while_the_model_loads(
    open_window: OpenWindow, three_pictures: Path, library: Path
) -> None:
    first = open_window()
    first.ask(AddSources, paths=(three_pictures,))
    first.settle()
    first.client.stop()
    window = open_window(deadly_engine.loads_slowly)
    found = window.search(Query("green"))
    assert [hit.path.name for hit in found.hits] == ["green.png"]
    assert found.is_partial
    assert found.note
    assert window.client.model is not None
    assert window.client.model.state is ModelState.LOADING
    library.with_name("load now").touch()
    window.settle()
    assert not window.search(Query("green")).is_partial


def test_pausing_stops_the_work_and_resuming_ends_it(open_window: OpenWindow, many: Path) -> None:
    window = open_window(deadly_engine.is_slow)
    window.client.send(AddSources((many,)))
    window.until(lambda: 0 < window.items < 40)
    window.client.send(PauseJobs())
    window.until(lambda: window.client.job and window.client.job.status.state is JobState.PAUSED)
    found: list[int] = []

    def is_at_rest() -> bool:
        # The files being read at the time of the pause are committed first.
        found.append(len(window.names(images=(many / "00.png",), include_query_images=True)))
        return len(found) > 30 and len(set(found[-20:])) == 1

    window.until(is_at_rest)
    assert found[-1] < 40
    window.client.send(ResumeJobs())
    window.settle()
    assert window.items == 40


def test_a_pause_outlives_the_engine(open_window: OpenWindow, three_pictures: Path) -> None:
    window = open_window()
    window.client.send(PauseJobs())
    window.ask(AddSources, paths=(three_pictures,))
    window.kill_engine()
    window.until(lambda: window.client.model and window.client.model.state is ModelState.READY)
    window.until(lambda: window.client.job and window.client.job.status.waiting)
    assert window.client.job is not None
    assert window.client.job.status.state is JobState.PAUSED
    window.client.send(ResumeJobs())
    window.until(lambda: window.items == 3)


def test_cancelling_keeps_what_was_done_and_a_rescan_does_the_rest(
    open_window: OpenWindow, many: Path
) -> None:
    window = open_window(deadly_engine.is_slow)
    window.client.send(AddSources((many,)))
    window.until(lambda: 0 < window.items < 40)
    window.client.send(CancelJobs())
    window.settle()
    assert window.client.job is not None
    assert window.client.job.status.report is not None
    assert window.client.job.status.report.cancelled
    assert 0 < window.items < 40
    window.client.send(Rescan())
    window.until(lambda: window.items == 40)


def test_what_was_cancelled_stays_so_with_another_engine_until_it_is_wanted(
    open_window: OpenWindow, many: Path
) -> None:
    window = open_window(deadly_engine.is_slow)
    window.client.send(AddSources((many,)))
    window.until(lambda: 0 < window.items < 40)
    window.client.send(CancelJobs())
    window.settle()
    first, items = window.client.pid, window.items
    window.client.restart()
    window.until(lambda: window.client.pid not in (None, first))
    window.settle()
    assert window.items == items
    assert window.client.job is not None
    assert window.client.job.status.waiting == ()
    window.client.send(Rescan())
    window.until(lambda: window.items == 40)


def test_a_source_can_be_removed_while_it_is_indexed(
    open_window: OpenWindow, many: Path, tmp_path: Path
) -> None:
    save(picture("red"), tmp_path / "other" / "red.png")
    window = open_window(deadly_engine.is_slow)
    window.client.send(AddSources((many,)))
    window.client.send(AddSources((tmp_path / "other",)))
    window.until(lambda: 0 < window.items < 40)
    assert isinstance(window.ask(RemoveSources, paths=(many,)), Done)
    window.settle()
    assert window.names("red") == ["red.png"]
    assert window.items == 1


def test_killed_in_the_middle_of_indexing_it_goes_on_where_it_was(
    open_window: OpenWindow, many: Path
) -> None:
    window = open_window(deadly_engine.is_slow, index_at_start=False)
    window.client.send(AddSources((many,)))
    window.until(lambda: 0 < window.items < 40)
    window.kill_engine()
    assert window.client.engine.state is EngineState.RESTARTING
    assert "Nothing is lost" in window.client.engine.message
    window.until(lambda: window.items == 40)
    window.settle()
    assert window.client.engine.state is EngineState.RUNNING
    assert sorted(window.names(images=(many / "00.png",), include_query_images=True)) == sorted(
        path.name for path in many.iterdir()
    )


def test_a_search_in_flight_when_the_engine_is_killed_is_answered_by_the_next(
    open_window: OpenWindow, three_pictures: Path, library: Path
) -> None:
    window = open_window()
    window.ask(AddSources, paths=(three_pictures,))
    window.settle()
    pid = window.client.pid
    assert pid is not None
    # A stopped process receives requests and answers none.
    os.kill(pid, signal.SIGSTOP)
    old, new, listing = (window.client.next_id() for _ in range(3))
    window.client.send(Search(old, 1, Query("blue")))
    window.client.send(Search(new, 1, Query("red")))
    window.client.send(ListUnreadable(listing))
    window.kill_engine()
    answer = window.answer(new)
    assert isinstance(answer, Hits)
    assert answer.hits[0].path.name == "red.png"
    assert isinstance(window.answer(listing), Failed)
    assert window.answers(old) == []


def test_a_search_that_kills_the_engine_is_given_up_and_others_go_on(
    open_window: OpenWindow, three_pictures: Path, tmp_path: Path
) -> None:
    save(picture("red"), tmp_path / "killer.png")
    window = open_window(deadly_engine.dies_of_killers)
    window.ask(AddSources, paths=(three_pictures,))
    window.settle()
    answer = window.ask(Search, pane=1, query=Query(images=(tmp_path / "killer.png",)))
    if isinstance(answer, Hits):
        # The new engine had no model yet and answered without it. Ask again, as a pane does.
        assert answer.is_partial
        window.settle()
        answer = window.ask(Search, pane=1, query=Query(text="and words", images=(tmp_path / "killer.png",)))
    assert isinstance(answer, Failed)
    assert "Nothing in the library is lost" in answer.message
    assert window.states().count(EngineState.RESTARTING) == 2
    assert window.names("red")[0] == "red.png"


def test_more_hits_of_a_search_that_only_a_dead_engine_knew_still_come(
    window: Window, three_pictures: Path
) -> None:
    window.ask(AddSources, paths=(three_pictures,))
    window.settle()
    first = window.search(Query(images=(three_pictures / "red.png",), include_query_images=True), count=1)
    window.kill_engine()
    window.client.send(MoreHits(first.request_id, pane=1, offset=1))
    window.until(lambda: len(window.answers(first.request_id)) == 2)
    more = window.answers(first.request_id)[1]
    assert more.offset == 1
    assert len(more.hits) == 2


@pytest.mark.parametrize("killers", [1, 3])
def test_files_that_kill_the_engine_are_listed_and_all_others_indexed(
    killers: int, open_window: OpenWindow, folder: Path
) -> None:
    for number in range(12):
        save(picture("gray", number), folder / f"{number:02}.png")
    for number in range(killers):
        save(picture("red", number), folder / f"killer {number}.png")
    window = open_window(deadly_engine.dies_of_killers)
    window.client.send(AddSources((folder,)))

    def unreadable() -> int:
        library = window.client.library
        return sum(source.unreadable for source in library.status.sources) if library is not None else 0

    window.until(lambda: window.items == 12 and unreadable() == killers)
    files = window.ask(ListUnreadable).files
    assert [file.path.name for file in files] == [f"killer {number}.png" for number in range(killers)]
    assert EngineState.BROKEN not in window.states()


def test_a_killing_file_that_is_all_there_is_to_do_is_found_too(
    open_window: OpenWindow, three_pictures: Path
) -> None:
    window = open_window(deadly_engine.dies_of_killers)
    window.ask(AddSources, paths=(three_pictures,))
    window.settle()
    save(picture("red", 1), three_pictures / "killer.png")
    window.client.send(Rescan())
    window.until(lambda: window.states().count(EngineState.RESTARTING) == 1)
    window.settle()
    assert [file.path.name for file in window.ask(ListUnreadable).files] == ["killer.png"]
    assert EngineState.BROKEN not in window.states()


def test_after_three_deaths_in_a_row_it_says_so_and_waits_for_the_user(open_window: OpenWindow) -> None:
    window = open_window(deadly_engine.dies_at_once)
    window.until(lambda: window.client.engine.state is EngineState.BROKEN)
    assert window.states() == [
        EngineState.STARTING,
        EngineState.RESTARTING,
        EngineState.RESTARTING,
        EngineState.BROKEN,
    ]
    report = window.client.engine.report
    assert "SIGABRT" in report
    assert "imagefinder 0" in report
    assert str(Path.home()) not in report
    window.heard.clear()
    window.client.restart()
    window.until(lambda: window.client.engine.state is EngineState.BROKEN)
    assert window.states().count(EngineState.RESTARTING) == 2


def test_a_crash_leaves_its_trace_in_the_report(
    open_window: OpenWindow, tmp_path: Path, folder: Path
) -> None:
    save(picture("red"), folder / "killer.png")
    window = open_window(deadly_engine.dies_of_killers)
    window.client.send(AddSources((folder,)))
    window.until(lambda: window.client.engine.state is EngineState.RESTARTING)
    assert "Fatal Python error: Aborted" in window.client.engine.report
    assert "killer.png" not in window.client.engine.report


def test_stopping_in_the_midst_of_a_job_it_ends_by_itself_and_loses_nothing(
    open_window: OpenWindow, many: Path, library: Path
) -> None:
    window = open_window(deadly_engine.is_slow)
    window.client.send(AddSources((many,)))
    window.until(lambda: 0 < window.items < 40)
    shown = window.items
    pid = window.client.pid
    assert pid is not None
    assert window.client.stop(timeout_s=_PATIENCE_MS / 1000), "it had to be killed"
    assert not psutil.pid_exists(pid)
    with closing(sqlite3.connect(library / "library.db")) as database:
        assert database.execute("SELECT count(*) FROM items").fetchone()[0] >= shown
    assert not list(library.glob("*-wal")), "it was not closed"
    again = open_window()
    again.until(lambda: again.items == 40)


def in_hand(library: Path) -> bool:
    """Whether a file is recorded as being read."""
    note = library / "in-hand"
    return note.exists() and any(note.read_bytes())


@pytest.fixture
def reading(open_window: OpenWindow, folder: Path, library: Path) -> Window:
    """Window stand-in whose engine reads a file without end."""
    save(picture("red"), folder / "endless.png")
    window = open_window(deadly_engine.reads_for_ever)
    window.client.send(AddSources((folder,)))
    window.until(lambda: in_hand(library))
    return window


def test_a_file_that_was_being_read_when_the_window_was_closed_is_not_suspected(
    reading: Window, library: Path
) -> None:
    assert reading.client.stop(), "it had to be killed"
    assert not in_hand(library)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_an_engine_that_was_told_to_end_did_not_break_down(
    reading: Window, library: Path, number: signal.Signals
) -> None:
    before = reading.client.pid
    assert before is not None
    reading.states().clear()
    os.kill(before, number)
    reading.until(lambda: EngineState.RESTARTING in reading.states())
    assert "was ended by another program" in reading.client.engine.message
    reading.until(lambda: reading.client.pid not in (None, before))
    reading.until(lambda: in_hand(library))  # read by the new engine, to which the file is as new as before
    reading.client.stop()
    with closing(sqlite3.connect(library / "library.db")) as database:
        assert database.execute("SELECT * FROM suspects").fetchall() == []


def test_an_engine_that_ends_together_with_its_window_is_not_started_again(
    reading: Window, library: Path
) -> None:
    pid = reading.client.pid
    assert pid is not None
    os.kill(pid, signal.SIGTERM)
    reading.until(lambda: not psutil.pid_exists(pid) or psutil.Process(pid).status() == "zombie")
    reading.client.stop()
    assert EngineState.RESTARTING not in reading.states()
    assert reading.client.pid is None


def test_an_engine_that_was_killed_is_said_to_be_so(window: Window) -> None:
    window.settle()
    window.kill_engine()
    assert "was ended by force, perhaps because memory ran out" in window.client.engine.message


def test_what_does_not_stop_is_killed(open_window: OpenWindow) -> None:
    window = open_window(deadly_engine.never_stops)
    window.until(lambda: window.client.pid)
    pid = window.client.pid
    assert pid is not None
    assert not window.client.stop(timeout_s=0.1)
    assert not psutil.pid_exists(pid)


def test_stopped_before_it_was_up_it_is_gone_too(open_window: OpenWindow) -> None:
    window = open_window()
    assert window.client.stop(timeout_s=_PATIENCE_MS / 1000)
    assert window.client.engine.state is EngineState.STOPPED


def test_restarting_with_other_options_answers_what_was_asked(
    window: Window, three_pictures: Path, tmp_path: Path
) -> None:
    window.ask(AddSources, paths=(three_pictures,))
    window.settle()
    first = window.client.pid
    window.client.restart(EngineOptions(library=tmp_path / "another", model="builtin"))
    found = window.search(Query("red"))
    assert found.hits == ()
    assert window.client.pid != first
    assert window.items == 0
    assert EngineState.RESTARTING not in window.states()


def test_two_windows_on_one_library_take_turns(open_window: OpenWindow, many: Path) -> None:
    first, second = open_window(deadly_engine.is_slow), open_window()
    second.settle()
    first.client.send(AddSources((many,)))
    first.until(lambda: 0 < first.items < 40)
    second.client.send(Rescan())
    second.until(lambda: second.client.job and second.client.job.status.error)
    assert second.client.job is not None
    assert "searching works meanwhile" in second.client.job.status.error
    assert second.names("00")
    first.settle()
    assert first.items == 40


def test_a_library_that_cannot_be_used_is_said_and_nothing_is_tried_again(
    open_window: OpenWindow, library: Path
) -> None:
    library.mkdir()
    (library / "library.db").write_bytes(b"this is no database, however long one looks at it" * 100)
    window = open_window()
    window.until(lambda: window.client.engine.state is EngineState.BROKEN)
    assert "library.db" in window.client.engine.message
    assert EngineState.RESTARTING not in window.states()


_PARENT = """
import sys, time
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from imagefinder.ipc.messages import EngineOptions
from imagefinder.ui.services.engine_client import EngineClient, EngineState
if __name__ == "__main__":
    app = QCoreApplication([])
    client = EngineClient(EngineOptions(library=Path(sys.argv[1]), model="builtin"))
    client.library_changed.connect(lambda event: print(client.pid, flush=True))
    client.start()
    app.exec()
"""


def test_when_the_window_is_killed_the_engine_is_gone(tmp_path: Path, library: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(_PARENT)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    with subprocess.Popen(
        [sys.executable, str(script), str(library)], env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        engine = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    # The process has been reaped by init, or is a zombie in a container without one.
    deadline = time.monotonic() + 20
    while engine.is_running() and engine.status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the engine outlives its window"
        time.sleep(_STEP_S)


_IMPORTS = """
import importlib, pkgutil, sys, json
import imagefinder.ui
for module in pkgutil.walk_packages(imagefinder.ui.__path__, "imagefinder.ui."):
    importlib.import_module(module.name)
from PySide6.QtCore import QCoreApplication
from pathlib import Path
from imagefinder.ipc.messages import EngineOptions
from imagefinder.ui.services.engine_client import EngineClient
if __name__ == "__main__":
    app = QCoreApplication.instance() or QCoreApplication([])
    client = EngineClient(EngineOptions(library=Path(sys.argv[1]), model="builtin"))
    client.library_changed.connect(lambda event: app.quit())
    client.start()
    app.exec()
    client.stop()
    print(json.dumps(sorted(sys.modules)))
"""
_HEAVY = {"torch", "open_clip", "hnswlib", "sqlite3", "PIL", "numpy", "pymupdf"}
_ENGINE = (
    "engine",
    "api",
    "store",
    "readers",
    "embedders",
    "vectors",
    "thumbnails",
    "ipc.server",
    "ipc.session",
)


def test_the_windows_process_never_imports_what_the_engine_needs(library: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _IMPORTS, str(library)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen"},
    )
    assert done.returncode == 0, done.stderr
    modules = set(json.loads(done.stdout.splitlines()[-1]))
    assert not modules & _HEAVY
    assert not modules & {f"imagefinder.{name}" for name in _ENGINE}
    assert "imagefinder.ui.services.engine_client" in modules


_CONSOLE_SCRIPT = """
import sys
from imagefinder.__main__ import main
if __name__ == "__main__":
    from pathlib import Path
    from PySide6.QtCore import QCoreApplication
    from imagefinder.ipc.messages import EngineOptions
    from imagefinder.ui.services.engine_client import EngineClient
    app = QCoreApplication([])
    client = EngineClient(EngineOptions(library=Path(sys.argv[1]), model="builtin"))

    def look(event):
        print("libQt6" in Path(f"/proc/{client.pid}/maps").read_text())
        app.quit()

    client.library_changed.connect(look)
    client.start()
    app.exec()
    client.stop()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_the_engines_process_loads_no_qt_though_it_imports_the_console_script_again(
    tmp_path: Path, library: Path
) -> None:
    script = tmp_path / "imagefinder"
    script.write_text(_CONSOLE_SCRIPT)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(_ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    done = subprocess.run(
        [sys.executable, str(script), str(library)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    # One line for each event that came before the end.
    assert (done.returncode, set(done.stdout.split())) == (0, {"False"}), done.stderr


def test_events_come_on_the_gui_thread(window: Window, qapp: QCoreApplication) -> None:
    from PySide6.QtCore import QThread

    threads: list[bool] = []
    window.client.library_changed.connect(
        lambda event: threads.append(QThread.currentThread() is qapp.thread())
    )
    window.until(lambda: threads)
    assert all(threads)
