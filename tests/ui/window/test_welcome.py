"""Tests of the welcome page."""

from pathlib import Path

from helpers.fake_client import FakeClient
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from imagefinder.ipc.messages import ModelChanged, ModelState
from imagefinder.ui.services.engine_client import EngineState, EngineStatus
from imagefinder.ui.window.welcome import WelcomePage


def make(qtbot: QtBot, client: FakeClient, pictures: Path | None = None) -> WelcomePage:
    page = WelcomePage(client, pictures=pictures)
    qtbot.addWidget(page)
    page.resize(900, 700)
    page.show()
    return page


def test_a_dropped_folder_is_chosen(qtbot: QtBot, client: FakeClient) -> None:
    page = make(qtbot, client)
    mime = QMimeData()
    mime.setUrls([QUrl("file:///photos/Holiday")])
    left, none, copy = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    QApplication.sendEvent(page, QDragEnterEvent(QPoint(9, 9), copy, mime, left, none))
    assert page.is_hovered
    with qtbot.waitSignal(page.folders_chosen) as chosen:
        QApplication.sendEvent(page, QDropEvent(QPointF(9, 9), copy, mime, left, none))
    assert chosen.args == [[Path("/photos/Holiday")]]


def test_the_pictures_folder_is_one_click_away(qtbot: QtBot, client: FakeClient, tmp_path: Path) -> None:
    page = make(qtbot, client, tmp_path)
    assert page._own.isVisible()
    with qtbot.waitSignal(page.folders_chosen) as chosen:
        qtbot.mouseClick(page._own, Qt.MouseButton.LeftButton)
    assert chosen.args == [[tmp_path]]


def test_a_pictures_folder_that_is_not_there_is_not_offered(qtbot: QtBot, client: FakeClient) -> None:
    assert not make(qtbot, client)._own.isVisible()


def test_a_folder_can_be_chosen_by_a_dialog_that_blocks_nothing(
    qtbot: QtBot, client: FakeClient, tmp_path: Path
) -> None:
    page = make(qtbot, client)
    qtbot.mouseClick(page._choose, Qt.MouseButton.LeftButton)
    (dialog,) = page.findChildren(QFileDialog)
    with qtbot.waitSignal(page.folders_chosen) as chosen:
        dialog.fileSelected.emit(str(tmp_path))
    assert chosen.args == [[tmp_path]]
    dialog.close()


def test_all_of_it_is_reached_by_keyboard(qtbot: QtBot, client: FakeClient, tmp_path: Path) -> None:
    page = make(qtbot, client, tmp_path)
    page._choose.setFocus()
    qtbot.keyClick(page._choose, Qt.Key.Key_Tab)
    assert page.focusWidget() is page._own


def test_it_is_honest_about_what_is_not_ready(qtbot: QtBot, client: FakeClient) -> None:
    page = make(qtbot, client)
    assert page._state.text() == ""
    client.model = ModelChanged(ModelState.LOADING, "ViT-B-32")
    client.model_changed.emit(client.model)
    assert page._state.text() == "Loading the model…"
    client.engine = EngineStatus(EngineState.RESTARTING, "It is started again.")
    client.engine_changed.emit(client.engine)
    assert page._state.text() == "It is started again."


def test_a_low_window_gives_up_the_drawing_and_no_words(
    qtbot: QtBot, client: FakeClient, tmp_path: Path
) -> None:
    page = make(qtbot, client, tmp_path)
    assert page._picture.isVisible()
    page.resize(600, 420)
    assert not page._picture.isVisible()
    assert page._own.isVisible()
