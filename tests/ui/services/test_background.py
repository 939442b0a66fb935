"""Tests of background tasks: delivery, deleted receivers, and blocked threads at close."""

import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, Signal
from pytestqt.qtbot import QtBot

from imagefinder.ui.services.background import BackgroundTasks


@pytest.fixture
def background(qtbot: QtBot) -> Iterator[BackgroundTasks]:
    made = BackgroundTasks("test", 1)
    yield made
    made.close()
    made.deleteLater()


class Receiver(QObject):
    told = Signal(object)

    def take(self, result: object) -> None:
        self.told.emit(result)


def test_a_result_arrives_on_the_gui_thread(qtbot: QtBot, background: BackgroundTasks) -> None:
    threads: list[threading.Thread] = []
    background.run(
        threading.current_thread, lambda worker: threads.extend([worker, threading.current_thread()])
    )
    qtbot.waitUntil(lambda: len(threads) == 2)
    assert threads[0] is not threading.main_thread()
    assert threads[1] is threading.main_thread()


def test_a_widget_that_is_gone_is_told_nothing(qtbot: QtBot, background: BackgroundTasks) -> None:
    gate = threading.Event()
    receiver = Receiver()
    background.run(lambda: gate.wait(10), receiver.take)
    with qtbot.waitSignal(receiver.destroyed):
        receiver.deleteLater()
    gate.set()
    done: list[int] = []
    background.run(lambda: 1, done.append)
    # An exception here would fail the test, because pytest-qt captures it.
    qtbot.waitUntil(lambda: done == [1])


def test_work_that_fails_does_not_end_the_thread(
    qtbot: QtBot, background: BackgroundTasks, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[int] = []
    background.run(lambda: 1 // 0, done.append)
    background.run(lambda: 2, done.append)
    qtbot.waitUntil(lambda: done == [2])
    assert "ZeroDivisionError" in caplog.text


def test_closing_waits_for_what_is_at_work_and_drops_the_rest(
    qtbot: QtBot, background: BackgroundTasks
) -> None:
    begun, ended, others = threading.Event(), threading.Event(), []  # type: ignore[var-annotated]

    def work() -> None:
        begun.set()
        while not background.is_closed:
            pass
        ended.set()

    background.run(work, others.append)
    background.run(lambda: others.append("waited"), others.append)  # type: ignore[misc]
    assert begun.wait(10)
    background.close()
    assert ended.is_set()
    qtbot.wait(1)
    assert others == []


def test_closing_does_not_wait_for_a_drive_that_never_answers(
    qtbot: QtBot, background: BackgroundTasks
) -> None:
    gate = threading.Event()
    background.run(lambda: gate.wait(30), lambda _: None)
    background.close(timeout_s=0.01)
    assert not gate.is_set()
    gate.set()
