"""Giving memory back while nobody needs it."""

import threading

from imagefinder.engine.engine import Engine

_LOOKS_A_SPAN = 4
"""How often it looks in the time after which a model counts as idle."""


class IdleUnloader:
    """Has the engine let go of models that did no work for some minutes; they load again when they are needed."""

    def __init__(self, engine: Engine, minutes: float) -> None:
        """``minutes``: 0 for never."""
        self._engine = engine
        self._idle_s = minutes * 60
        self._is_closing = threading.Event()
        self._thread = threading.Thread(target=self._work, name="idle-release", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        if self._idle_s > 0:
            self._thread.start()

    def close(self) -> None:
        """Look no more."""
        self._is_closing.set()

    def _work(self) -> None:
        while not self._is_closing.wait(self._idle_s / _LOOKS_A_SPAN):
            self._engine.models.release(self._idle_s)
