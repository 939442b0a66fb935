"""Reporting of unhandled exceptions in the log and as a notice in the window."""

import logging
import sys
import threading
from types import TracebackType

from PySide6.QtCore import QObject, Signal

from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)


class ExceptionHook(QObject):
    """Handler for uncaught exceptions of all threads, active from its creation until ``close``."""

    notice = Signal(str)
    """Emitted with a text for the user."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._before = sys.excepthook, threading.excepthook
        sys.excepthook = self._on_exception
        threading.excepthook = self._on_thread_exception

    def close(self) -> None:
        """Restore the previous hooks."""
        sys.excepthook, threading.excepthook = self._before

    def _on_exception(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._before[0](kind, error, trace)
            return
        _LOG.error("unhandled exception", exc_info=(kind, error, trace))
        self.notice.emit(
            tr(
                "Something went wrong ({error}). Your index is intact. Details are in the log.",
                error=kind.__name__,
            )
        )

    def _on_thread_exception(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._on_exception(args.exc_type, args.exc_value, args.exc_traceback)
