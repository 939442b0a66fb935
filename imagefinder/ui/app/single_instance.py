"""Single instance: a local-socket server in the first process, a client in later ones."""

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
"""Of a message: twice what JSON makes of the 2 MiB that Linux allows a command line (execve(2), stack limit / 4)."""
_MOST_CONNECTIONS = 16
"""At a time; beyond, the one that has been silent for longest goes. A second start is through in milliseconds."""
_SILENCE_MS = 5000
"""How long a connection may take over its message, and twice as long at most."""
_LONGEST_PATH, _LONGEST_TOKEN = 32_767, 1000
"""Characters; the longest path of any system is Windows', the longest token a startup id of some dozens."""
_HEARD = b"heard\n"
_LONGEST = 70
"""Characters of a folder: the path of a socket has 107 at most."""


class SingleInstance(QObject):
    """The socket on which the first window listens, and a second start speaks.

    Whatever comes that is no message of a second start is logged and ignored.
    """

    started_again = Signal(list, str, str)
    """Paths (list[Path]) that a second start was given, the words it was to search for, and the desktop's permission
    to come to the front."""

    def __init__(self, library: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        whose = f"{getpass.getuser()}\n{os.fspath(library)}".encode("utf-8", "surrogateescape")
        name = f"imagefinder-{hashlib.sha256(whose).hexdigest()[:16]}"
        self._name, self._lock = _address(name), _lock_file(name)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        self._received: dict[QLocalSocket, bytearray] = {}
        """What came on each open connection; the oldest first."""
        self._late: list[QLocalSocket] = []
        """Those that were open already when the clock last rang."""
        self._clock = QTimer(self)
        self._clock.timeout.connect(self._lose_patience)

    def claim(self, paths: Sequence[Path] = (), query: str = "", token: str = "") -> bool:
        """Become the one window of this library; False where there is one, which was given all this then.

        Blocks for two seconds at most, before anything is shown.
        """
        # Two starts at one moment must not both find nobody, and throw out each other's socket.
        lock = QLockFile(self._lock)
        is_locked = lock.tryLock(_PATIENCE_MS)
        try:
            if self._tell(paths, query, token):
                return False
            # Left behind by a window that was killed; nobody answers there.
            QLocalServer.removeServer(self._name)
            # Where no socket can be had, two windows are better than none.
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
        # File names are bytes: what is not text goes as surrogates, which JSON escapes.
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
                self._refuse(next(iter(self._received)), "there are too many at once")

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
        if received is None:  # it has had its answer
            return
        received += socket.readAll().data()
        if len(received) > _MOST_BYTES:
            self._refuse(socket, "its message is too long")
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
            self._refuse(socket, "it takes too long")
        self._late = list(self._received)
        if not self._late:
            self._clock.stop()

    def _refuse(self, socket: QLocalSocket, why: str) -> None:
        if self._received.pop(socket, None) is not None:
            _LOG.warning("what came on the socket of a second start is ignored: %s", why)
            socket.abort()
            socket.deleteLater()


def understood(text: bytes) -> tuple[list[Path], str, str]:
    """The paths, the words to search for and the token of a second start's message.

    Raises:
        ValueError: it is no such message.
    """
    try:
        said = json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(said, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - one kind of error for whatever is wrong
    paths, query, token = said.get("paths"), said.get("query", ""), said.get("token")
    if not isinstance(token, str) or len(token) > _LONGEST_TOKEN or not token.isprintable():
        raise ValueError("its token is none")
    if not isinstance(paths, list) or not all(map(_is_path, paths)):
        raise ValueError("its paths are none")
    if not isinstance(query, str) or len(query) > MOST_CHARACTERS:
        raise ValueError("its words are none")
    return [Path(path) for path in paths], query, token


def _is_path(path: object) -> bool:
    """Whether it is a path as this program sends it: in full, and of bytes that the system can have."""
    if not isinstance(path, str) or not 0 < len(path) <= _LONGEST_PATH or "\0" in path:
        return False
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return Path(path).is_absolute()


def _own_folder() -> str:
    """A folder for sockets that no other user of this machine can write to; empty where there is none.

    In the folder for temporary files another user could listen in our place, and have us think that we run already.
    """
    folder = os.environ.get("XDG_RUNTIME_DIR", "") if sys.platform.startswith("linux") else ""
    is_fit = folder and Path(folder).is_absolute() and os.access(folder, os.W_OK | os.X_OK)
    return folder if is_fit and len(folder) < _LONGEST else ""


def _address(name: str) -> str:
    folder = _own_folder()
    return str(Path(folder) / name) if folder else name


def _lock_file(name: str) -> str:
    return str(Path(_own_folder() or QDir.tempPath()) / f"{name}.lock")
