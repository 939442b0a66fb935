"""Tests of the dialog shown when the engine process is not restarted any more."""

from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from imagefinder.ui.services.engine_client import EngineState, EngineStatus
from imagefinder.ui.window.crash_dialog import CrashDialog

BROKEN = EngineStatus(
    EngineState.BROKEN, "It stopped three times. Nothing is lost.", "exit code -11\nthe log"
)


def make(qtbot: QtBot, status: EngineStatus = BROKEN) -> CrashDialog:
    dialog = CrashDialog(status, log_folder=Path("/logs/imagefinder"))
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def click(dialog: CrashDialog, text: str) -> None:
    next(each for each in dialog.findChildren(QPushButton) if each.text().replace("&", "") == text).click()


def test_it_says_what_happened_and_shows_the_report(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    assert BROKEN.message in [label.text() for label in dialog.findChildren(QLabel)]
    assert dialog._box.toPlainText() == BROKEN.report
    assert dialog._box.isReadOnly()


def test_enter_tries_again(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    with qtbot.waitSignal(dialog.retry_requested):
        click(dialog, "Try again")
    assert not dialog.isVisible()


def test_closing_it_tries_nothing(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    with qtbot.assertNotEmitted(dialog.retry_requested):
        click(dialog, "Close")
    assert not dialog.isVisible()


def test_the_report_can_be_copied(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    click(dialog, "Copy report")
    assert QGuiApplication.clipboard().text() == BROKEN.report
    assert dialog._done.text() == "Copied."


@pytest.mark.parametrize("works", [True, False])
def test_the_log_folder_is_opened_or_named(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, works: bool
) -> None:
    opened: list[QUrl] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url)
        return works

    monkeypatch.setattr(QDesktopServices, "openUrl", open_url)
    dialog = make(qtbot)
    click(dialog, "Open log folder")
    assert opened == [QUrl.fromLocalFile("/logs/imagefinder")]
    assert ("/logs/imagefinder" in dialog._done.text()) is not works


def test_without_a_report_there_is_nothing_to_copy(qtbot: QtBot) -> None:
    dialog = make(qtbot, EngineStatus(EngineState.BROKEN, "The library cannot be used."))
    assert not dialog._box.isVisible()
    assert not [
        each for each in dialog.findChildren(QPushButton) if "opy" in each.text() and each.isVisible()
    ]
