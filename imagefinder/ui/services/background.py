"""Background threads for blocking work, with results delivered on the GUI thread."""

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
    """Small pool of daemon threads whose results are delivered on the GUI thread.

    A ``QThreadPool`` could deadlock: its destructor waits for the threads while it holds the GIL, which a
    thread that runs Python code needs. The threads are daemons, which those of an executor are not, because a
    thread blocked by an unresponsive network drive must not prevent the program from exiting.
    """

    _finished = Signal(object)

    def __init__(self, name: str, threads: int = 2, parent: QObject | None = None) -> None:
        """Create the pool with at most ``threads`` threads. None is started before the first task."""
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
        """Whether ``close`` was called. Long-running tasks should check this and stop."""
        return self._is_closed

    def run(self, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """Call ``work`` in a thread, then ``then`` with its result on the GUI thread.

        ``then`` is not called if it is a method of a Qt object that has been deleted. ``work`` must report
        failures in its result: an exception that escapes it is a bug, is logged, and ``then`` is not called.
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
        """Discard waiting tasks and wait at most ``timeout_s`` seconds for running ones.

        No results are delivered afterwards.
        """
        self._is_closed = True
        _end(self._tasks, self._threads)
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
            if thread.is_alive():
                _LOG.warning(
                    "thread %s is still running, possibly blocked by an unresponsive drive", thread.name
                )

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            work, then = task
            try:
                result = work()
            except Exception:  # noqa: BLE001 - a bug in the task, which must not end the thread
                _LOG.exception("background task failed")
                continue
            if not self._is_closed:
                with suppress(RuntimeError):  # this object has been deleted together with its window
                    self._finished.emit(partial(then, result))

    def _deliver(self, call: "partial[None]") -> None:
        if not self._is_closed and is_receiver_alive(call):
            call()


def _end(tasks: "queue.SimpleQueue[_Task | None]", threads: list[threading.Thread], *_: object) -> None:
    """Discard waiting tasks and tell the threads to end."""
    with suppress(queue.Empty):
        while True:
            tasks.get_nowait()
    for _thread in threads:
        tasks.put(None)


def is_receiver_alive(call: Callable[..., None]) -> bool:
    """Return False for a method of a deleted Qt object, which must not be called."""
    while isinstance(call, partial):
        call = call.func
    owner = getattr(call, "__self__", None)
    return not isinstance(owner, QObject) or shiboken6.isValid(owner)
