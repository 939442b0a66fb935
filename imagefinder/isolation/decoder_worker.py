"""The code that runs in a decoder process: opens a file it is given and decodes parts on request."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagefinder.domain.errors import PassingError, UnreadableError
from imagefinder.domain.reasons import Reason
from imagefinder.isolation.decoder_link import IS_POSIX, Link, LinkError, Message, PipeLink, SocketLink
from imagefinder.isolation.sandbox import address_space, confine, die_with_parent, limit_memory, limit_seconds
from imagefinder.readers import reservations

if TYPE_CHECKING:
    from imagefinder.readers.reader import MediaFile

_IDLE_S = 60.0
"""A decoder without requests for this long exits, to release its memory."""
_NICE = 10
_OVERHEAD = 128 * 2**20
"""Bytes of address space allowed in addition to reservations, for libraries, stacks and the allocator."""

_BEFORE_ASKED = 2**30
"""Bytes allowed before the first request, which sets the limit."""


def main(options: dict[str, Any]) -> None:
    """Answer requests until the link is closed or idle, then exit the process.

    Args:
        options: ``parent`` is the process id of the main process, ``contents`` and ``shared`` are the descriptors of
            the link, ``readable`` lists the paths of the libraries, and ``low_priority`` lowers the priority.
    """
    link = _link(options)
    die_with_parent(options["parent"])
    limit_memory(address_space() + _BEFORE_ASKED)
    if options["low_priority"] and IS_POSIX:
        os.nice(_NICE)
    confinement = confine(options["readable"])
    link.send({"ready": asdict(confinement)})
    worker = DecoderWorker(link)
    try:
        while link.is_waiting(_IDLE_S):
            worker.serve(link.receive())
    except LinkError:
        pass  # the main process has closed the link or exited
    os._exit(0)


def _link(options: dict[str, Any]) -> Link:
    if IS_POSIX:
        import socket

        return SocketLink(socket.socket(fileno=0), options["contents"], options["shared"])
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    # Output of libraries must not mix with the messages.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return PipeLink(source, target)


class DecoderWorker:
    """Handler of requests, one at a time. It is also the process's ``Reservations``."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._media: MediaFile | None = None
        self._before = address_space()
        self._budget = 0
        self._held = 0
        """Bytes reserved for the current decoding."""
        reservations.use(self)

    def serve(self, request: Message) -> None:
        """Carry out a request and send the answer.

        Raises:
            LinkError: The main process is gone.
        """
        self._budget = request["memory"] + _OVERHEAD
        if request["do"] == "open":
            # Measured once for each file, not for each part, so that leaks of memory count towards the limit.
            self._before = address_space()
        limit_memory(self._before + self._budget)
        limit_seconds(request["seconds"])
        try:
            answer = self._carry_out(request)
        except MemoryError:
            answer = {"problem": "memory"}
        except (UnreadableError, OSError) as error:
            answer = _problem(error)
        self._link.send(answer)

    def _carry_out(self, request: Message) -> Message:
        match request["do"]:
            case "open":
                return self._open(request)
            case "load":
                return self._load(request["part"], request["side"])
            case "find":
                found = self._opened.find(request["part"], request["phrase"])
                return {"regions": [[each.left, each.top, each.right, each.bottom] for each in found]}
            case "camera":
                return {"camera": self._opened.camera}
            case _:
                self._close()
                return {}

    def _open(self, request: Message) -> Message:
        from imagefinder.readers.reader_registry import open_media

        self._close()
        content = self._link.file()
        if content is not None:
            self._before += content.seek(0, os.SEEK_END)
            limit_memory(self._before + self._budget)
        self._media = open_media(Path(request["name"]), content)
        return {"parts": self._media.part_count}

    def _load(self, part: int, side: int) -> Message:
        loaded = self._opened.load(part, side)
        image, facts = loaded.image, loaded.facts
        self._link.send_image(image)
        return {
            "width": image.width,
            "height": image.height,
            "facts": [facts.kind.value, facts.width, facts.height, facts.taken_at, facts.text],
            "damage": loaded.damage and _told(loaded.damage),
        }

    @property
    def _opened(self) -> "MediaFile":
        assert self._media is not None
        return self._media

    def _close(self) -> None:
        if self._media is not None:
            self._media.close()
            self._media = None

    @contextmanager
    def hold(self, needed: int) -> Iterator[bool]:
        """Reserve memory from the main process; see ``Reservations``.

        The total needed is requested. It stays reserved until the request is answered or a new total is requested.
        """
        self._link.send({"needs": self._held + needed})
        is_granted = bool(self._link.receive()["granted"])
        if not is_granted:
            yield False
            return
        self._held += needed
        limit_memory(self._before + max(self._budget, self._held + _OVERHEAD))
        try:
            yield True
        finally:
            self._held -= needed


def _problem(error: UnreadableError | OSError) -> Message:
    from imagefinder.readers.reader_registry import explain

    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, MemoryError):
            return {"problem": "memory"}
        cause = cause.__cause__
    is_passing = isinstance(error, PassingError | OSError)
    return {"problem": "passing" if is_passing else "unreadable", "reason": _told(explain(error))}


def _told(reason: Reason) -> Message:
    return {"code": reason.code, "parameters": dict(reason.parameters)}
