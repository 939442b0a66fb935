"""Local model hub that answers file requests like huggingface.co, and fails on demand."""

import hashlib
import threading
from collections import defaultdict, deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

COMMIT = "c0ffee" + "0" * 34


@dataclass(frozen=True)
class Fault:
    """Failure of one answer."""

    method: str = "GET"
    status: int = 0
    code: str = ""
    """Value of ``X-Error-Code``."""
    cut_after: int | None = None
    """Number of bytes of the body after which the connection is closed."""
    stall_after: int | None = None
    """Number of bytes of the body after which nothing more is sent."""
    is_silent: bool = False
    """Whether no answer is sent at all."""
    is_html: bool = False
    has_wrong_bytes: bool = False
    has_length: bool = True
    ignores_range: bool = False


@dataclass
class Stored:
    """File of a repository."""

    content: bytes
    is_large: bool
    """Whether it is in Git LFS: sent from another address and identified by its SHA-256."""
    etag: str


@dataclass
class Asked:
    """Request received by the server."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)


class HubServer:
    """Hub server, running while the context is entered."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        self.stalled = threading.Event()
        """Set once an answer stalls or is withheld."""
        self.files: dict[tuple[str, str], Stored] = {}
        self.renamed: dict[str, str] = {}
        """New names of renamed repositories."""
        self._faults: dict[str, deque[Fault]] = defaultdict(deque)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def ranges(self) -> list[str]:
        """The ``Range`` headers of the downloads so far, in order; empty for a whole file."""
        return [each.headers.get("range", "") for each in self.asked if "/cdn/" in each.path]

    def put(
        self, repository: str, name: str, content: bytes, *, is_large: bool = True, etag: str | None = None
    ) -> None:
        """Store a file. ``etag`` is sent instead of its checksum."""
        git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        true = hashlib.sha256(content).hexdigest() if is_large else git
        self.files[repository, name] = Stored(content, is_large, true if etag is None else etag)

    def fail(self, name: str, fault: Fault, times: int = 1) -> None:
        """Let the next answers about a file name fail."""
        self._faults[name].extend([fault] * times)

    def next_fault(self, name: str, method: str) -> Fault | None:
        waiting = self._faults[name]
        return waiting.popleft() if waiting and waiting[0].method == method else None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _handler(hub: HubServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None: ...

        def do_HEAD(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            hub.asked.append(Asked(self.command, self.path, headers))
            self.close_connection = True
            if self.path.startswith("/cdn/"):
                repository, name = self.path.removeprefix("/cdn/").split("?")
                self._send(hub.files[repository, name], hub.next_fault(name, self.command))
                return
            repository, _, rest = self.path.removeprefix("/").partition("/resolve/")
            name = rest.partition("/")[2]
            if repository in hub.renamed:
                self._head(307, {"Location": f"/{hub.renamed[repository]}/resolve/{rest}"})
                return
            file = hub.files.get((repository, name))
            if file is None:
                self._head(404, {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
            elif not file.is_large:
                self._send(file, hub.next_fault(name, self.command))
            elif self.command == "HEAD" and (fault := hub.next_fault(name, "HEAD")):
                self._send(file, fault)
            else:
                linked = {"X-Linked-Size": str(len(file.content)), "X-Linked-Etag": f'"{file.etag}"'}
                place = {"Location": f"{hub.address}/cdn/{repository}?{name}"}
                self._head(302, {"X-Repo-Commit": COMMIT, **linked, **place})

        def _head(self, status: int, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in {"Content-Length": "0", **headers, "Connection": "close"}.items():
                if value:
                    self.send_header(name, value)
            self.end_headers()

        def _send(self, file: Stored, fault: Fault | None) -> None:
            fault = fault or Fault()
            if fault.is_silent:
                self._stall()
                return
            if fault.status:
                self._head(fault.status, {"X-Error-Code": fault.code})
                return
            if fault.is_html:
                page = b"<!doctype html><title>Log in</title>"
                self._head(200, {"Content-Type": "text/html", "Content-Length": str(len(page))})
                self._body(page, fault)
                return
            content, start = file.content, 0
            if (wanted := self.headers["Range"]) and not fault.ignores_range:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if fault.has_wrong_bytes:
                content = content[:-1] + bytes([content[-1] ^ 1])
            facts = {"ETag": f'"{file.etag}"', "X-Repo-Commit": COMMIT}
            if start:
                facts["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            length = str(len(content) - start) if fault.has_length else ""
            self._head(206 if start else 200, {**facts, "Content-Length": length})
            self._body(content[start:], fault)

        def _body(self, content: bytes, fault: Fault) -> None:
            if self.command == "HEAD":
                return
            ends = [end for end in (fault.cut_after, fault.stall_after) if end is not None]
            try:
                self.wfile.write(content[: ends[0]] if ends else content)
                self.wfile.flush()
            except OSError:  # the client closed the connection
                return
            if fault.stall_after is not None:
                self._stall()

        def _stall(self) -> None:
            hub.stalled.set()
            hub.closing.wait()

    return Handler
