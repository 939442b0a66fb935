"""Tests of the library panel, through user actions."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from helpers.library_samples import HOLIDAY, SCANS, a_source, indexing, tell_job, tell_library
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QStyleOptionViewItem
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import JobStatus
from imagefinder.domain.sources import SourceKind, SourceOptions, SourceStatus
from imagefinder.ipc.messages import (
    AddSources,
    Done,
    Failed,
    ModelChanged,
    ModelState,
    PauseJobs,
    RemoveSources,
    Rescan,
    ResumeJobs,
)
from imagefinder.ui.library.add_dialog import AddFolderDialog
from imagefinder.ui.library.library_panel import LibraryPanel
from imagefinder.ui.library.unreadable_dialog import UnreadableDialog


class FakeDesktop:
    """Records the paths to be shown in the file manager, and shows none."""

    def __init__(self) -> None:
        self.revealed: list[Path] = []
        self.problem = ""

    def reveal(self, path: Path) -> str:
        self.revealed.append(path)
        return self.problem


@pytest.fixture
def desktop() -> FakeDesktop:
    return FakeDesktop()


@pytest.fixture
def panel(qtbot: QtBot, client: FakeClient, desktop: FakeDesktop) -> Iterator[LibraryPanel]:
    made = LibraryPanel(client, desktop)  # type: ignore[arg-type]
    qtbot.addWidget(made)
    made.resize(288, 600)
    made.show()
    tell_library(client, a_source(HOLIDAY, unreadable=3), a_source(SCANS))
    return made  # type: ignore[return-value]


def choose(panel: LibraryPanel, row: int, action: str) -> None:
    """Trigger an action of a row's menu."""
    menu = panel.menu_for(panel.model.source(row))
    next(each for each in menu.actions() if each.text() == action).trigger()
    menu.close()


def actions(panel: LibraryPanel, row: int) -> list[str]:
    menu = panel.menu_for(panel.model.source(row))
    texts = [each.text() for each in menu.actions() if each.text()]
    menu.close()
    return texts


def drag(panel: LibraryPanel, *urls: str) -> QDropEvent:
    """Drag URLs over the panel, and drop them."""
    mime = QMimeData()
    mime.setUrls([QUrl(url) for url in urls])
    buttons, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    where, copy = QPointF(100, 100), Qt.DropAction.CopyAction
    enter = QDragEnterEvent(where.toPoint(), copy, mime, buttons, none)
    QApplication.sendEvent(panel, enter)
    if enter.isAccepted():
        assert panel.is_hovered
        drop = QDropEvent(where, copy, mime, buttons, none)
        QApplication.sendEvent(panel, drop)
        return drop
    return enter


def test_an_empty_library_invites(qtbot: QtBot, client: FakeClient, desktop: FakeDesktop) -> None:
    panel = LibraryPanel(client, desktop)  # type: ignore[arg-type]
    qtbot.addWidget(panel)
    assert not panel.list.isVisibleTo(panel)
    assert not panel._invitation.isVisibleTo(panel), "nobody knows yet whether it is empty"
    tell_library(client)
    assert panel._invitation.isVisibleTo(panel)
    tell_library(client, a_source(HOLIDAY))
    assert panel.list.isVisibleTo(panel)
    assert not panel._empty.isVisibleTo(panel)


def test_add_is_asked_for_by_a_button(qtbot: QtBot, panel: LibraryPanel) -> None:
    with qtbot.waitSignal(panel.add_requested):
        qtbot.mouseClick(panel._add, Qt.MouseButton.LeftButton)


def test_delete_asks_in_a_line_and_keep_forgets_nothing(
    qtbot: QtBot, panel: LibraryPanel, client: FakeClient
) -> None:
    panel.list.select(SCANS)
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert panel.remove_bar.isVisible()
    assert panel.remove_bar.paths == (SCANS,)
    qtbot.keyClick(panel.remove_bar, Qt.Key.Key_Escape)
    assert not panel.remove_bar.isVisible()
    assert client.sent == []


