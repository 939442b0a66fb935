"""A client without an engine: it keeps what is sent, and a test emits what an engine would answer."""

from typing import TypeVar

from imagefinder.ipc.messages import EngineOptions, Event, Request
from imagefinder.ui.services.engine_client import EngineClient, EngineState, EngineStatus

R = TypeVar("R")


class FakeClient(EngineClient):
    """Records requests in ``sent``."""

    def __init__(self) -> None:
        super().__init__(EngineOptions())
        self.engine = EngineStatus(EngineState.RUNNING)
        self.sent: list[Request] = []
        self.restarts: list[EngineOptions | None] = []

    def start(self, options: EngineOptions | None = None) -> None:
        pass

    def send(self, request: Request) -> None:
        self.sent.append(request)
        self._intent.note(request)

    def restart(self, options: EngineOptions | None = None) -> None:
        self.restarts.append(options)

    def stop(self, timeout_s: float = 3.0) -> bool:
        return True

    def hear(self, event: Event) -> None:
        """Take an event as from an engine: it is kept where it is the latest of its kind, and its signal emitted."""
        self._hear(event)

    def last(self, kind: type[R]) -> R:
        """The latest request of a kind."""
        return [request for request in self.sent if isinstance(request, kind)][-1]
