"""Unloading of idle models."""

import threading

from imagefinder.engine.engine import Engine

_LOOKS_A_SPAN = 4
"""Number of checks within the idle time of a model."""


class IdleUnloader:
    """Thread that unloads models that have been idle for some minutes. They are loaded again when needed."""

    def __init__(self, engine: Engine, minutes: float) -> None:
        """``minutes`` is the idle time; 0 for never."""
        self._engine = engine
        self._idle_s = minutes * 60
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="idle-release", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        if self._idle_s > 0:
            self._thread.start()

    def close(self) -> None:
        """Stop the thread, without waiting for it."""
        self._is_closing.set()

    def _work(self) -> None:
        while not self._is_closing.wait(self._idle_s / _LOOKS_A_SPAN):
            self._engine.models.release(self._idle_s)
