"""One end of the pipe between the two processes: sending never blocks, messages keep their order."""

import contextlib
import logging
import queue
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Generic, TypeVar

_LOG = logging.getLogger(__name__)

Incoming = TypeVar("Incoming")
Outgoing = TypeVar("Outgoing")


class _End:
    """Put into the queue to end the sender."""


class Channel(Generic[Incoming, Outgoing]):
    """Sends from a thread of its own, because a pipe whose other end is busy blocks; receives where it is told to.

    Messages are pickled. Whoever can write to the pipe could therefore run code in the reader, and nobody else can:
    it is a pair of sockets without a name (on Windows a named pipe of one instance, whose other end is opened before
    anybody learns of it), handed down by ``multiprocessing`` to the one process that it starts, and closed in every
    other that is started (PEP 446). Who may open another process's descriptors could as well write to its memory.
    """

    def __init__(self, connection: Connection) -> None:
        """``connection`` belongs to the channel from now on."""
        self._connection = connection
        self._outbox: queue.SimpleQueue[Outgoing | threading.Event | _End] = queue.SimpleQueue()
        self._sender = threading.Thread(target=self._send_all, name="channel-sender", daemon=True)

    def start(self) -> None:
        """Begin to send; what was given to ``send`` before goes first."""
        self._sender.start()

    def send(self, message: Outgoing) -> None:
        """Send after all that was sent before; returns at once. Nothing happens once the other end is gone."""
        self._outbox.put(message)

    def flush(self, timeout_s: float = 1.0) -> bool:
        """Wait until all that was sent so far is in the pipe; returns whether that came to pass."""
        written = threading.Event()
        self._outbox.put(written)
        return written.wait(timeout_s)

    def receive_all(self, on_message: Callable[[Incoming], None]) -> None:
        """Hand over each message as it comes, on this thread, until the other end is gone."""
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                return
            on_message(message)

    def close(self) -> None:
        """End the sender and close the pipe.

        The other end must be gone, or be reading: a write may be under way. No thread may be in ``receive_all``: it
        would go on reading the descriptor's number, which the next pipe of this process gets.
        """
        self._outbox.put(_End())
        if self._sender.is_alive():
            self._sender.join()
        with contextlib.suppress(OSError):  # closed by the other end's death
            self._connection.close()

    def _send_all(self) -> None:
        is_broken = False
        while not isinstance(message := self._outbox.get(), _End):
            if isinstance(message, threading.Event):
                message.set()
            elif not is_broken:
                try:
                    self._connection.send(message)
                except OSError as error:
                    # The receiver hears of it too, and does what there is to do.
                    _LOG.info("the other process is gone: %s", error)
                    is_broken = True
