"""Screenshot of the window for ``--screenshot``, taken once hits and thumbnails are shown."""

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from imagefinder.ipc.messages import Failed, Hits, ModelState
from imagefinder.translation import tr
from imagefinder.ui.services.engine_client import EngineClient, EngineState
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader

_POLL_MS = 100
_QUIET_POLLS = 4
"""Number of consecutive checks that must find the window complete. Painting the grid requests thumbnails."""
_TIMEOUT_MS = 60_000


class Screenshot(QObject):
    """One screenshot of a window, saved as a PNG file once the window is complete."""

    taken = Signal()
    failed = Signal(str)
    """Emitted with the reason, as one sentence for the user."""

    def __init__(
        self,
        window: QWidget,
        client: EngineClient,
        thumbnails: ThumbnailLoader,
        file: Path,
        *,
        waits_for_hits: bool,
        timeout_ms: int = _TIMEOUT_MS,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._window = window
        self._client = client
        self._thumbnails = thumbnails
        self._file = file
        self._waits_for_hits = waits_for_hits
        self._is_answered = False
        self._quiet = 0
        client.hits_received.connect(self._on_hits)
        client.failed.connect(self._on_failed)
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self._look)
        self._timer.start()
        self._deadline = QTimer(self)
        self._deadline.setSingleShot(True)
        self._deadline.timeout.connect(self._give_up)
        self._deadline.start(timeout_ms)

    @property
    def stands(self) -> bool:
        """Whether everything that the screenshot should show is loaded."""
        model = self._client.model
        return (
            self._client.library is not None
            and model is not None
            and model.state is not ModelState.LOADING
            and (self._is_answered or not self._waits_for_hits)
            and self._thumbnails.is_idle
        )

    def _on_hits(self, hits: Hits) -> None:
        model = self._client.model
        if not hits.is_partial or (model is not None and model.state is ModelState.FAILED):
            self._is_answered = True

    def _on_failed(self, failure: Failed) -> None:
        # A failed search can be shown in a screenshot, too.
        self._is_answered = True

    def _look(self) -> None:
        if self._client.engine.state is EngineState.BROKEN:
            self._end()
            self.failed.emit(self._client.engine.message)
            return
        self._quiet = self._quiet + 1 if self.stands else 0
        if self._quiet >= _QUIET_POLLS:
            self._save()

    def _save(self) -> None:
        self._end()
        focus = self._window.focusWidget()
        if isinstance(focus, QLineEdit):
            # Do not show a text cursor or a selection.
            focus.deselect()
            focus.clearFocus()
        if self._window.grab().save(str(self._file), "PNG"):
            self.taken.emit()
        else:
            self.failed.emit(tr("The screenshot couldn't be saved to {file}.", file=self._file))

    def _give_up(self) -> None:
        self._end()
        self.failed.emit(tr("The screenshot timed out because the window was still changing. Try again."))

    def _end(self) -> None:
        self._timer.stop()
        self._deadline.stop()
