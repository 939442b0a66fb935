"""Tests of the handling of SIGTERM and other signals in the window's process."""

import os
import signal
import sys

import pytest
from pytestqt.qtbot import QtBot

from imagefinder.ui.app.signal_handler import SignalHandler

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are Unix's")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_that_comes_before_the_events_are_heard_waits_for_them(
    qtbot: QtBot, number: signal.Signals
) -> None:
    before = signal.getsignal(number)
    interrupts = SignalHandler()
    heard: list[bool] = []
    interrupts.asked_to_end.connect(lambda: heard.append(True))
    os.kill(os.getpid(), number)
    assert heard == []
    qtbot.waitUntil(lambda: bool(heard))
    interrupts.close()
    assert signal.getsignal(number) is before
