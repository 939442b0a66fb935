"""Tests of the main window: the connections between its parts."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from helpers.fake_client import FakeClient
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QApplication, QDialog, QLabel
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.domain.jobs import JobState, JobStatus
from imagefinder.domain.library import LibraryStatus, ModelChange
from imagefinder.domain.sources import Source, SourceKind, SourceStatus
from imagefinder.ipc.messages import (
    AddSources,
    Done,
    DownloadModel,
    Failed,
    JobChanged,
    LibraryChanged,
    ModelChanged,
    ModelState,
    PauseJobs,
    Rescan,
    ResumeJobs,
    Search,
    UseModel,
)
from imagefinder.paths import default_places
from imagefinder.ui.dragdrop.drop_cache import DropCache
from imagefinder.ui.dragdrop.link_fetcher import LinkFetcher
from imagefinder.ui.library.add_dialog import AddFolderDialog
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineState, EngineStatus
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader
from imagefinder.ui.settings.settings_dialog import MODEL_PAGE
from imagefinder.ui.window.crash_dialog import CrashDialog
from imagefinder.ui.window.main_window import MainWindow
from imagefinder.ui.window.shortcuts_dialog import ShortcutsDialog
from imagefinder.ui.window.window_services import WindowServices
from imagefinder.ui.window.window_state import WindowState


@pytest.fixture
def parts(qapp: QApplication, client: FakeClient) -> Iterator[WindowServices]:
    places = default_places()
    settings_store = SettingsStore(places.settings)
    desktop = Desktop()
    thumbnails = ThumbnailLoader(client, places.thumbnails)
    fetcher = LinkFetcher(lambda: settings_store.value)
    yield WindowServices(
        client, settings_store, places, desktop, thumbnails, DropCache(places.dropped), fetcher
    )
    thumbnails.close()
    desktop.close()
    for each in (fetcher, thumbnails, desktop, settings_store):
        each.deleteLater()


@pytest.fixture
def window(qtbot: QtBot, parts: WindowServices) -> Iterator[MainWindow]:
    made = MainWindow(parts)
    made.show()
    yield made
    made.retire()


def _library(count: int = 1, items: int = 10) -> LibraryChanged:
    sources = tuple(
        SourceStatus(Source(number, Path(f"/pictures/{number}"), SourceKind.FOLDER), items, items, 0, 0)
        for number in range(1, count + 1)
    )
    return LibraryChanged(LibraryStatus(Path("/library"), "builtin", sources, items, {}, ()), items, ("jpg",))


def _tell(client: FakeClient, library: LibraryChanged) -> None:
    client.library = library
    client.library_changed.emit(library)


def _press(window: MainWindow, keys: str) -> QAction:
    """Trigger and return the action that has this shortcut."""
    actions = [action for _, group in window.actions_.all for action in group]
    action = next(each for each in actions if QKeySequence(keys) in each.shortcuts())
    action.trigger()
    return action


def _engine(client: FakeClient, status: EngineStatus) -> None:
    client.engine = status
    client.engine_changed.emit(status)


def test_who_has_no_pictures_yet_is_invited(window: MainWindow, client: FakeClient) -> None:
    _tell(client, _library(0, 0))

    assert window.welcome.isVisible()
    assert not window.panel.isVisible()


def test_the_first_source_brings_the_panes_and_the_panel(window: MainWindow, client: FakeClient) -> None:
    _tell(client, _library(0, 0))

    _tell(client, _library(1))

    assert window.panes.isVisible()
    assert window.panel.isVisible()


def test_who_had_pictures_sees_no_invitation_while_the_engine_starts(window: MainWindow) -> None:
    window.restore(WindowState(had_sources=True))

    assert window.panes.isVisible()


def test_folders_are_asked_about_and_then_added(window: MainWindow, client: FakeClient) -> None:
    window.welcome.folders_chosen.emit([Path("/pictures")])
    dialog = window.findChild(AddFolderDialog)

    dialog.accept()

    added = client.last(AddSources)
    assert added.paths == (Path("/pictures"),)
    assert added.options == dialog.options()


def test_a_folder_that_cannot_be_added_is_a_line_in_the_window(
    window: MainWindow, client: FakeClient
) -> None:
    window.panel.folders_dropped.emit([Path("/gone")])
    window.findChild(AddFolderDialog).accept()

    client.hear(Failed(client.last(AddSources).request_id, "There is nothing at /gone."))

    assert window.notices.texts() == ["There is nothing at /gone."]


def test_folders_that_were_not_wanted_after_all_are_not_added(window: MainWindow, client: FakeClient) -> None:
    window.panes.folders_dropped.emit([Path("/pictures")])

    window.findChild(AddFolderDialog).reject()

    assert not any(isinstance(request, AddSources) for request in client.sent)


def test_pictures_given_at_the_start_are_searched_by(
    window: MainWindow, client: FakeClient, pictures: Path
) -> None:
    window.open_paths([], [pictures / "red.png"])

    assert client.last(Search).query.images == (pictures / "red.png",)
    assert window.panes.isVisible()


def test_a_second_start_with_a_picture_leaves_the_first_search_alone(
    window: MainWindow, client: FakeClient, pictures: Path
) -> None:
    window.search("a red bicycle")

    window.open_paths([], [pictures / "red.png"])

    assert [pane.state().text for pane in window.panes.panes()] == ["a red bicycle", ""]


def test_keys_do_what_the_menus_say(window: MainWindow, client: FakeClient) -> None:
    _tell(client, _library())
    _press(window, "F5")
    assert client.last(Rescan) == Rescan()

    _press(window, "Ctrl+T")
    assert len(window.panes.panes()) == 2
    _press(window, "Ctrl+Shift+Right")
    assert len(window.panes.groups()) == 2
    _press(window, "Ctrl+W")
    assert len(window.panes.panes()) == 2

    _press(window, "F9")
    assert not window.panel.isVisible()
    _press(window, "F9")
    assert window.panel.isVisible()


def test_larger_thumbnails_are_a_key_away(window: MainWindow, client: FakeClient) -> None:
    _tell(client, _library())
    before = window.panes.current_pane().state().cell_size

    _press(window, "Ctrl++")
    larger = window.panes.current_pane().state().cell_size
    _press(window, "Ctrl+-")

    assert larger > before == window.panes.current_pane().state().cell_size


def test_hidden_pictures_are_shown_and_hidden_again(window: MainWindow, client: FakeClient) -> None:
    window.search("cat")

    _press(window, "Ctrl+Shift+H")
    assert client.last(Search).query.include_hidden
    _press(window, "Ctrl+Shift+H")
    assert not client.last(Search).query.include_hidden


def test_work_is_paused_and_taken_up_again(window: MainWindow, client: FakeClient) -> None:
    pause = _press(window, "Ctrl+P")
    assert client.sent[-1] == PauseJobs()
    client.job = JobChanged(JobStatus(JobState.PAUSED))
    client.job_changed.emit(client.job)

    assert pause.text() == "Resume indexing"
    assert window.state().is_paused
    pause.trigger()
    assert client.sent[-1] == ResumeJobs()


def test_the_window_comes_back_as_it_was(
    qtbot: QtBot, window: MainWindow, parts: WindowServices, client: FakeClient
) -> None:
    _tell(client, _library())
    window.search("a red bicycle")
    window.new_pane()
    window.show_panel(False)
    state = window.state()

    second = MainWindow(parts)
    second.restore(state)

    assert [pane.state().text for pane in second.panes.panes()] == ["a red bicycle", ""]
    assert not second.state().is_panel_visible
    assert second.state().panes["groups"] == state.panes["groups"]
    second.retire()


def test_an_engine_that_is_started_again_is_a_line_that_stays_for_reading(
    window: MainWindow, client: FakeClient
) -> None:
    _engine(client, EngineStatus(EngineState.RESTARTING, "It is started again. Nothing is lost."))
    assert window.notices.texts() == ["It is started again. Nothing is lost."]

    _engine(client, EngineStatus(EngineState.RUNNING))
    assert window.notices.texts() == ["It is started again. Nothing is lost."]


def test_what_was_said_of_an_engine_that_stayed_down_is_taken_back_once_it_runs(
    window: MainWindow, client: FakeClient
) -> None:
    _engine(client, EngineStatus(EngineState.BROKEN, "The library is damaged."))
    assert window.notices.texts() == ["The library is damaged."]

    _engine(client, EngineStatus(EngineState.STARTING))
    _engine(client, EngineStatus(EngineState.RUNNING))
    assert window.notices.texts() == []


def test_the_window_is_called_by_what_it_looks_for(window: MainWindow, client: FakeClient) -> None:
    assert window.windowTitle() == "imagefinder"
    _tell(client, _library())

    window.search("a dog")
    assert window.windowTitle() == "a dog"

    window.new_pane()
    assert window.windowTitle() == "imagefinder"

    window.close_pane()
    assert window.windowTitle() == "a dog"


def test_an_engine_that_stays_down_shows_its_report_and_can_be_tried_again(
    window: MainWindow, client: FakeClient
) -> None:
    _engine(client, EngineStatus(EngineState.BROKEN, "It stopped three times.", "report"))
    dialog = window.findChild(CrashDialog)
    assert dialog.isVisible()

    dialog.retry_requested.emit()

    assert client.restarts == [None]
    dialog.reject()
    assert window.notices.texts() == ["It stopped three times."]


def test_a_library_that_cannot_be_used_leads_to_another(
    window: MainWindow,
    parts: WindowServices,
    client: FakeClient,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    chosen = str(tmp_path / "elsewhere")
    monkeypatch.setattr(
        "imagefinder.ui.settings.library_page.QFileDialog.getExistingDirectory", lambda *_: chosen
    )
    _engine(client, EngineStatus(EngineState.BROKEN, "The library is damaged."))
    assert window.notices.texts() == ["The library is damaged."]

    window._engine_notices.another_library_wanted.emit()

    assert parts.settings_store.value.library == chosen
    assert not any(isinstance(each, CrashDialog) for each in window.findChildren(QDialog))


def test_a_model_that_cannot_be_loaded_is_said(window: MainWindow, client: FakeClient) -> None:
    client.model = ModelChanged(ModelState.FAILED, "fine", error="The weights are gone.")
    client.model_changed.emit(client.model)
    assert window.notices.texts() == ["The weights are gone."]

    client.model = ModelChanged(ModelState.READY, "fine", "cpu")
    client.model_changed.emit(client.model)
    assert window.notices.texts() == []


def test_another_model_is_told_of_once_the_engine_has_it(window: MainWindow, client: FakeClient) -> None:
    window._models.use("other")
    request = client.last(UseModel)
    assert request.name == "other"

    client.hear(Done(request.request_id, "Its turn comes when all is indexed with it."))

    assert window.notices.texts() == ["Its turn comes when all is indexed with it."]


def test_a_download_that_fails_is_said_in_the_window_unless_the_page_of_models_is_open(
    window: MainWindow, client: FakeClient
) -> None:
    window.open_settings(MODEL_PAGE)
    window._models.download("a/b")
    client.hear(Failed(client.last(DownloadModel).request_id, "The hub does not answer."))
    assert window.notices.texts() == []

    window._settings.close()
    window._models.download("a/b")
    client.hear(Failed(client.last(DownloadModel).request_id, "The hub does not answer."))
    assert window.notices.texts() == ["The hub does not answer."]


def test_the_status_line_is_honest(qtbot: QtBot, window: MainWindow, client: FakeClient) -> None:
    from imagefinder.ui.window.status_line import StatusLine

    line = window.findChild(StatusLine)
    shown = lambda: [label.text() for label in (line._left, line._right)]  # noqa: E731
    _engine(client, EngineStatus(EngineState.STARTING))
    assert shown() == ["Starting…", ""]

    client.model = ModelChanged(ModelState.LOADING, "fine")
    _engine(client, EngineStatus(EngineState.RUNNING))
    assert shown()[0] == "Loading the model…"

    client.model = replace(client.model, state=ModelState.READY, device="cpu (bfloat16)")
    client.model_changed.emit(client.model)
    assert shown()[0] == "Model: fine · cpu (bfloat16)"

    client.model = replace(client.model, state=ModelState.FAILED, error="Gone.")
    client.model_changed.emit(client.model)
    assert "only file names" in shown()[0]


def test_who_has_only_the_starter_model_is_shown_the_way_to_a_better_one(
    qtbot: QtBot, window: MainWindow, client: FakeClient
) -> None:
    line = window.status_line
    client.model = ModelChanged(ModelState.READY, "starter", "cpu")
    client.model_changed.emit(client.model)
    assert line._advice.isVisible()
    line._advice.click()
    assert window.settings_page == MODEL_PAGE

    client.model = ModelChanged(ModelState.READY, "ViT-B-32/<b>", "cpu")
    client.model_changed.emit(client.model)
    assert not line._advice.isVisible()
    assert line._left.text() == "Model: ViT-B-32/<b> · cpu"


def test_the_status_line_tells_of_a_change_of_model(window: MainWindow, client: FakeClient) -> None:
    client.model = ModelChanged(ModelState.READY, "starter", "cpu")
    library = _library()
    change = ModelChange("ViT-B-32/openai", 4, 10)
    _tell(client, replace(library, status=replace(library.status, change=change)))
    assert window.status_line._left.text() == "Starter model (built in)"
    assert window.status_line._right.text().endswith(", 4 indexed with ViT-B-32")


def test_the_preview_is_followed_by_the_grid(window: MainWindow, client: FakeClient, hits: MakeHits) -> None:
    pane = window.panes.current_pane()
    pane.model.reset(hits(5), False)
    window.panes.preview_requested.emit(pane.model, 1, "")
    assert window.preview.isVisible()

    window.preview.step(2)

    assert pane.view.currentIndex().row() == 3


def test_closing_the_window_closes_all_that_belongs_to_it(
    qtbot: QtBot, window: MainWindow, client: FakeClient, hits: MakeHits
) -> None:
    pane = window.panes.current_pane()
    pane.model.reset(hits(5), False)
    window.panes.preview_requested.emit(pane.model, 1, "")
    window.open_settings()

    with qtbot.waitSignal(window.closed):
        window.close()

    assert not [each for each in QApplication.topLevelWidgets() if each.isVisible()]


def test_every_key_is_on_one_page(window: MainWindow) -> None:
    _press(window, "F1")

    page = window.findChild(ShortcutsDialog)
    assert page.isVisible()
    shown = {label.text() for label in page.findChildren(QLabel)}
    menu = window.panes.current_pane().view._actions.menu(window)
    assert {action.shortcut().toString() for action in menu.actions() if not action.isSeparator()} <= shown
    page.close()


def test_a_window_is_no_larger_than_the_screen(window: MainWindow) -> None:
    screen = window.screen().availableGeometry().size()

    window.resize(screen * 2)
    window.restore(window.state())

    assert window.size().boundedTo(screen) == window.size()


def test_no_two_actions_share_a_key(window: MainWindow) -> None:
    actions = [action for _, group in window.actions_.all for action in group]
    keys = [keys.toString() for action in actions for keys in action.shortcuts()]

    assert len(keys) == len(set(keys))


def test_every_action_can_be_reached_by_keyboard(window: MainWindow) -> None:
    assert all("&" in action.text() for action in window.menuBar().actions())


_GARBAGE = (None, True, -1, 10**30, 1.5, "", "\ud800", "a\0b", "%ff", [], {}, [[]], [None], {"x": 1})  # type: ignore[var-annotated]
_NAMES = "groups active sizes panes current terms text sort cell_size include_hidden path item_id key label".split()


def _garbage(random: Random, depth: int = 0) -> object:
    if depth > 5 or random.random() < 0.2:
        return random.choice(_GARBAGE)
    if random.random() < 0.4:
        return [_garbage(random, depth + 1) for _ in range(random.randrange(4))]
    return {name: _garbage(random, depth + 1) for name in random.sample(_NAMES, random.randrange(1, 6))}


@pytest.mark.parametrize("seed", range(15))
def test_any_garbage_in_what_was_kept_opens_a_window(window: MainWindow, tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    panes = {"groups": [{"panes": [_garbage(random) for _ in range(3)], "current": _garbage(random, 6)}]}
    found = {name: _garbage(random, 5) for name in ("geometry", "splitter", "is_paused", "library")}
    file = tmp_path / "window.json"
    file.write_text(json.dumps(found | {"panes": panes | {"sizes": [10**30], "active": 10**30}}))
    window.restore(WindowState.load(file))
    assert window.panes.panes()
    window.state().save(file)
