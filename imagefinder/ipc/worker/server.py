"""Message loop of the engine process: opens the library and dispatches requests."""

import logging
import os
import queue
import signal
import threading
import time
from multiprocessing.connection import Connection
from types import FrameType

from imagefinder.domain.errors import ImageFinderError
from imagefinder.ipc.channel import Channel
from imagefinder.ipc.heartbeat import BEAT_S, Alive
from imagefinder.ipc.messages import EngineOptions, Event, Failed, LibraryUnusable, Request, Stop
from imagefinder.ipc.worker.session import EngineSession
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)

ENDING_SIGNALS = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Signals by which a system shutdown, a closed terminal or the user ends the process."""


def serve(connection: Connection, options: EngineOptions) -> None:
    """Handle requests from the pipe until ``Stop``. If the window process disappears, this process exits at once."""
    channel: Channel[Request, Event | Alive] = Channel(connection)
    channel.start()
    inbox: queue.SimpleQueue[Request] = queue.SimpleQueue()
    sessions: list[EngineSession] = []

    def receive() -> None:
        channel.receive_all(inbox.put)
        # The window process is gone, so there is nobody to report to. The store survives an exit at any time.
        for session in sessions:
            session.end_at_once()
        os._exit(0)

    def end(number: int, _frame: FrameType | None) -> None:
        for session in sessions:
            session.end_at_once()
        # End by the signal itself, so that the window sees it in the exit code.
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def beat() -> None:
        while True:
            channel.send(Alive())
            time.sleep(BEAT_S)

    threading.Thread(target=receive, name="receiver", daemon=True).start()
    threading.Thread(target=beat, name="heartbeat", daemon=True).start()
    for number in ENDING_SIGNALS:
        signal.signal(number, end)
    _attend(options, channel, inbox, sessions)
    channel.flush()


def _attend(
    options: EngineOptions,
    channel: Channel[Request, Event | Alive],
    inbox: "queue.SimpleQueue[Request]",
    sessions: list[EngineSession],
) -> None:
    try:
        session = EngineSession(options, channel.send, channel.flush)
        sessions.append(session)
        session.start()
    except ImageFinderError as error:
        channel.send(LibraryUnusable(str(error)))
        return
    while not isinstance(request := inbox.get(), Stop):
        try:
            session.handle(request)
        except Exception:  # noqa: BLE001 - an internal error must not end the loop
            _LOG.exception("a request failed: %s", type(request).__name__)
            if request_id := getattr(request, "request_id", 0):
                channel.send(
                    Failed(
                        request_id, tr("This failed by a mistake in imagefinder itself. Its log says more.")
                    )
                )
    session.close()
