"""Another model for the library: asked of the engine, and told once the engine has it."""

from PySide6.QtCore import QObject, Signal

from imagefinder.ipc.messages import Done, UseModel
from imagefinder.ui.engine_client import EngineClient
from imagefinder.ui.engine_notices import EngineNotices


class ModelChange(QObject):
    """The last change of the model that was asked for; one that fails is said by ``EngineNotices``."""

    done = Signal(str)
    """The library is searched with the model of this name from now on."""

    def __init__(self, client: EngineClient, notices: EngineNotices, parent: QObject) -> None:
        super().__init__(parent)
        self._client = client
        self._notices = notices
        self._request, self._name = 0, ""
        client.done.connect(self._take_done)

    def ask(self, name: str) -> None:
        """Search with the model of this name, as soon as the engine can."""
        self._request, self._name = self._notices.watch(self._client.next_id()), name
        self._client.send(UseModel(name, request_id=self._request))

    def _take_done(self, done: Done) -> None:
        if self._request and done.request_id == self._request:
            self._request = 0
            self.done.emit(self._name)
