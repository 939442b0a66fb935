"""Single instance of the window: local-socket server in the first process, client in later ones."""

import getpass
import hashlib
import json
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QDir, QLockFile, QObject, QTimer, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from imagefinder.domain.queries import MOST_CHARACTERS

_LOG = logging.getLogger(__name__)

_PATIENCE_MS = 2000
_MOST_BYTES = 5_000_000
"""Limit for a message in bytes.

This is about twice the JSON form of the 2 MiB that Linux allows a command line (execve(2), stack limit / 4).
"""
_MOST_CONNECTIONS = 16
"""Limit for open connections, beyond which the oldest is closed. A second start takes only milliseconds."""
_SILENCE_MS = 5000
"""Connections without a complete message are closed after this time, or twice as long at most."""
_LONGEST_PATH, _LONGEST_TOKEN = 32_767, 1000
"""Limits in characters. Windows has the longest paths of all systems; tokens have some dozen characters."""
_HEARD = b"heard\n"
_LONGEST = 70
"""Longest folder for the socket, in characters: the path of a socket is limited to 107."""


class SingleInstance(QObject):
    """Local-socket server in the first instance, client in later ones.

    A later instance sends its arguments and exits. Malformed messages are logged and ignored.
    """

    started_again = Signal(list, str, str)
    """Emitted with the arguments of a later instance.

    These are the paths (list[Path]), the words to search for, and the desktop's activation token, which
    permits raising the window.
    """

    def __init__(self, library: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        whose = f"{getpass.getuser()}\n{os.fspath(library)}".encode("utf-8", "surrogateescape")
        name = f"imagefinder-{hashlib.sha256(whose).hexdigest()[:16]}"
        self._name, self._lock = _address(name), _lock_file(name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        self._received: dict[QLocalSocket, bytearray] = {}
        """Data received so far on each open connection, the oldest connection first."""
        self._late: list[QLocalSocket] = []
        """Connections that were already open at the last timeout of ``_clock``."""
        self._clock = QTimer(self)
        self._clock.timeout.connect(self._lose_patience)

    def claim(self, paths: Sequence[Path] = (), query: str = "", token: str = "") -> bool:
        """Become the single instance for the library, or pass the arguments to the one that exists.

        Returns True in the first case. Blocks for a few seconds at most, before any window is shown.
        """
        # Without the lock, two simultaneous starts could both find no server and remove each other's socket.
        lock = QLockFile(self._lock)
        is_locked = lock.tryLock(_PATIENCE_MS)
        try:
            if self._tell(paths, query, token):
                return False
            # Remove the socket of an instance that was killed.
            QLocalServer.removeServer(self._name)
            # A failure is ignored: then a second start opens a second window.
            self._server.listen(self._name)
            return True
        finally:
            if is_locked:
                lock.unlock()

    def close(self) -> None:
        """Stop listening."""
        self._clock.stop()
        self._server.close()

    def _tell(self, paths: Sequence[Path], query: str, token: str) -> bool:
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(_PATIENCE_MS // 4):
            return False
        # File names are bytes. Those that are not UTF-8 are sent as surrogates, which JSON escapes.
        said = {"paths": [os.fspath(path) for path in paths], "query": query, "token": token}
        socket.write(json.dumps(said).encode() + b"\n")
        heard = socket.waitForReadyRead(_PATIENCE_MS)
        socket.disconnectFromServer()
        return heard

    def _greet(self) -> None:
        while self._server.hasPendingConnections():
            socket = self._server.nextPendingConnection()
            socket.setReadBufferSize(_MOST_BYTES)
            self._received[socket] = bytearray()
            socket.readyRead.connect(self._listen)
            socket.disconnected.connect(self._part)
            if not self._clock.isActive():
                self._clock.start(_SILENCE_MS)
            self._read(socket)
            if len(self._received) > _MOST_CONNECTIONS:
                self._refuse(next(iter(self._received)), "too many connections")

    def _listen(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._read(socket)

    def _part(self) -> None:
        socket = self.sender()
        if isinstance(socket, QLocalSocket):
            self._received.pop(socket, None)
            socket.deleteLater()

    def _read(self, socket: QLocalSocket) -> None:
        received = self._received.get(socket)
        if received is None:  # already answered
            return
        received += socket.readAll().data()
        if len(received) > _MOST_BYTES:
            self._refuse(socket, "message too long")
        elif b"\n" in received:
            self._answer(socket, bytes(received).partition(b"\n")[0])

    def _answer(self, socket: QLocalSocket, text: bytes) -> None:
        try:
            paths, query, token = understood(text)
        except ValueError as error:
            self._refuse(socket, str(error))
            return
        self._received.pop(socket)
        socket.write(_HEARD)
        socket.flush()
        socket.disconnectFromServer()
        self.started_again.emit(paths, query, token)

    def _lose_patience(self) -> None:
        for socket in self._late:
            self._refuse(socket, "timed out")
        self._late = list(self._received)
        if not self._late:
            self._clock.stop()

    def _refuse(self, socket: QLocalSocket, why: str) -> None:
        if self._received.pop(socket, None) is not None:
            _LOG.warning("message on the single-instance socket is ignored: %s", why)
            socket.abort()
            socket.deleteLater()


def understood(text: bytes) -> tuple[list[Path], str, str]:
    """Return the paths, the words to search for and the token from the message of a later instance.

    Raises:
        ValueError: The message is malformed.
    """
    try:
        said = json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(said, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - one type of error for all malformed messages
    paths, query, token = said.get("paths"), said.get("query", ""), said.get("token")
    if not isinstance(token, str) or len(token) > _LONGEST_TOKEN or not token.isprintable():
        raise ValueError("invalid token")
    if not isinstance(paths, list) or not all(map(_is_path, paths)):
        raise ValueError("invalid paths")
    if not isinstance(query, str) or len(query) > MOST_CHARACTERS:
        raise ValueError("invalid query")
    return [Path(path) for path in paths], query, token


def _is_path(path: object) -> bool:
    """Return whether a value is a path as this program sends it: absolute, and encodable as a file name."""
    if not isinstance(path, str) or not 0 < len(path) <= _LONGEST_PATH or "\0" in path:
        return False
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return Path(path).is_absolute()


def _own_folder() -> str:
    """Return a folder for sockets that no other user can write to, or an empty string if there is none.

    In the folder for temporary files, another user could create the socket first and thereby prevent the
    program from starting.
    """
    folder = os.environ.get("XDG_RUNTIME_DIR", "") if sys.platform.startswith("linux") else ""
    is_fit = folder and Path(folder).is_absolute() and os.access(folder, os.W_OK | os.X_OK)
    return folder if is_fit and len(folder) < _LONGEST else ""


def _address(name: str) -> str:
    folder = _own_folder()
    return str(Path(folder) / name) if folder else name


def _lock_file(name: str) -> str:
    return str(Path(_own_folder() or QDir.tempPath()) / f"{name}.lock")
