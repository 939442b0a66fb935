"""Run blocking work off the GUI thread and deliver its result on it."""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

_LOG = logging.getLogger(__name__)

T = TypeVar("T")
_Task = tuple[Callable[[], Any], Callable[[Any], None]]
_PATIENCE_S = 2.0


class BackgroundTasks(QObject):
    """A few threads of its own.

    They are Python's and not a ``QThreadPool``: that one's destructor waits for its threads while Python's lock is
    held, which a thread at work in Python would wait for. They are daemons and not of an executor: a thread that a
    dead network drive holds must not hold the program's end.
    """

    _finished = Signal(object)

    def __init__(self, name: str, threads: int = 2, parent: QObject | None = None) -> None:
        """No thread runs before the first work."""
        super().__init__(parent)
        self._name = name
        self._most = threads
        self._threads: list[threading.Thread] = []
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._is_closed = False
        self._finished.connect(self._deliver, Qt.ConnectionType.QueuedConnection)
        self.destroyed.connect(partial(_end, self._tasks, self._threads))

    @property
    def is_closed(self) -> bool:
        """Whether ``close`` was called; long work looks here, and stops."""
        return self._is_closed

    def run(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """Do the work in a thread, then give its result to ``then`` on the GUI thread.

        Nothing is given to a method of a widget that is gone by then. The work tells of its failures in its result:
        an exception that escapes it is our bug, and goes to the log.
        """
        if self._is_closed:
            return
        self._tasks.put((work, then))
        if len(self._threads) < self._most:
            name = f"{self._name}_{len(self._threads)}"
            thread = threading.Thread(target=self._work, name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def close(self, timeout_s: float = _PATIENCE_S) -> None:
        """Drop what waits, and wait for what is at work, ``timeout_s`` seconds at most; nothing is delivered then."""
        self._is_closed = True
        _end(self._tasks, self._threads)
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                _LOG.warning("%s is still at work, perhaps on a drive that does not answer", thread.name)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            work, then = task
            try:
                result = work()
            except Exception:  # noqa: BLE001 - our own mistake; the thread must live on
                _LOG.exception("work in the background failed")
                continue
            if not self._is_closed:
                with suppress(RuntimeError):  # the window is gone, and with it whoever wanted to know
                    self._finished.emit(partial(then, result))

    def _deliver(self, call: "partial[None]") -> None:
        if not self._is_closed and is_receiver_alive(call):
            call()


def _end(tasks: "queue.SimpleQueue[_Task | None]", threads: list[threading.Thread], *_: object) -> None:
    """Drop what waits, and have the threads end."""
    with suppress(queue.Empty):
        while True:
            tasks.get_nowait()
    for _thread in threads:
        tasks.put(None)


def is_receiver_alive(call: Callable[..., None]) -> bool:
    """False for a method of a Qt object that was deleted; such a callback must not be called."""
    while isinstance(call, partial):
        call = call.func
    owner = getattr(call, "__self__", None)
    return not isinstance(owner, QObject) or shiboken6.isValid(owner)