def test_a_key_pressed_twice_forgets_nothing(qtbot: QtBot, panel: LibraryPanel, client: FakeClient) -> None:
    panel.list.select(SCANS)
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    qtbot.keyClick(panel.remove_bar, Qt.Key.Key_Return)
    assert client.sent == []
    assert not panel.remove_bar.isVisible()


def test_forget_sends_it_and_tells_the_answer(qtbot: QtBot, panel: LibraryPanel, client: FakeClient) -> None:
    choose(panel, 0, "Remove from library…")
    qtbot.mouseClick(panel.remove_bar._yes, Qt.MouseButton.LeftButton)
    request = client.last(RemoveSources)
    assert request.paths == (HOLIDAY,)
    with qtbot.waitSignal(panel.notice) as told:
        client.hear(Done(request.request_id, "1,204 pictures and pages were forgotten."))
    assert told.args == ["1,204 pictures and pages were forgotten."]


def files(count: int) -> list[SourceStatus]:
    return [a_source(Path(f"/photos/{n:03}.jpg"), 1, kind=SourceKind.FILE) for n in range(count)]


def test_many_are_forgotten_with_one_question(qtbot: QtBot, panel: LibraryPanel, client: FakeClient) -> None:
    tell_library(client, *files(300))
    panel.list.select(Path("/photos/000.jpg"))
    panel.list.setFocus()
    qtbot.keyClick(panel.list, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert "300" in panel.remove_bar._question.text()
    assert len(panel.list.selected()) == 300, "nobody sees any more what the question is about"
    qtbot.mouseClick(panel.remove_bar._yes, Qt.MouseButton.LeftButton)
    assert [type(each) for each in client.sent] == [RemoveSources]
    assert client.last(RemoveSources).paths == tuple(each.source.path for each in files(300))


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ((HOLIDAY, SCANS), "folder"),
        ((Path("/photos/000.jpg"), Path("/photos/001.jpg")), "file"),
        ((SCANS, Path("/photos/000.jpg")), "folders and files"),
    ],
)
def test_the_question_says_what_and_names_it(
    qtbot: QtBot, panel: LibraryPanel, client: FakeClient, chosen: tuple[Path, Path], words: str
) -> None:
    tell_library(client, a_source(HOLIDAY), a_source(SCANS), *files(3))
    click(qtbot, panel, chosen[0])
    click(qtbot, panel, chosen[1], Qt.KeyboardModifier.ControlModifier)
    qtbot.keyClick(panel.list, Qt.Key.Key_Delete)
    assert words in panel.remove_bar._question.text()
    assert panel.remove_bar.paths == chosen
    assert all(path.name in panel.remove_bar._question.toolTip() for path in chosen)


def click(
    qtbot: QtBot,
    panel: LibraryPanel,
    path: Path,
    held: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier,
    *,
    on_menu: bool = False,
) -> None:
    """Click on a row, or on its menu button."""
    index = panel.model.index(panel.model.row_of(path))
    qtbot.waitUntil(lambda: panel.list.visualRect(index).height() > 40)
    row = panel.list._delegate.layout(panel.list._option(index), index)
    where = row.menu.center() if on_menu else row.tile.center()
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, held, where)


def test_the_menu_of_one_of_several_is_for_them_all(
    qtbot: QtBot, panel: LibraryPanel, client: FakeClient
) -> None:
    panel.list.selectAll()
    panel.list.menu_wanted.disconnect()
    with qtbot.waitSignal(panel.list.menu_wanted):
        click(qtbot, panel, SCANS, on_menu=True)
    assert len(panel.list.selected()) == 2
    assert actions(panel, 1) == ["Check for new and changed files", "Remove from library…"]
    choose(panel, 1, "Check for new and changed files")
    assert client.last(Rescan).paths == (HOLIDAY, SCANS)
    choose(panel, 1, "Remove from library…")
    assert panel.remove_bar.paths == (HOLIDAY, SCANS)


def test_the_menu_of_another_row_is_for_that_row(qtbot: QtBot, panel: LibraryPanel) -> None:
    panel.list.select(HOLIDAY)
    choose(panel, 1, "Remove from library…")
    assert panel.remove_bar.paths == (SCANS,)
    assert [each.source.path for each in panel.list.selected()] == [SCANS]


