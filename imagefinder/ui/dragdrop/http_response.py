"""Incremental parser of an HTTP/1.1 response (RFC 9112), with bounds on all that a server may send."""

from enum import Enum, auto

MOST_HEAD = 64 * 1024
"""Bytes of all heads together. Browsers allow 100 to 256 KB, of which cookies are most; none come here."""
_MOST_CHUNK_LINE = 1024


class HttpError(ValueError):
    """What came is no HTTP, or more of it than is allowed."""


class _State(Enum):
    HEAD = auto()
    BODY = auto()
    CHUNK_LINE = auto()
    CHUNK = auto()
    CHUNK_END = auto()
    OVER = auto()


class HttpResponse:
    """Takes the bytes of one response; gives its status, its headers, and its body piece by piece."""

    def __init__(self) -> None:
        self.status = 0
        """0 until the head is here. Interim responses (1xx) are passed over."""
        self.headers: dict[str, str] = {}
        """By their names in lower case; of several of a name the first."""
        self.length: int | None = None
        """Bytes of the body, where the server says so."""
        self._state = _State.HEAD
        self._waiting = bytearray()
        self._heads = 0
        self._left = 0

    @property
    def is_over(self) -> bool:
        """Whether the body is here to its last byte. One of unknown length ends with the connection."""
        return self._state is _State.OVER

    def feed(self, data: bytes) -> bytes:
        """Take what came; returns what of it belongs to the body.

        Raises:
            HttpError: it cannot be understood, or the head is too long.
        """
        self._waiting += data
        body = bytearray()
        while self._step(body):
            pass
        return bytes(body)

    def close(self) -> None:
        """Take note that the connection is closed.

        Raises:
            HttpError: the response is not whole.
        """
        if self._state is _State.BODY and self.length is None:
            self._state = _State.OVER
        elif not self.is_over:
            raise HttpError("the connection was closed before the end")

    def _step(self, body: bytearray) -> bool:
        """Go one step on; returns whether another may follow."""
        match self._state:
            case _State.HEAD:
                return self._parse_head()
            case _State.BODY if self.length is None:
                body += self._waiting
                self._waiting.clear()
                return False
            case _State.BODY | _State.CHUNK:
                return self._parse_content(body)
            case _State.CHUNK_LINE | _State.CHUNK_END:
                return self._parse_line()
        return False

    def _parse_head(self) -> bool:
        ends = [at for at in (self._waiting.find(b"\r\n\r\n"), self._waiting.find(b"\n\n")) if at >= 0]
        if self._heads + (min(ends) if ends else len(self._waiting)) > MOST_HEAD:
            raise HttpError("its headers are too long")
        if not ends:
            return False
        end = min(ends)
        head = bytes(self._waiting[:end])
        del self._waiting[: end + (4 if self._waiting[end : end + 1] == b"\r" else 2)]
        self._heads += len(head) + 4
        self._understand(head.decode("latin-1"))
        return True

    def _understand(self, head: str) -> None:
        first, *lines = head.replace("\r\n", "\n").split("\n")
        version, _, rest = first.partition(" ")
        code = rest[:3]
        if not version.startswith("HTTP/1.") or not (code.isascii() and code.isdigit() and len(code) == 3):
            raise HttpError("what it sent is not HTTP")
        if code.startswith("1") and code != "101":
            return
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise HttpError("its headers cannot be understood")
            headers.setdefault(name.lower(), value.strip())
        self.status, self.headers = int(code), headers
        coding, length = headers.get("transfer-encoding", "").lower(), headers.get("content-length")
        if coding:
            if coding != "chunked":
                raise HttpError("its transfer coding is not known")
            self._state = _State.CHUNK_LINE
            return
        if length is not None:
            if not (length.isascii() and length.isdigit() and len(length) < 20):
                raise HttpError("its length is no number")
            self.length = self._left = int(length)
        self._state = _State.OVER if self.length == 0 else _State.BODY

    def _parse_content(self, body: bytearray) -> bool:
        some = self._waiting[: self._left]
        body += some
        del self._waiting[: len(some)]
        self._left -= len(some)
        if self._left:
            return False
        self._state = _State.OVER if self._state is _State.BODY else _State.CHUNK_END
        return True

    def _parse_line(self) -> bool:
        end = self._waiting.find(b"\n")
        if end > _MOST_CHUNK_LINE or (end < 0 and len(self._waiting) > _MOST_CHUNK_LINE):
            raise HttpError("its chunks cannot be understood")
        if end < 0:
            return False
        line = bytes(self._waiting[:end]).strip()
        del self._waiting[: end + 1]
        if self._state is _State.CHUNK_END:
            self._state = _State.CHUNK_LINE
            return True
        digits = line.partition(b";")[0].strip().lower()
        if not digits or len(digits) > 15 or digits.strip(b"0123456789abcdef"):
            raise HttpError("its chunks cannot be understood")
        self._left = int(digits, 16)
        # Trailers, which may follow the last chunk, are not waited for.
        self._state = _State.CHUNK if self._left else _State.OVER
        return True
