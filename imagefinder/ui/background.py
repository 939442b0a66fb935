"""Work that may block, off the GUI thread; what comes of it arrives on the GUI thread."""

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

_LOG = logging.getLogger(__name__)

T = TypeVar("T")


class Background(QObject):
    """A few threads of its own.

    They are Python's and not a ``QThreadPool``: that one's destructor waits for its threads while Python's lock is
    held, which a thread at work in Python would wait for.
    """

    _finished = Signal(object)

    def __init__(self, name: str, threads: int = 2, parent: QObject | None = None) -> None:
        """No thread runs before the first work."""
        super().__init__(parent)
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._is_closed = False
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        executor = self._executor
        self.destroyed.connect(lambda: executor.shutdown(wait=False, cancel_futures=True))

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called; long work looks here, and stops."""
        return self._is_closed

    def run(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """Do the work in a thread, then give its result to ``then`` on the GUI thread.

        The work tells of its failures in its result: an exception that escapes it is our bug, and goes to the log.
        """
        if not self._is_closed:
            self._executor.submit(work).add_done_callback(partial(self._report, then))

    def close(self) -> None:
        """Drop what waits, and wait for what is at work; nothing is delivered any more."""
        self._is_closed = True
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _report(self, then: Callable[[Any], None], future: Future[Any]) -> None:
        if self._is_closed or future.cancelled():
            return
        if error := future.exception():
            _LOG.error("work in the background failed", exc_info=error)
            return
        with suppress(RuntimeError):  # the window is gone, and with it whoever wanted to know
            self._finished.emit(partial(then, future.result()))

    def _deliver(self, call: Callable[[], None]) -> None:
        if not self._is_closed:
            call()
