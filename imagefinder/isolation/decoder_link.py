"""The connection to one decoder process: small JSON messages, and bytes beside them.

Nothing that comes from a decoder is ever unpickled or otherwise executed: a decoder may have been taken over by the
file that it reads.
"""

import contextlib
import io
import json
import mmap
import os
import queue
import select
import socket
import struct
import sys
import tempfile
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, BinaryIO, cast

if TYPE_CHECKING:
    from PIL import Image

if sys.platform != "win32":
    import fcntl

Message = dict[str, Any]

_HEADER = struct.Struct("!cI")
_JSON, _BYTES = b"J", b"B"
_MOST_JSON = 16 * 2**20
"""Bytes; the words of a page are 200,000 characters at most."""
_MOST_BYTES = 2**31
_MAPPED_BYTES = 64 * 2**20
HAS_SEALS = sys.platform == "linux"
IS_POSIX = sys.platform != "win32"


class LinkError(Exception):
    """The other end is gone, or says what no decoder of ours says."""


class Link(ABC):
    """One end of the connection. Used by one thread at a time."""

    @abstractmethod
    def send(self, message: Message, file: BinaryIO | None = None) -> None:
        """Send a message, and with it the content of a file.

        Raises:
            LinkError: the other end is gone.
        """

    @abstractmethod
    def is_waiting(self, seconds: float) -> bool:
        """Whether something has come, or the other end is gone, within so many seconds."""

    @abstractmethod
    def receive(self) -> Message:
        """The next message; waits for it.

        Raises:
            LinkError: the other end is gone, or what came is no message.
        """

    @abstractmethod
    def file(self) -> BinaryIO | None:
        """The content that came with the last message."""

    @abstractmethod
    def send_image(self, image: "Image.Image") -> None:
        """Hand over an RGB picture, before the message that tells its size."""

    @abstractmethod
    def image(self, width: int, height: int) -> "Image.Image":
        """The RGB picture of this size that was handed over before the last message.

        Raises:
            LinkError: it is not there.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of it. Harmless when called again."""


class SocketLink(Link):
    """A Unix socket. Files cross it as open descriptors; pixels lie in a nameless file that both ends hold.

    It is mapped only where the system can see to it that a decoder does not make it shorter, which would kill the
    program.
    """

    def __init__(self, end: socket.socket, contents: int, shared: int) -> None:
        """All belong to the link from now on: the nameless files are for contents of files and for pixels."""
        self._socket = end
        self._contents = contents
        self._shared = shared
        self._descriptors: list[int] = []
        self._length = 0
        """Of the content that came with the last message."""
        self._pixels: mmap.mmap | None = None

    def send(self, message: Message, file: BinaryIO | None = None) -> None:
        descriptors = []
        try:
            if isinstance(file, io.BytesIO):
                # The same memory each time: to be given new one takes longer than to write it.
                with file.getbuffer() as content:
                    _write_all(self._contents, content)
                    message = {**message, "content": len(content)}
            elif file is not None:
                descriptors = [file.fileno()]
            body = json.dumps(message).encode()
            socket.send_fds(self._socket, [_HEADER.pack(_JSON, len(body))], descriptors)
            self._socket.sendall(body)
        except OSError as error:
            raise LinkError(str(error)) from error

    def is_waiting(self, seconds: float) -> bool:
        try:
            poll = select.poll()
            poll.register(self._socket, select.POLLIN)
            return bool(poll.poll(max(seconds, 0) * 1000))
        except (OSError, ValueError):  # closed by another thread
            return True

    def receive(self) -> Message:
        kind, length = _HEADER.unpack(self._read(_HEADER.size))
        if kind != _JSON or length > _MOST_JSON:
            raise LinkError("no message")
        message = _message(self._read(length))
        self._length = message.pop("content", 0)
        return message

    def _read(self, length: int) -> bytes:
        data = bytearray()
        while len(data) < length:
            try:
                part, descriptors, _, _ = socket.recv_fds(self._socket, min(length - len(data), 2**20), 1)
            except (OSError, ValueError) as error:
                raise LinkError(str(error)) from error
            self._descriptors += descriptors
            if not part:
                raise LinkError("the other end is gone")
            data += part
        return bytes(data)

    def file(self) -> BinaryIO | None:
        length, self._length = self._length, 0
        if length:
            return io.BytesIO(os.pread(self._contents, length, 0))
        return os.fdopen(self._descriptors.pop(), "rb") if self._descriptors else None

    def send_image(self, image: "Image.Image") -> None:
        from PIL import Image

        count = 4 * image.width * image.height
        mapped = self._map(count, mmap.PROT_READ | mmap.PROT_WRITE)
        if mapped is None:
            _write_all(self._shared, image.tobytes("raw", "RGBX"))
            return
        # Onto the map as it stands in memory, four bytes a pixel: by ``tobytes`` it would be copied three times.
        pixels = memoryview(mapped)[:count]
        shared = Image.frombuffer("RGBX", image.size, cast("bytes", pixels), "raw", "RGBX", 0, 1)
        shared.im.paste(image.im, (0, 0, *image.size))

    def image(self, width: int, height: int) -> "Image.Image":
        from PIL import Image

        count = 4 * width * height
        if count > os.fstat(self._shared).st_size:
            # Nor is memory taken for what a decoder only claims.
            raise LinkError("pixels are missing")
        mapped = self._map(count, mmap.PROT_READ)
        data = os.pread(self._shared, count, 0) if mapped is None else memoryview(mapped)[:count]
        if len(data) != count:
            raise LinkError("pixels are missing")
        return Image.frombytes("RGB", (width, height), data, "raw", "RGBX")

    def _map(self, count: int, access: int) -> mmap.mmap | None:
        """The pixels as memory; None where so many are not mapped, or where there is no address space for that."""
        if count > _MAPPED_BYTES or not HAS_SEALS:
            return None
        if self._pixels is None:
            with contextlib.suppress(OSError):
                self._pixels = mmap.mmap(self._shared, _MAPPED_BYTES, prot=access)
        return self._pixels

    def close(self) -> None:
        self._socket.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors = []
        if self._shared >= 0:
            os.close(self._shared)
            os.close(self._contents)
            self._shared = -1


