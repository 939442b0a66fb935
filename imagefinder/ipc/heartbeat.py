"""Heartbeat: tell a hung engine from one that is busy, stopped, suspended, or waiting for a disk."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

BEAT_S = 2.0
"""Between two signs of life. They have a thread of their own, so only what holds Python's lock keeps them away."""
_MOST_MISSED = 20
"""Looks in a row without a sign of life. Loading libraries holds the lock for some seconds on a slow disk."""


@dataclass(frozen=True, slots=True)
class Alive:
    """A sign of life of the engine. It crosses the pipe among the events, and nobody but the link is told of it."""


class Heartbeat:
    """Counts looks at an engine that gave no sign of life since the look before.

    Looks are counted, not seconds: while the machine sleeps, nobody looks.
    """

    def __init__(self, is_excused: Callable[[], bool]) -> None:
        """``is_excused``: whether the process is held by somebody else now, a debugger or a disk."""
        self._is_excused = is_excused
        self._has_begun = False
        self._was_heard = threading.Event()
        self._missed = 0

    def note(self) -> None:
        """It gave a sign of life. What it does before the first one takes as long as it takes."""
        self._has_begun = True
        self._was_heard.set()

    def look(self) -> bool:
        """Whether it hangs. To be called every ``BEAT_S`` seconds."""
        if self._was_heard.is_set() or not self._has_begun:
            self._was_heard.clear()
            self._missed = 0
            return False
        self._missed += 1
        if self._missed >= _MOST_MISSED and self._is_excused():
            self._missed = 0
        return self._missed >= _MOST_MISSED


def is_held(pid: int) -> bool:
    """Whether a process does not run for a reason outside of it: it was stopped, or waits for a disk."""
    import psutil

    try:
        status = psutil.Process(pid).status()
    except psutil.Error:  # gone
        return True
    return status in (psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP, psutil.STATUS_DISK_SLEEP)
