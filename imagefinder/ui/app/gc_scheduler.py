"""Schedule garbage collection on the GUI thread; full collections only while the window is idle."""

import gc
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

_EVERY_MS = 1000
_BETWEEN_FULL_S = 10.0
_LATEST_FULL_S = 300.0


class GcScheduler(QObject):
    """Collects cyclic garbage in Python's stead, from its making to ``close``.

    Python does so on whatever thread happens to make objects: a widget that is found there would be destroyed beside
    the GUI thread, and everything waits meanwhile, 60 ms with a hundred thousand results open. Here the young objects
    are looked through every second, which is nothing; all of them when the user turns to another program, and
    once in five minutes whatever the user does.
    """

    def __init__(
        self,
        app: QApplication,
        parent: QObject | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._last_full = clock()
        gc.disable()
        # The modules are here for good: no collection need look at them.
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()
        app.applicationStateChanged.connect(self._on_state_changed)

    def collect(self) -> None:
        """Look through the young objects, or through all where that was not done for long."""
        if self._clock() - self._last_full >= _LATEST_FULL_S:
            self._collect_all()
        else:
            gc.collect(1)

    def close(self) -> None:
        """Let Python do it by itself again."""
        self._timer.stop()
        gc.unfreeze()
        gc.enable()

    def _on_state_changed(self, state: Qt.ApplicationState) -> None:
        is_looked_at = state is Qt.ApplicationState.ApplicationActive
        if self._timer.isActive() and not is_looked_at and self._clock() - self._last_full >= _BETWEEN_FULL_S:
            self._collect_all()

    def _collect_all(self) -> None:
        gc.collect()
        self._last_full = self._clock()
