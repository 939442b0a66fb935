"""Client without an engine, for tests of the window."""

from typing import TypeVar

from imagefinder.ipc.messages import EngineOptions, Event, Request
from imagefinder.ui.services.engine_client import EngineClient, EngineState, EngineStatus

R = TypeVar("R")


class FakeClient(EngineClient):
    """Client that records requests in ``sent``. Tests emit the engine's answers themselves."""

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
        """Handle an event as if it came from an engine: store it if it is a state, and emit its signal."""
        self._hear(event)

    def last(self, kind: type[R]) -> R:
        """Return the latest request of a class."""
        return [request for request in self.sent if isinstance(request, kind)][-1]
