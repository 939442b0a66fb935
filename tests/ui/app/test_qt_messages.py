"""Tests that Qt's messages are logged and not printed to the terminal."""

import logging

import pytest
from PySide6.QtCore import qCritical, qWarning

from imagefinder.ui.app.qt_messages import logged_qt_messages


def test_what_qt_remarks_is_in_the_log_alone(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with logged_qt_messages():
        qWarning("This plugin does not support propagateSizeHints()")

    assert capfd.readouterr().err == ""
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.name == "imagefinder.qt"
    assert "propagateSizeHints" in record.getMessage()


def test_what_is_critical_is_seen_too(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with logged_qt_messages():
        qCritical("nothing can be drawn")

    assert "nothing can be drawn" in capfd.readouterr().err
    assert "nothing can be drawn" in caplog.text


def test_afterwards_qt_speaks_for_itself_again(caplog: pytest.LogCaptureFixture) -> None:
    with logged_qt_messages():
        pass
    qWarning("This plugin does not support raise()")

    assert [record for record in caplog.records if record.name == "imagefinder.qt"] == []
