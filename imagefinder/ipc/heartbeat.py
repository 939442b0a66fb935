"""Heartbeat that distinguishes a hung engine from one that is busy, stopped, suspended or waiting for a disk."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

BEAT_S = 2.0
"""Interval of heartbeats, in seconds. A separate thread sends them, so only code that holds the GIL can delay them."""
_MOST_MISSED = 20
"""Checks in a row without a heartbeat after which the engine counts as hung.

Importing libraries from a slow disk holds the GIL for some seconds.
"""


@dataclass(frozen=True, slots=True)
class Alive:
    """Heartbeat message of the engine. ``EngineProcess`` handles it and does not pass it on as an event."""


class Heartbeat:
    """Counter of consecutive checks without a heartbeat from the engine.

    Checks are counted rather than seconds, because no checks happen while the machine is suspended.
    """

    def __init__(self, is_excused: Callable[[], bool]) -> None:
        """``is_excused`` returns whether the process is currently held from outside, by a debugger or a disk."""
        self._is_excused = is_excused
        self._has_begun = False
        self._was_heard = threading.Event()
        self._missed = 0

    def note(self) -> None:
        """Record a heartbeat. Before the first one, the engine is never considered hung."""
        self._has_begun = True
        self._was_heard.set()

    def look(self) -> bool:
        """Check for a heartbeat; return whether the engine hangs. Must be called every ``BEAT_S`` seconds."""
        if self._was_heard.is_set() or not self._has_begun:
            self._was_heard.clear()
            self._missed = 0
            return False
        self._missed += 1
        if self._missed >= _MOST_MISSED and self._is_excused():
            self._missed = 0
        return self._missed >= _MOST_MISSED


def is_held(pid: int) -> bool:
    """Whether a process is stopped, traced or waiting for a disk, or is gone."""
    import psutil

    try:
        status = psutil.Process(pid).status()
    except psutil.Error:  # the process is gone
        return True
    return status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP, psutil.STATUS_DISK_SLEEP)
