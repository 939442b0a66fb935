"""One decoder process, seen from the program: started, watched, and killed where it exceeds its limits."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from enum import StrEnum
from typing import IO, TYPE_CHECKING, BinaryIO, cast

from imagefinder.isolation import starting
from imagefinder.isolation.decoder_link import (
    IS_POSIX,
    Link,
    LinkError,
    Message,
    PipeLink,
    SocketLink,
    nameless_file,
    pixels_file,
)
from imagefinder.isolation.sandbox import Confinement
from imagefinder.readers.reservations import reserved

if TYPE_CHECKING:
    from PIL import Image

if sys.platform == "win32":
    from imagefinder.isolation import windows_job

_TICK_S = 0.25
"""Between two looks at what a decoder has taken."""
_ENDS_IN_S = 2.0
_OVERHEAD = 256 * 2**20
"""Bytes of a decoder's own, with its libraries."""


class Loss(StrEnum):
    """How a decoder was lost."""

    OVERDUE = "overdue"
    """It computed longer than it may, and was ended."""
    SILENT = "silent"
    """It hardly computed, and did not answer: its drive does not, or the machine has no time for it."""
    MEMORY = "memory"
    """It took more memory than it may, and was ended."""
    KILLED = "killed"
    """By the system, as happens where memory has run out, or by a person's kill -9."""
    CRASHED = "crashed"
    STOPPED = "stopped"
    """Somebody else ended it."""
    CLOSED = "closed"
    """The program ended it, because nobody wants its answer any more."""
    NOT_STARTED = "not started"


class DecoderLostError(Exception):
    """A decoder is gone, or had to be ended, before it answered."""

    def __init__(self, loss: Loss, seconds: float = 0.0) -> None:
        """``seconds``: of the processor, spent on the request."""
        super().__init__(loss.value)
        self.loss = loss
        self.seconds = seconds


class _TakesTooMuchError(Exception):
    def __init__(self, loss: Loss) -> None:
        self.loss = loss


class Decoder:
    """A decoder process. ``ask`` is for one thread at a time, ``end`` for any."""

    def __init__(self, *, low_priority: bool, most_memory: int) -> None:
        """Start it; returns before it is up. The thread that does this must live as long as the process shall.

        Raises:
            DecoderLostError: it cannot be started.
        """
        self.confinement: Confinement | None = None
        """What it may not do, once it has said so."""
        self._is_closed = False
        self._seconds = 0.0
        self._lock = threading.Lock()
        try:
            self._process, self._link = _start(low_priority=low_priority)
        except OSError as error:
            raise DecoderLostError(Loss.NOT_STARTED) from error
        self._job = 0
        if sys.platform == "win32":
            self._job = windows_job.confine(int(self._process._handle), most_memory)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def _is_watched_for_memory(self) -> bool:
        return self.confinement is not None and not self.confinement.memory

    @property
    def has_grown(self) -> bool:
        """Whether it holds much memory though it has no file."""
        return self._resident() > 2 * _OVERHEAD

    @property
    def is_usable(self) -> bool:
        """Whether it is there and owes nothing."""
        return self._process.poll() is None and (self.confinement is None or not self._link.is_waiting(0))

    def ask(
        self,
        request: Message,
        *,
        seconds: float,
        wall_seconds: float,
        memory: int,
        file: BinaryIO | None = None,
    ) -> Message:
        """The answer to a request.

        Args:
            request: as ``worker`` understands it.
            seconds: of the processor, that it may take.
            wall_seconds: by the clock.
            memory: bytes that it may take besides what it has, unless more is granted when it asks.
            file: content that goes with the request.

        Raises:
            DecoderLostError: there is none; the process has ended.
        """
        before = self.computed()
        with ExitStack() as promises:
            try:
                self._link.send({**request, "memory": memory, "seconds": seconds}, file)
                deadline = time.monotonic() + wall_seconds
                while True:
                    self._wait(before + seconds, deadline, memory)
                    answer = self._link.receive()
                    if "ready" in answer:
                        self.confinement = _confinement(answer["ready"])
                    elif "needs" in answer:
                        asked = time.monotonic()
                        # All that it needs now, in place of what it was promised before.
                        needed = int(answer["needs"])
                        promises.close()
                        is_granted = promises.enter_context(reserved(needed))
                        # Waiting for others to give memory back is none of its time.
                        deadline += time.monotonic() - asked
                        memory = max(memory, 2 * needed if is_granted else 0)
                        self._link.send({"granted": is_granted})
                    else:
                        return answer
            except _TakesTooMuchError as error:
                raise self._ended(error.loss, self._seconds - before) from error
            except (LinkError, ValueError, TypeError) as error:
                raise self._lost(before) from error
            except BaseException:
                self.end()  # interrupted: its answer would be taken for the next one's
                raise

    def _wait(self, seconds: float, deadline: float, memory: int) -> None:
        """Wait until something has come; ``seconds`` are all that it has computed by then at most."""
        while not self._link.is_waiting(_TICK_S):
            if self.computed() > seconds:
                raise _TakesTooMuchError(Loss.OVERDUE)
            if time.monotonic() > deadline:
                raise _TakesTooMuchError(Loss.SILENT)
            if self._is_watched_for_memory and self._resident() > memory + _OVERHEAD:
                raise _TakesTooMuchError(Loss.MEMORY)

    def image(self, width: int, height: int) -> "Image.Image":
        """The picture that came with the last answer.

        Raises:
            LinkError: there is none of this size.
        """
        return self._link.image(width, height)

    def end(self) -> None:
        """End it by force, and wait for that. Harmless when called again."""
        with self._lock:
            self._is_closed = True
            with suppress(OSError):
                self._process.kill()
            with suppress(
                subprocess.TimeoutExpired
            ):  # held by a drive that does not answer: it ends with that
                self._process.wait(_ENDS_IN_S)
            self._link.close()
            if self._job and sys.platform == "win32":
                windows_job.close(self._job)
                self._job = 0

    def kill(self) -> None:
        """End it by force while another thread waits for its answer, who then does the rest. Returns at once."""
        self._is_closed = True
        with suppress(OSError):
            self._process.kill()

    def _ended(self, loss: Loss, spent: float) -> DecoderLostError:
        is_wanted = not self._is_closed
        self.end()
        return DecoderLostError(loss if is_wanted else Loss.CLOSED, spent)

    def _lost(self, seconds_before: float) -> DecoderLostError:
        """The link broke."""
        spent = self._seconds - seconds_before
        was_closed = self._is_closed
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(0.5)
        code = self._process.poll()
        self.end()
        if was_closed:
            return DecoderLostError(Loss.CLOSED, spent)
        return DecoderLostError(_loss_by(code, is_up=self.confinement is not None), spent)

    def computed(self) -> float:
        """Seconds of the processor since it began."""
        import psutil

        with suppress(psutil.Error):
            times = psutil.Process(self.pid).cpu_times()
            self._seconds = times.user + times.system
        return self._seconds

    def _resident(self) -> int:
        """Bytes of memory it has. The system's own limit is there on Linux; this is for where there is none."""
        import psutil

        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0


