"""One end of the pipe between two processes, with ordered, non-blocking sending."""

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
    """Sentinel that ends the sender thread."""


class Channel(Generic[Incoming, Outgoing]):
    """One end of a duplex pipe for messages.

    Messages are sent from a separate thread, because writing to a pipe blocks while the other end is busy. They are
    received on the thread that calls ``receive_all``.

    Messages are pickled, so a process that can write to the pipe can run code in the reader. No other process can. The
    pipe is an unnamed socket pair (on Windows a single-instance named pipe whose other end is opened before its name is
    known elsewhere). ``multiprocessing`` passes it to the one process that it starts, and it is not inherited by other
    processes (PEP 446). A process that may open the descriptors of another one could also write to its memory.
    """

    def __init__(self, connection: Connection) -> None:
        """Take ownership of ``connection``."""
        self._connection = connection
        self._outbox: queue.SimpleQueue[Outgoing | threading.Event | _End] = queue.SimpleQueue()
        self._sender = threading.Thread(target=self._send_all, name="channel-sender", daemon=True)

    def start(self) -> None:
        """Start the sender thread. Messages passed to ``send`` before are sent first."""
        self._sender.start()

    def send(self, message: Outgoing) -> None:
        """Queue a message for sending, without blocking. Messages are discarded once the other end is gone."""
        self._outbox.put(message)

    def flush(self, timeout_s: float = 1.0) -> bool:
        """Wait until all messages sent so far are written to the pipe; return False on timeout."""
        written = threading.Event()
        self._outbox.put(written)
        return written.wait(timeout_s)

    def receive_all(self, on_message: Callable[[Incoming], None]) -> None:
        """Call ``on_message`` for each message, on the calling thread, until the other end is gone."""
        while True:
            try:
                message = self._connection.recv()
            except (EOFError, OSError):
                return
            on_message(message)

    def close(self) -> None:
        """End the sender thread and close the pipe.

        The other end must be gone or still reading, because a write may be in progress. No thread may be in
        ``receive_all``, because it would continue to read from a descriptor number that is then reused.
        """
        self._outbox.put(_End())
        if self._sender.is_alive():
            self._sender.join()
        with contextlib.suppress(OSError):  # the other end is gone
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
                    # The receiving thread gets an end of file, and handles it.
                    _LOG.info("cannot send to the other process: %s", error)
                    is_broken = True
