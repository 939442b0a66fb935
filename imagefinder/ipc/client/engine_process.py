"""The window's side of an engine process: starting it, sending requests, stopping it."""

import logging
import multiprocessing
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from imagefinder.ipc.channel import Channel
from imagefinder.ipc.entry import run_engine
from imagefinder.ipc.heartbeat import BEAT_S, Alive, Heartbeat, is_held
from imagefinder.ipc.messages import EngineOptions, Event, Request, Stop
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)

Target = Callable[[Connection, EngineOptions, Path], None]
"""Main function of the process. Its arguments are the pipe's end, the options and the path of the crash log."""

_ENDING_SIGNALS = frozenset(
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)
)
_KILL = getattr(signal, "SIGKILL", 0)
_AFTER_EOF_S = 5.0
"""Seconds that the process may take to exit once its end of the pipe is closed."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How an engine process ended."""

    exit_code: int | None
    """Exit code, negative for a signal; None if the process could not be started."""
    words: str
    """Description in English, for a report."""

    @property
    def was_asked_for(self) -> bool:
        """Whether the process was told to end from outside, by a system shutdown or the user."""
        return self.exit_code is not None and -self.exit_code in _ENDING_SIGNALS

    @property
    def was_forced(self) -> bool:
        """Whether the process was killed, by the system for lack of memory or by SIGKILL from elsewhere."""
        return self.exit_code is not None and -self.exit_code == _KILL


class EngineProcess:
    """One engine process, from its start to its end. Cannot be restarted.

    The thread that receives events also starts the process, because starting takes 30 ms and more on a busy machine.
    Both callbacks are called on that thread.
    """

    def __init__(
        self,
        options: EngineOptions,
        crash_log: Path,
        on_event: Callable[[Event], None],
        on_end: Callable[[Ending], None],
        target: Target = run_engine,
    ) -> None:
        """Prepare the process without starting it.

        Args:
            options: Options of the engine.
            crash_log: File for the traceback of a crash.
            on_event: Called with each event of the engine.
            on_end: Called once, after the last event.
            target: Main function of the process. It must be importable there.
        """
        context = multiprocessing.get_context("spawn")
        ours, self._theirs = context.Pipe(duplex=True)
        self._channel: Channel[Event | Alive, Request] = Channel(ours)
        # A daemon process is terminated when this process exits.
        self._process = context.Process(
            target=target,
            args=(self._theirs, options, crash_log),
            name="imagefinder engine",
            daemon=True,
        )
        self.pid: int | None = None
        """Process id, once the process is started."""
        self._crash_log = crash_log
        self._on_event = on_event
        self._on_end = on_end
        self._lock = threading.Lock()
        self._is_unwanted = False
        self._is_over = False
        self._hung = False
        self._is_silent = threading.Event()
        """Set once the process sends no more events."""
        self._heartbeat = Heartbeat(lambda: is_held(self.pid or 0))
        self._thread = threading.Thread(target=self._live, name="engine-link", daemon=True)

    def start(self) -> None:
        """Start the process, without blocking."""
        self._thread.start()

    def send(self, request: Request) -> None:
        """Send a request, without blocking. Requests are queued until the process is ready."""
        self._channel.send(request)

    def ask_to_stop(self) -> None:
        """Ask the process to end cleanly, without blocking."""
        self.send(Stop())

    def kill(self) -> None:
        """Kill the process. Safe at any time: the store survives it. Does nothing if the process has already exited."""
        with self._lock:
            self._is_unwanted = True
            if self.pid is not None and not self._is_over:
                self._process.kill()

    def stop(self, timeout_s: float) -> bool:
        """Ask the process to end, and kill it after ``timeout_s`` seconds; return whether it ended by itself."""
        self.ask_to_stop()
        self._thread.join(timeout_s)
        ended = not self._thread.is_alive()
        if not ended:
            _LOG.warning("engine process did not exit within %.1f s; killing it", timeout_s)
            self.kill()
            self._thread.join()
        return ended

    def _live(self) -> None:
        ending = self._uptime()
        self._channel.close()
        self._on_end(ending)

    def _uptime(self) -> Ending:
        try:
            self._crash_log.unlink(missing_ok=True)
            with self._lock:
                if self._is_unwanted:
                    return Ending(None, "it was not wanted any more before it was started")
                with _ctrl_c_held_back():
                    self._process.start()
                self.pid = self._process.pid
        except OSError as error:
            _LOG.exception("cannot start the engine process")
            return Ending(None, f"the process could not be started: {error.strerror or error}")
        finally:
            # If this process kept the other end open, it would never read an end of file.
            self._theirs.close()
        self._channel.start()
        watch = threading.Thread(target=self._watch, name="engine-watch", daemon=True)
        watch.start()
        self._channel.receive_all(self._receive)
        self._is_silent.set()
        watch.join()
        self._process.join(_AFTER_EOF_S)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
        with self._lock:
            code = self._process.exitcode
            self._is_over = True
            self._process.close()
        words = "it hung: it gave no sign of life, and was ended" if self._hung else describe_exit(code)
        return Ending(code, words)

    def _receive(self, event: Event | Alive) -> None:
        self._heartbeat.note()
        if not isinstance(event, Alive):
            self._on_event(event)

    def _watch(self) -> None:
        """Kill the process if it hangs. The rest is handled as after a crash."""
        while not self._is_silent.wait(BEAT_S):
            if self._heartbeat.look():
                _LOG.error("engine process hangs; killing it")
                self._hung = True
                with self._lock:
                    self._process.kill()
                return


@contextmanager
def _ctrl_c_held_back() -> Iterator[None]:
    """Block SIGINT in processes started inside the context, until ``run_engine`` ignores it.

    Otherwise Ctrl-C in the terminal, which is meant for the window, would print a traceback of the interpreter that is
    starting.
    """
    if sys.platform == "win32":
        yield
        return
    from multiprocessing import resource_tracker

    # ``Process.start`` would start the tracker, which unblocks SIGINT.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_WINDOWS_CODES = {
    0xC0000005: "access violation",
    0xC000001D: "illegal instruction",
    0xC0000017: "out of memory",
    0xC00000FD: "stack overflow",
    0xC0000374: "heap corruption",
    0xC0000409: "stack buffer overrun",
}


def describe_exit(code: int | None) -> str:
    """Describe an exit code in English, for reports."""
    if code is None:
        return "no exit code"
    if code == 0:
        return "exit code 0 (it ended by itself)"
    if (unsigned := code & 0xFFFFFFFF) in _WINDOWS_CODES:
        return f"exit code 0x{unsigned:08X} ({_WINDOWS_CODES[unsigned]})"
    if code > 0:
        return f"exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
    cause = ""
    if name == "SIGKILL":
        cause = ": killed from outside, often because memory ran out"
    elif -code in _ENDING_SIGNALS:
        cause = ": told to end from outside"
    return f"signal {-code} ({name}{cause})"


def what_happened(ending: Ending) -> str:
    """Return the message to the user about an engine process that is being restarted."""
    if ending.was_asked_for:
        return tr(
            "The part of imagefinder that reads pictures was ended by another program and is started again. "
            "Nothing is lost."
        )
    if ending.was_forced:
        return tr(
            "The part of imagefinder that reads pictures was ended by force, perhaps because memory ran out, and is "
            "started again. Nothing is lost."
        )
    return tr(
        "The part of imagefinder that reads pictures stopped unexpectedly and is started again. Nothing is lost."
    )
