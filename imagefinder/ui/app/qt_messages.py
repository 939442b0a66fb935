"""What Qt has to say goes to the log: in a terminal its remarks on the desktop would tell a user nothing."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

_LOG = logging.getLogger("imagefinder.qt")
# Where no log is kept, Python would print warnings after all.
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
    """Log Qt's messages; those that are critical are shown on the error stream too."""
    before = qInstallMessageHandler(_log)
    try:
        yield
    finally:
        # Not kept until Python's end, when nobody could be called any more.
        qInstallMessageHandler(before)


def _log(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
    level = _LEVELS.get(kind, logging.WARNING)
    _LOG.log(level, "%s: %s", context.category or "default", message)
    if level >= logging.ERROR and sys.stderr is not None:
        sys.stderr.write(f"{message}\n")
