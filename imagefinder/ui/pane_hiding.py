"""Hiding results: asked of the engine, and said where it could not be done."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from imagefinder.ipc.messages import Done, Failed, SetHidden
from imagefinder.ui.engine_client import EngineClient


class PaneHiding(QObject):
    """One pane's requests to hide results, or to show them again."""

    failed = Signal(str)
    """What was taken out of sight is not hidden: one sentence."""

    def __init__(self, client: EngineClient, parent: QObject) -> None:
        super().__init__(parent)
        self._client = client
        self._open: set[int] = set()
        """Requests that are not answered yet."""
        client.done.connect(self._take_done)
        client.failed.connect(self._take_failure)

    def ask(self, item_ids: Sequence[int], is_hidden: bool) -> None:
        """Hide these items, or show them again."""
        request = self._client.next_id()
        self._open.add(request)
        self._client.send(SetHidden(tuple(item_ids), is_hidden, request))

    def _take_done(self, done: Done) -> None:
        self._open.discard(done.request_id)

    def _take_failure(self, failure: Failed) -> None:
        if failure.request_id in self._open:
            self._open.remove(failure.request_id)
            self.failed.emit(failure.message)
