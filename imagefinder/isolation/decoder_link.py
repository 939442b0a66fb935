"""Connection to a decoder process, carrying small JSON messages, file contents and pixels.

Data from a decoder is never unpickled or executed, because a malicious file may have taken over the decoder.
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
"""Largest JSON message, in bytes. The text of a page has at most 200,000 characters."""
_MOST_BYTES = 2**31
_MAPPED_BYTES = 64 * 2**20
HAS_SEALS = sys.platform == "linux"
IS_POSIX = sys.platform != "win32"


class LinkError(Exception):
    """The other end is gone, or sent an invalid message."""


class Link(ABC):
    """One end of the connection, for use by one thread at a time."""

    @abstractmethod
    def send(self, message: Message, file: BinaryIO | None = None) -> None:
        """Send a message, with the content of a file if given.

        Raises:
            LinkError: The other end is gone.
        """

    @abstractmethod
    def is_waiting(self, seconds: float) -> bool:
        """Wait up to ``seconds``; return whether data has arrived or the other end is gone."""

    @abstractmethod
    def receive(self) -> Message:
        """Wait for the next message and return it.

        Raises:
            LinkError: The other end is gone, or sent an invalid message.
        """

    @abstractmethod
    def file(self) -> BinaryIO | None:
        """Return the file content that came with the last message, or None."""

    @abstractmethod
    def send_image(self, image: "Image.Image") -> None:
        """Send the pixels of an RGB picture. The message with its size must follow."""

    @abstractmethod
    def image(self, width: int, height: int) -> "Image.Image":
        """Return the RGB picture of this size whose pixels were sent before the last message.

        Raises:
            LinkError: The pixels are missing.
        """

    @abstractmethod
    def close(self) -> None:
        """Close the link. May be called more than once."""


class SocketLink(Link):
    """Link over a Unix socket.

    Large files are passed as open descriptors, small ones and pixels through two anonymous files that both ends share.
    The file of pixels is memory-mapped only if the system can prevent a decoder from truncating it, because reading
    beyond its end would kill the main process.
    """

    def __init__(self, end: socket.socket, contents: int, shared: int) -> None:
        """Take ownership of the socket and of the descriptors of both anonymous files.

        Args:
            end: This end of the socket pair.
            contents: Anonymous file for contents of files.
            shared: Anonymous file for pixels.
        """
        self._socket = end
        self._contents = contents
        self._shared = shared
        self._descriptors: list[int] = []
        self._length = 0
        """Bytes of the content that came with the last message; 0 if it has been taken or there was none."""
        self._pixels: mmap.mmap | None = None

    def send(self, message: Message, file: BinaryIO | None = None) -> None:
        descriptors = []
        try:
            if isinstance(file, io.BytesIO):
                # The same file is used each time, because allocating new memory takes longer than writing to it.
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
        # Paste directly onto the mapping, with four bytes a pixel; ``tobytes`` would copy the pixels three times.
        pixels = memoryview(mapped)[:count]
        shared = Image.frombuffer("RGBX", image.size, cast("bytes", pixels), "raw", "RGBX", 0, 1)
        shared.im.paste(image.im, (0, 0, *image.size))

    def image(self, width: int, height: int) -> "Image.Image":
        from PIL import Image

        count = 4 * width * height
        if count > os.fstat(self._shared).st_size:
            # Checked before allocating memory, because the size is only the decoder's claim.
            raise LinkError("pixels are missing")
        mapped = self._map(count, mmap.PROT_READ)
        data = os.pread(self._shared, count, 0) if mapped is None else memoryview(mapped)[:count]
        if len(data) != count:
            raise LinkError("pixels are missing")
        return Image.frombytes("RGB", (width, height), data, "raw", "RGBX")

    def _map(self, count: int, access: int) -> mmap.mmap | None:
        """Return the mapping of the pixels, or None if ``count`` bytes are too many or mapping is not possible."""
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
    """Link over two pipes, for Windows, where neither descriptors nor anonymous files can be passed."""

    def __init__(self, source: BinaryIO, target: BinaryIO) -> None:
        """Take ownership of both pipes."""
        self._source, self._target = source, target
        self._inbox: queue.SimpleQueue[tuple[bytes, bytes] | None] = queue.SimpleQueue()
        self._next: tuple[bytes, bytes] | None = None
        self._is_over = False
        self._bytes: list[bytes] = []
        # Windows cannot wait for a pipe with a timeout, so a thread reads it.
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
    """Create an anonymous file and return its descriptor.

    On Linux it is in memory, has ``size`` bytes and cannot be truncated. Elsewhere it is an empty temporary file.
    """
    if sys.platform == "linux":
        descriptor = os.memfd_create("imagefinder", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
        os.ftruncate(descriptor, size)
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
    else:
        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    return descriptor


def pixels_file() -> int:
    """Create the anonymous file for pixels, reused for all pictures. Only written pages take memory."""
    return nameless_file(_MAPPED_BYTES)


def _write_all(descriptor: int, data: bytes | memoryview) -> None:
    view = memoryview(data)
    written = 0
    while written < len(view):
        written += os.pwrite(descriptor, view[written:], written)
