"""Redirection of Qt's messages to the log, because in a terminal they would only confuse users."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_LOG = logging.getLogger("imagefinder.qt")
# Without a handler, Python's last-resort handler would print warnings.
_LOG.addHandler(logging.NullHandler())
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


@contextmanager
def logged_qt_messages() -> Iterator[None]:
    """Log Qt's messages, and print critical ones to stderr, too."""
    before = qInstallMessageHandler(_log)
    try:
        yield
    finally:
        # Qt must not call the handler after Python has been finalised.
        qInstallMessageHandler(before)


def _log(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
    level = _LEVELS.get(kind, logging.WARNING)
    _LOG.log(level, "%s: %s", context.category or "default", message)
    if level >= logging.ERROR and sys.stderr is not None:
        sys.stderr.write(f"{message}\n")
