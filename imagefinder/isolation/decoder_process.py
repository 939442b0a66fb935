"""The main process's side of a decoder process: starting it, enforcing its limits, killing it."""

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
"""Interval at which the resource use of a decoder is checked."""
_ENDS_IN_S = 2.0
_OVERHEAD = 256 * 2**20
"""Memory of a decoder itself with its libraries, in bytes."""


class Loss(StrEnum):
    """How a decoder process was lost."""

    OVERDUE = "overdue"
    """It exceeded its processor time and was ended."""
    SILENT = "silent"
    """It did not answer in time although it used little processor time: a disk does not respond, or the machine is
    overloaded."""
    MEMORY = "memory"
    """It exceeded its memory limit."""
    KILLED = "killed"
    """It was killed with SIGKILL, for instance by the system when memory ran out."""
    CRASHED = "crashed"
    """It crashed."""
    STOPPED = "stopped"
    """It was ended from outside by SIGTERM, SIGINT or SIGHUP."""
    CLOSED = "closed"
    """The main process ended it because its answer is no longer needed."""
    NOT_STARTED = "not started"
    """It could not be started."""


class DecoderLostError(Exception):
    """A decoder process exited or had to be ended before it answered."""

    def __init__(self, loss: Loss, seconds: float = 0.0) -> None:
        """``seconds`` is the processor time spent on the request."""
        super().__init__(loss.value)
        self.loss = loss
        self.seconds = seconds


class _TakesTooMuchError(Exception):
    def __init__(self, loss: Loss) -> None:
        self.loss = loss


class Decoder:
    """A decoder process. ``ask`` may be called by one thread at a time, ``end`` by any thread."""

    def __init__(self, *, low_priority: bool, most_memory: int) -> None:
        """Start the process, without waiting until it is ready.

        On Linux the process ends with the thread that started it.

        Args:
            low_priority: Whether to run at low priority.
            most_memory: Memory limit of the process on Windows, in bytes.

        Raises:
            DecoderLostError: The process cannot be started.
        """
        self.confinement: Confinement | None = None
        """The restrictions in force, reported by the process when it is ready; None before."""
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
        """Process id."""
        return self._process.pid

    @property
    def _is_watched_for_memory(self) -> bool:
        return self.confinement is not None and not self.confinement.memory

    @property
    def has_grown(self) -> bool:
        """Whether the process uses much memory, though it has no file open."""
        return self._resident() > 2 * _OVERHEAD

    @property
    def is_usable(self) -> bool:
        """Whether the process is running and has no unread output."""
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
        """Send a request and return the answer.

        Args:
            request: A request to ``DecoderWorker``.
            seconds: Processor time allowed.
            wall_seconds: Wall-clock time allowed.
            memory: Bytes allowed in addition to those in use. The decoder may ask for more.
            file: File content to send with the request.

        Raises:
            DecoderLostError: There is no answer. The process has ended.
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
                        # The total that the decoder needs now, which replaces its earlier reservation.
                        needed = int(answer["needs"])
                        promises.close()
                        is_granted = promises.enter_context(reserved(needed))
                        # Waiting for others to release memory does not count as the decoder's time.
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
                self.end()  # after an interruption, its late answer would be taken for the next request's
                raise

    def _wait(self, seconds: float, deadline: float, memory: int) -> None:
        """Wait for an answer; ``seconds`` limits the process's total processor time."""
        while not self._link.is_waiting(_TICK_S):
            if self.computed() > seconds:
                raise _TakesTooMuchError(Loss.OVERDUE)
            if time.monotonic() > deadline:
                raise _TakesTooMuchError(Loss.SILENT)
            if self._is_watched_for_memory and self._resident() > memory + _OVERHEAD:
                raise _TakesTooMuchError(Loss.MEMORY)

    def image(self, width: int, height: int) -> "Image.Image":
        """Return the picture that came with the last answer.

        Raises:
            LinkError: There is no picture of this size.
        """
        return self._link.image(width, height)

    def end(self) -> None:
        """Kill the process and wait until it has exited. May be called more than once."""
        with self._lock:
            self._is_closed = True
            with suppress(OSError):
                self._process.kill()
            with suppress(
                subprocess.TimeoutExpired
            ):  # blocked by a disk that does not respond; it exits once that ends
                self._process.wait(_ENDS_IN_S)
            self._link.close()
            if self._job and sys.platform == "win32":
                windows_job.close(self._job)
                self._job = 0

    def kill(self) -> None:
        """Kill the process without waiting. A thread that waits for its answer does the cleaning up."""
        self._is_closed = True
        with suppress(OSError):
            self._process.kill()

    def _ended(self, loss: Loss, spent: float) -> DecoderLostError:
        is_wanted = not self._is_closed
        self.end()
        return DecoderLostError(loss if is_wanted else Loss.CLOSED, spent)

    def _lost(self, seconds_before: float) -> DecoderLostError:
        """End the process after its link broke, and return the error with the cause found."""
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
        """Return the processor time used by the process since its start, in seconds."""
        import psutil

        with suppress(psutil.Error):
            times = psutil.Process(self.pid).cpu_times()
            self._seconds = times.user + times.system
        return self._seconds

    def _resident(self) -> int:
        """Return the resident memory of the process in bytes, or 0 if it is not known."""
        import psutil

        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0


def _start(*, low_priority: bool) -> "tuple[subprocess.Popen[bytes], Link]":
    options = {"parent": os.getpid(), "readable": starting.readable(), "low_priority": low_priority}
    log = None if os.environ.get("IMAGEFINDER_DEBUG") else subprocess.DEVNULL
    if not IS_POSIX:
        process = subprocess.Popen(  # noqa: S603 - runs imagefinder itself
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
        process = subprocess.Popen(  # noqa: S603 - runs imagefinder itself
            starting.command({**options, "contents": contents, "shared": shared}),
            stdin=theirs.fileno(),
            stdout=subprocess.DEVNULL,
            stderr=log,
            env=starting.environment(),
            pass_fds=(contents, shared),
            # Keep Ctrl-C in the terminal from reaching the decoder.
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
    """Return the loss indicated by an exit code."""
    if IS_POSIX and code is not None:
        if -code == signal.SIGXCPU:
            return Loss.OVERDUE
        if -code in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            return Loss.STOPPED
        if -code == signal.SIGKILL:
            return Loss.KILLED
    return Loss.CRASHED if is_up else Loss.NOT_STARTED