class PipeLink(Link):
    """Two pipes, for Windows, where neither descriptors nor nameless files cross: all bytes go through them."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        """Both belong to the link from now on."""
        self._source, self._target = source, target
        self._inbox: queue.SimpleQueue[tuple[bytes, bytes] | None] = queue.SimpleQueue()
        self._next: tuple[bytes, bytes] | None = None
        self._is_over = False
        self._bytes: list[bytes] = []
        # There is no waiting for a pipe with a limit of time there.
        threading.Thread(target=self._read_all, name="decoder-link", daemon=True).start()

    def _read_all(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while len(header := self._source.read(_HEADER.size)) == _HEADER.size:
                kind, length = _HEADER.unpack(header)
                if length > _MOST_BYTES or len(data := self._source.read(length)) < length:
                    break
                self._inbox.put((kind, data))
        self._inbox.put(None)

    def send(self, message: Message, file: BinaryIO | None = None) -> None:
        try:
            if file is not None:
                file.seek(0)
                self._send(_BYTES, file.read())
            self._send(_JSON, json.dumps(message).encode())
        except (OSError, ValueError) as error:
            raise LinkError(str(error)) from error

    def _send(self, kind: bytes, data: bytes) -> None:
        self._target.write(_HEADER.pack(kind, len(data)))
        self._target.write(data)
        self._target.flush()

    def is_waiting(self, seconds: float) -> bool:
        if self._next is None and not self._is_over:
            try:
                self._next = self._inbox.get(timeout=seconds)
            except queue.Empty:
                return False
            self._is_over = self._next is None
        return True

    def receive(self) -> Message:
        while True:
            frame, self._next = self._next, None
            if frame is None and not self._is_over:
                frame = self._inbox.get()
            if frame is None:
                self._is_over = True
                raise LinkError("the other end is gone")
            kind, data = frame
            if kind == _JSON:
                return _message(data)
            self._bytes = [data]

    def file(self) -> BinaryIO | None:
        return io.BytesIO(self._bytes.pop()) if self._bytes else None

    def send_image(self, image: "Image.Image") -> None:
        self._send(_BYTES, image.tobytes())

    def image(self, width: int, height: int) -> "Image.Image":
        from PIL import Image

        data = self._bytes.pop() if self._bytes else b""
        if len(data) != 3 * width * height:
            raise LinkError("pixels are missing")
        return Image.frombytes("RGB", (width, height), data)

    def close(self) -> None:
        for end in (self._target, self._source):
            with contextlib.suppress(OSError):
                end.close()


def _message(data: bytes) -> Message:
    try:
        message = json.loads(data)
    except ValueError as error:
        raise LinkError("no message") from error
    if not isinstance(message, dict):
        raise LinkError("no message")
    return message


def nameless_file(size: int = 0) -> int:
    """A descriptor of a file without a name that cannot get shorter, where the system has that; else on the disk."""
    if sys.platform == "linux":
        descriptor = os.memfd_create("imagefinder", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    return descriptor


def pixels_file() -> int:
    """A nameless file for the pixels of one picture after another. Memory is taken only for what is written."""
    return nameless_file(_MAPPED_BYTES)


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    written = 0
    while written < len(view):
        written += os.pwrite(descriptor, view[written:], written)