def _start(*, low_priority: bool) -> "tuple[subprocess.Popen[bytes], Link]":
    options = {"parent": os.getpid(), "readable": starting.readable(), "low_priority": low_priority}
    log = None if os.environ.get("IMAGEFINDER_DEBUG") else subprocess.DEVNULL
    if not IS_POSIX:
        process = subprocess.Popen(  # noqa: S603 - this very program
            starting.command(options),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            env=starting.environment(),
            creationflags=_windows_flags(low_priority=low_priority),
        )
        pipes = cast("IO[bytes]", process.stdout), cast("IO[bytes]", process.stdin)
        return process, PipeLink(*cast("tuple[BinaryIO, BinaryIO]", pipes))
    ours, theirs = socket.socketpair()
    contents, shared = nameless_file(), pixels_file()
    try:
        process = subprocess.Popen(  # noqa: S603 - this very program
            starting.command({**options, "contents": contents, "shared": shared}),
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=starting.environment(),
            pass_fds=(contents, shared),
            # Ctrl-C in a terminal is for the program.
            start_new_session=True,
        )
    except BaseException:
        ours.close()
        os.close(contents)
        os.close(shared)
        raise
    finally:
        theirs.close()
    return process, SocketLink(ours, contents, shared)


def _windows_flags(*, low_priority: bool) -> int:
    if sys.platform == "win32":
        priority = subprocess.BELOW_NORMAL_PRIORITY_CLASS if low_priority else 0
        return subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP | priority
    return 0


def _confinement(told: object) -> Confinement:
    match told:
        case {"memory": bool(memory), "network": bool(network), "files": bool(files), "calls": bool(calls)}:
            return Confinement(memory, network, files, calls)
    raise LinkError("no confinement")


def _loss_by(code: int | None, *, is_up: bool) -> Loss:
    """What an exit code tells."""
    if IS_POSIX and code is not None:
        if -code == signal.SIGXCPU:
            return Loss.OVERDUE
        if -code in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            return Loss.STOPPED
        if -code == signal.SIGKILL:
            return Loss.KILLED
    return Loss.CRASHED if is_up else Loss.NOT_STARTED
