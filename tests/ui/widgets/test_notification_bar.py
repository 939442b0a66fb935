"""Tests of the notification bar."""

import pytest
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton
from pytestqt.qtbot import QtBot

from imagefinder.ui.widgets.notification_bar import NoticeKind, NotificationBar


@pytest.fixture
def bar(qtbot: QtBot) -> NotificationBar:
    # A notice below the mouse pointer would not time out.
    QCursor.setPos(4000, 4000)
    made = NotificationBar()
    qtbot.addWidget(made)
    return made


def timer(bar: NotificationBar) -> QTimer:
    return bar._notices[-1].findChildren(QTimer)[0]


def test_it_takes_no_room_until_something_is_said(qtbot: QtBot, bar: NotificationBar) -> None:
    assert bar.isHidden()
    bar.say("Hello.")
    assert bar.isVisible()
    assert bar.texts() == ["Hello."]


def test_the_same_key_replaces(bar: NotificationBar) -> None:
    bar.say("The engine is being started again…", key="engine", seconds=None)
    bar.say("The engine is there again.", key="engine")
    assert bar.texts() == ["The engine is there again."]


def test_the_same_words_do_not_stack(bar: NotificationBar) -> None:
    bar.say("imagefinder never deletes your files.")
    bar.say("imagefinder never deletes your files.")
    assert len(bar.texts()) == 1


def test_of_four_the_first_that_would_go_by_itself_goes(bar: NotificationBar) -> None:
    bar.say("stays", seconds=None)
    for number in range(3):
        bar.say(f"passing {number}")
    assert bar.texts() == ["stays", "passing 1", "passing 2"]


def test_of_four_that_stay_the_oldest_goes(bar: NotificationBar) -> None:
    for number in range(4):
        bar.say(f"stays {number}", seconds=None)
    assert bar.texts() == ["stays 1", "stays 2", "stays 3"]


def test_a_line_goes_after_its_time(qtbot: QtBot, bar: NotificationBar) -> None:
    bar.say("Hello.", seconds=0.01)
    qtbot.waitUntil(bar.isHidden)
    assert bar.texts() == []


def test_a_line_that_matters_stays(bar: NotificationBar) -> None:
    bar.say("The library cannot be opened.", NoticeKind.ERROR, seconds=None)
    assert not timer(bar).isActive()


def test_nothing_goes_while_the_mouse_is_on_it(bar: NotificationBar) -> None:
    bar.say("Hello.", seconds=60)
    notice = bar._notices[-1]
    QApplication.sendEvent(notice, _enter())
    assert not timer(bar).isActive()
    QApplication.sendEvent(notice, QEvent(QEvent.Type.Leave))
    assert timer(bar).isActive()


def test_it_is_closed_by_its_button_or_escape(qtbot: QtBot, bar: NotificationBar) -> None:
    for close in ("button", "escape"):
        bar.say("Hello.", seconds=None)
        notice = bar._notices[-1]
        if close == "button":
            qtbot.mouseClick(notice.findChildren(QToolButton)[0], Qt.MouseButton.LeftButton)
        else:
            qtbot.keyClick(notice, Qt.Key.Key_Escape)
        assert bar.isHidden()


def test_an_action_is_done_once_and_the_line_goes(qtbot: QtBot, bar: NotificationBar) -> None:
    done: list[str] = []
    bar.say("Broken.", actions=[("Retry", lambda: done.append("retry")), ("Log", lambda: done.append("log"))])
    buttons = bar._notices[-1].findChildren(QPushButton)
    qtbot.mouseClick(buttons[1], Qt.MouseButton.LeftButton)
    assert done == ["log"]
    assert bar.texts() == []


def test_an_action_may_say_something_itself(qtbot: QtBot, bar: NotificationBar) -> None:
    bar.say("Broken.", actions=[("Retry", lambda: bar.say("Trying…", key="x"))], key="x", seconds=None)
    qtbot.mouseClick(bar._notices[-1].findChildren(QPushButton)[0], Qt.MouseButton.LeftButton)
    assert bar.texts() == ["Trying…"]


def test_what_is_said_can_be_taken_back(bar: NotificationBar) -> None:
    bar.say("Starting again…", key="engine", seconds=None)
    bar.withdraw("engine")
    bar.withdraw("unknown")
    assert bar.isHidden()


def _enter() -> QEvent:
    from PySide6.QtCore import QPointF
    from PySide6.QtGui import QEnterEvent

    return QEnterEvent(QPointF(1, 1), QPointF(1, 1), QPointF(1, 1))