def test_a_failure_is_told_and_those_of_others_are_not(
    qtbot: QtBot, panel: LibraryPanel, client: FakeClient
) -> None:
    told: list[str] = []
    panel.problem.connect(told.append)
    panel._forget((SCANS,))
    client.hear(Failed(9999, "not ours"))
    client.hear(Failed(client.last(RemoveSources).request_id, "The library is in use."))
    assert told == ["The library is in use."]


def test_the_question_goes_when_its_source_has_gone(panel: LibraryPanel, client: FakeClient) -> None:
    choose(panel, 1, "Remove from library…")
    tell_library(client, a_source(HOLIDAY))
    assert not panel.remove_bar.isVisible()


def test_a_row_can_be_looked_through_again(panel: LibraryPanel, client: FakeClient) -> None:
    choose(panel, 1, "Check for new and changed files")
    assert client.last(Rescan).paths == (SCANS,)


def test_all_can_be_looked_through_again(qtbot: QtBot, panel: LibraryPanel, client: FakeClient) -> None:
    qtbot.mouseClick(panel._rescan, Qt.MouseButton.LeftButton)
    assert client.last(Rescan).paths == ()


def test_why_a_folder_cannot_be_shown_is_told(
    qtbot: QtBot, panel: LibraryPanel, desktop: FakeDesktop
) -> None:
    desktop.problem = "The folder is not there."
    with qtbot.waitSignal(panel.problem) as told:
        choose(panel, 0, "Show in folder")
    assert desktop.revealed == [HOLIDAY]
    assert told.args == ["The folder is not there."]


def test_only_what_makes_sense_is_offered(panel: LibraryPanel, client: FakeClient) -> None:
    tell_library(client, a_source(HOLIDAY, unreadable=1), a_source(Path("/a.pdf"), kind=SourceKind.FILE))
    assert "Files that can't be read…" in actions(panel, 0)
    assert "Options…" in actions(panel, 0)
    assert "Files that can't be read…" not in actions(panel, 1)
    assert "Options…" not in actions(panel, 1)


def test_options_are_sent_only_where_they_changed(
    qtbot: QtBot, panel: LibraryPanel, client: FakeClient
) -> None:
    for is_changed in (False, True):
        choose(panel, 0, "Options…")
        dialog = panel.findChildren(AddFolderDialog)[-1]
        if is_changed:
            dialog._recursive.setChecked(False)
        dialog.accept()
    sent = [each for each in client.sent if isinstance(each, AddSources)]
    assert [each.paths for each in sent] == [(HOLIDAY,)]
    assert sent[0].options == SourceOptions(recursive=False)


def test_a_click_on_the_link_opens_the_list_once(
    qtbot: QtBot, panel: LibraryPanel, client: FakeClient
) -> None:
    index = panel.model.index(0)
    qtbot.waitUntil(lambda: panel.list.visualRect(index).height() > 40)
    option: QStyleOptionViewItem = panel.list._option(index)
    link = panel.list._delegate.layout(option, index).link
    assert link is not None
    for _ in range(2):
        qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=link.center())
    dialogs = panel.findChildren(UnreadableDialog)
    assert len(dialogs) == 1
    assert dialogs[0].isVisible()
    assert not dialogs[0].isModal()
    dialogs[0].close()
    qtbot.waitUntil(lambda: not panel.findChildren(UnreadableDialog))
    panel.show_unreadable(panel.model.source(0))
    assert len(panel.findChildren(UnreadableDialog)) == 1


def click_on_action(qtbot: QtBot, panel: LibraryPanel, row: int) -> None:
    """Click on the link for a row's action."""
    index = panel.model.index(row)
    qtbot.waitUntil(lambda: panel.list.visualRect(index).height() > 40)
    link = panel.list._delegate.layout(panel.list._option(index), index).action
    assert link is not None
    qtbot.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=link.center())


def test_what_is_not_yet_read_is_gone_on_with_by_a_click_or_by_the_menu(
    qtbot: QtBot, panel: LibraryPanel, client: FakeClient
) -> None:
    tell_library(client, a_source(HOLIDAY), a_source(SCANS, pending=18_560))
    click_on_action(qtbot, panel, 1)
    assert client.sent == [Rescan((SCANS,))]
    assert "Continue indexing" not in actions(panel, 0)
    choose(panel, 1, "Continue indexing")
    assert client.sent == [Rescan((SCANS,))] * 2


