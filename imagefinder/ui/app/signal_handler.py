"""Conversion of SIGINT, SIGTERM and similar signals to a Qt signal."""

import signal
import socket
from types import FrameType

from PySide6.QtCore import QObject, QSocketNotifier, Signal

_SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)


class SignalHandler(QObject):
    """Handler that emits a Qt signal when the process receives a signal to end.

    Python runs signal handlers only between bytecode instructions, and none are executed while Qt waits for
    events. Therefore Python writes a byte to a socket, which wakes Qt's event loop. If a signal arrives
    before the event loop runs, the byte stays in the socket and is handled later.
    """

    asked_to_end = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reading, self._writing = socket.socketpair()
        self._reading.setblocking(False)
        self._writing.setblocking(False)
        self._wakeup_before = signal.set_wakeup_fd(self._writing.fileno(), warn_on_full_buffer=False)
        self._before = {number: signal.signal(number, self._handle) for number in _SIGNALS}
        self._notifier = QSocketNotifier(self._reading.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._wake)

    def close(self) -> None:
        """Restore the previous signal handlers."""
        self._notifier.setEnabled(False)
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        self._reading.close()
        self._writing.close()

    def _wake(self) -> None:
        try:
            self._reading.recv(64)
        except BlockingIOError:
            return
        self.asked_to_end.emit()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        """Do nothing: a Python handler must exist for Python to write the byte."""
