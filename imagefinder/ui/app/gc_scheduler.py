"""Garbage collection on the GUI thread, with full collections mainly while the window is inactive."""

import gc
import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication

_EVERY_MS = 1000
_BETWEEN_FULL_S = 10.0
_LATEST_FULL_S = 300.0


class GcScheduler(QObject):
    """Scheduler of garbage collection in place of Python's automatic one, active until ``close``.

    Python collects in whichever thread allocates objects. Widgets could then be destroyed outside the GUI
    thread, and a full collection blocks the process, for 60 ms with a hundred thousand results open. This
    class collects the young generations every second, which takes negligible time, and all generations when
    the user switches to another program, and at least every five minutes.
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
        # Exclude the objects of imported modules from collections, because they are never freed.
        gc.freeze()
        self._timer = QTimer(self)
        self._timer.setInterval(_EVERY_MS)
        self._timer.timeout.connect(self.collect)
        self._timer.start()
        app.applicationStateChanged.connect(self._on_state_changed)

    def collect(self) -> None:
        """Collect the young generations, or all if the last full collection was long ago."""
        if self._clock() - self._last_full >= _LATEST_FULL_S:
            self._collect_all()
        else:
            gc.collect(1)

    def close(self) -> None:
        """Stop, and turn Python's automatic collection on again."""
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
