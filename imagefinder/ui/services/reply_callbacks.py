"""Callbacks of pending requests to the engine."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from imagefinder.ipc.messages import Event, Failed, Hits
from imagefinder.ui.services.background import is_receiver_alive


@dataclass(frozen=True, slots=True)
class _ReplyCallback:
    """Callbacks of one request: for its reply, and for the reason if it fails."""

    on_reply: Callable[[Any], None] | None
    on_error: Callable[[str], None] | None


class ReplyCallbacks:
    """Callbacks by request id. Each is called at most once, and not after its Qt object was deleted."""

    def __init__(self) -> None:
        self._pending: dict[int, _ReplyCallback] = {}

    def expect(
        self,
        request_id: int,
        on_reply: Callable[[Any], None] | None,
        on_error: Callable[[str], None] | None,
    ) -> None:
        """Register the callbacks of a request."""
        self._pending[request_id] = _ReplyCallback(on_reply, on_error)

    def forget(self, request_id: int) -> None:
        """Discard the callbacks of a request, if there are any."""
        self._pending.pop(request_id, None)

    def deliver(self, event: Event) -> None:
        """Call the callback registered for an event. ``Hits`` are ignored, as more of them may follow."""
        if isinstance(event, Hits) or not (request_id := getattr(event, "request_id", 0)):
            return
        if (pending := self._pending.pop(request_id, None)) is None:
            return
        if isinstance(event, Failed):
            if pending.on_error is not None and is_receiver_alive(pending.on_error):
                pending.on_error(event.message)
        elif pending.on_reply is not None and is_receiver_alive(pending.on_reply):
            pending.on_reply(event)
