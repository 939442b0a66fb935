"""Incremental parser for an HTTP/1.1 response (RFC 9112), with limits on all that a server may send."""

from enum import Enum, auto

MOST_HEAD = 64 * 1024
"""Limit for all heads together, in bytes.

Browsers allow 100 to 256 KB, mostly for cookies, which are not used here.
"""
_MOST_CHUNK_LINE = 1024


class HttpError(ValueError):
    """A response is malformed, incomplete, or exceeds a limit."""


class _State(Enum):
    HEAD = auto()
    BODY = auto()
    CHUNK_LINE = auto()
    CHUNK = auto()
    CHUNK_END = auto()
    OVER = auto()


class HttpResponse:
    """Parser for one response, which is fed with the received bytes and returns the body in pieces."""

    def __init__(self) -> None:
        self.status = 0
        """Status code; 0 until the head has been received. Interim responses (1xx) are skipped."""
        self.headers: dict[str, str] = {}
        """Header values by name in lower case. Of repeated headers, the first value is kept."""
        self.length: int | None = None
        """Length of the body in bytes according to the server, or None."""
        self._state = _State.HEAD
        self._waiting = bytearray()
        self._heads = 0
        self._left = 0

    @property
    def is_over(self) -> bool:
        """Whether the body is complete. A body of unknown length ends when the connection is closed."""
        return self._state is _State.OVER

    def feed(self, data: bytes) -> bytes:
        """Parse received bytes and return those that belong to the body.

        Raises:
            HttpError: The response is malformed, or its head is too long.
        """
        self._waiting += data
        body = bytearray()
        while self._step(body):
            pass
        return bytes(body)

    def close(self) -> None:
        """Handle the end of the connection.

        Raises:
            HttpError: The response is incomplete.
        """
        if self._state is _State.BODY and self.length is None:
            self._state = _State.OVER
        elif not self.is_over:
            raise HttpError("connection closed before the end of the response")

    def _step(self, body: bytearray) -> bool:
        """Parse the next element and return True if there may be another."""
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
            raise HttpError("headers too long")
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
            raise HttpError("not an HTTP response")
        if code.startswith("1") and code != "101":
            return
        headers: dict[str, str] = {}
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise HttpError("malformed header")
            headers.setdefault(name.lower(), value.strip())
        self.status, self.headers = int(code), headers
        coding, length = headers.get("transfer-encoding", "").lower(), headers.get("content-length")
        if coding:
            if coding != "chunked":
                raise HttpError("unsupported transfer coding")
            self._state = _State.CHUNK_LINE
            return
        if length is not None:
            if not (length.isascii() and length.isdigit() and len(length) < 20):
                raise HttpError("invalid Content-Length")
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
            raise HttpError("malformed chunk")
        if end < 0:
            return False
        line = bytes(self._waiting[:end]).strip()
        del self._waiting[: end + 1]
        if self._state is _State.CHUNK_END:
            self._state = _State.CHUNK_LINE
            return True
        digits = line.partition(b";")[0].strip().lower()
        if not digits or len(digits) > 15 or digits.strip(b"0123456789abcdef"):
            raise HttpError("malformed chunk")
        self._left = int(digits, 16)
        # Trailers, which may follow the last chunk, are ignored.
        self._state = _State.CHUNK if self._left else _State.OVER
        return True
