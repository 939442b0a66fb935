"""One window for each user and library: a second start hands its paths to the first window, and goes."""

import getpass
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QDir, QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

_PATIENCE_MS = 2000
_MOST_BYTES = 1 << 24
"""More than a command line can hold."""
_HEARD = b"heard\n"
_LONGEST = 70
"""Characters of a folder: the path of a socket has 107 at most."""


class SingleInstance(QObject):
    """The first window's ear, or the second start's voice."""

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
        self._received: dict[QLocalSocket, bytes] = {}

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
            self._received[socket] = b""
            socket.readyRead.connect(self._listen)
            socket.disconnected.connect(self._part)
            self._read(socket)

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
        text = self._received.get(socket, b"") + bytes(socket.readAll().data())
        self._received[socket] = text
        if len(text) > _MOST_BYTES:
            socket.abort()
        elif text.endswith(b"\n"):
            self._received[socket] = b""
            socket.write(_HEARD)
            socket.flush()
            self._understand(text)

    def _understand(self, text: bytes) -> None:
        try:
            said = json.loads(text)
            paths = [Path(path) for path in said["paths"]]
            query, token = str(said.get("query", "")), str(said["token"])
        except (ValueError, TypeError, KeyError, AttributeError):
            # From another version of the program: coming to the front is right all the same.
            paths, query, token = [], "", ""
        self.started_again.emit(paths, query, token)


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