def test_to_continue_is_not_to_wait_for_the_pause_to_end(
    qtbot: QtBot, panel: LibraryPanel, client: FakeClient
) -> None:
    client.send(PauseJobs())
    tell_library(client, a_source(HOLIDAY, pending=3))
    click_on_action(qtbot, panel, 0)
    assert client.sent == [PauseJobs(), ResumeJobs(), Rescan((HOLIDAY,))]


def test_a_row_whose_folder_is_gone_offers_to_forget_it(
    qtbot: QtBot, panel: LibraryPanel, client: FakeClient
) -> None:
    tell_library(client, a_source(HOLIDAY), a_source(SCANS, gone=True))
    click_on_action(qtbot, panel, 1)
    assert panel.remove_bar.paths == (SCANS,)
    assert client.sent == [], "nothing is forgotten unasked"


def test_enter_opens_the_menu_of_the_row(qtbot: QtBot, panel: LibraryPanel) -> None:
    panel.list.select(SCANS)
    with qtbot.waitSignal(panel.list.menu_wanted) as wanted:
        qtbot.keyClick(panel.list, Qt.Key.Key_Return)
    assert wanted.args[0].source.path == SCANS
    popup = QApplication.activePopupWidget()
    if popup is not None:
        popup.close()


def test_rows_grow_with_what_they_have_to_say(qtbot: QtBot, panel: LibraryPanel, client: FakeClient) -> None:
    index = panel.model.index(1)
    qtbot.waitUntil(lambda: panel.list.visualRect(index).height() > 0)
    before = panel.list.visualRect(index).height()
    tell_library(client, a_source(HOLIDAY), a_source(SCANS, unreadable=2))
    qtbot.waitUntil(lambda: panel.list.visualRect(index).height() > before)


def test_dropped_folders_are_passed_on(qtbot: QtBot, panel: LibraryPanel) -> None:
    with qtbot.waitSignal(panel.folders_dropped) as dropped:
        assert drag(panel, "file:///photos/New", "file:///photos/B%20C").isAccepted()
    assert dropped.args == [[Path("/photos/New"), Path("/photos/B C")]]
    assert not panel.is_hovered


def test_a_link_dropped_on_the_library_is_refused(panel: LibraryPanel) -> None:
    assert not drag(panel, "https://example.org/a.jpg").isAccepted()
    assert not panel.is_hovered


def test_the_highlight_goes_when_the_drag_leaves(panel: LibraryPanel) -> None:
    mime = QMimeData()
    mime.setUrls([QUrl("file:///photos/New")])
    QApplication.sendEvent(
        panel,
        QDragEnterEvent(
            QPoint(9, 9),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        ),
    )
    assert panel.is_hovered
    QApplication.sendEvent(panel, QDragLeaveEvent())
    assert not panel.is_hovered


def test_what_a_new_model_does_not_cover_is_said_with_a_remedy(
    panel: LibraryPanel, client: FakeClient
) -> None:
    assert not panel._coverage.isVisible()
    tell_library(client, a_source(HOLIDAY, 100), covered=40)
    assert "60 of 100" in panel._coverage.text()
    assert panel._coverage.isVisible()
    # If the model could not be loaded, the coverage is unknown.
    client.hear(ModelChanged(ModelState.FAILED, "", error="It is not here."))
    assert not panel._coverage.isVisible()
    client.hear(ModelChanged(ModelState.READY, "starter", "cpu"))
    assert panel._coverage.isVisible()
    panel._index_now.click()
    assert client.last(Rescan).paths == ()
    tell_job(client, indexing(HOLIDAY))
    assert not panel._coverage.isVisible()
    tell_job(client, JobStatus())
    assert panel._coverage.isVisible()


def test_a_hidden_panel_keeps_no_timer(qtbot: QtBot, panel: LibraryPanel) -> None:
    assert panel.list._minutes.isActive()
    panel.hide()
    assert not panel.list._minutes.isActive()
