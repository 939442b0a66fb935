"""Requests to hide results, or to show them again."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from imagefinder.ipc.messages import SetHidden
from imagefinder.ui.services.engine_client import EngineClient


class HideController(QObject):
    """Sends one pane's requests to hide results or to show them again, and reports failures."""

    failed = Signal(str)
    """A request failed; one sentence for the user."""

    def __init__(self, client: EngineClient, parent: QObject) -> None:
        super().__init__(parent)
        self._client = client

    def ask(self, item_ids: Sequence[int], is_hidden: bool) -> None:
        """Send a request to hide items, or to show them again."""
        request = SetHidden(tuple(item_ids), is_hidden, self._client.next_id())
        self._client.request(request, on_error=self._on_failed)

    def _on_failed(self, problem: str) -> None:
        self.failed.emit(problem)
