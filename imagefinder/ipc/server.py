"""The engine's process: opens the library and hands what the window asks to who does it."""

import logging
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection

from imagefinder.embedders import registry as embedders
from imagefinder.ipc.channel import Channel
from imagefinder.ipc.messages import (
    Done,
    EngineOptions,
    Event,
    Failed,
    LibraryUnusable,
    Request,
    Stop,
    UseModel,
)
from imagefinder.ipc.session import Session
from imagefinder.model.errors import ImageFinderError
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)


def serve(connection: Connection, options: EngineOptions) -> None:
    """Do what comes through the pipe until ``Stop``. If the window is gone without one, the process ends at once."""
    channel: Channel[Request, Event] = Channel(connection)
    channel.start()
    inbox: queue.SimpleQueue[Request] = queue.SimpleQueue()

    def receive() -> None:
        channel.receive_all(inbox.put)
        # Nobody is there any more, not even to be told. The store is safe against this at any moment.
        os._exit(0)

    threading.Thread(target=receive, name="receiver", daemon=True).start()
    Server(options, channel.send, channel.flush).run(inbox.get)
    channel.flush()


class Server:
    """Runs one session after another: a new one begins when the library's model is changed."""

    def __init__(
        self, options: EngineOptions, send: Callable[[Event], None], flush: Callable[[], object]
    ) -> None:
        self._options = options
        self._send = send
        self._flush = flush

    def run(self, receive: Callable[[], Request]) -> None:
        """Carry out requests until ``Stop``, or until the library cannot be opened (again)."""
        while (session := self._opened()) is not None:
            request = self._attend(session, receive)
            session.stop_work()
            if isinstance(request, UseModel):
                self._use_model(session, request)
            session.close()
            if isinstance(request, Stop):
                return

    def _opened(self) -> Session | None:
        try:
            session = Session(self._options, self._send, self._flush)
            session.start()
            return session
        except ImageFinderError as error:
            self._send(LibraryUnusable(str(error)))
            return None

    def _attend(self, session: Session, receive: Callable[[], Request]) -> Stop | UseModel:
        while True:
            match request := receive():
                case Stop():
                    return request
                case UseModel():
                    if self._is_there(session, request):
                        return request
                case _:
                    self._hand_over(session, request)

    def _is_there(self, session: Session, request: UseModel) -> bool:
        try:
            embedders.create(request.name, self._options.device, session.models_dir).close()
        except ImageFinderError as error:
            self._send(Failed(request.request_id, str(error)))
            return False
        return True

    def _hand_over(self, session: Session, request: Request) -> None:
        try:
            session.handle(request)
        except Exception:  # noqa: BLE001 - our own mistake; the thread must live on
            _LOG.exception("a request failed: %s", type(request).__name__)
            if request_id := getattr(request, "request_id", 0):
                self._send(
                    Failed(
                        request_id, tr("This failed by a mistake in imagefinder itself. Its log says more.")
                    )
                )

    def _use_model(self, session: Session, request: UseModel) -> None:
        # A job that was paused stays so.
        self._options = replace(self._options, paused=session.is_paused, index_at_start=True)
        try:
            session.use_model(request.name)
        except ImageFinderError as error:
            self._send(Failed(request.request_id, str(error)))
            return
        if session.is_model_named:
            # The name that the user started the program with would win over the library's.
            self._options = replace(self._options, model=request.name)
        self._send(Done(request.request_id))
