"""Reporting of the library's status to the window, at a limited rate."""

import time
from collections.abc import Callable
from pathlib import Path

from imagefinder.domain.errors import ModelError
from imagefinder.engine.engine import Engine
from imagefinder.ipc.messages import Event, LibraryChanged

_LEAST_S = 0.4
_LARGEST_SHARE = 0.05
"""Largest share of a job's time to spend on computing the status."""


class LibraryReporter:
    """Sender of ``LibraryChanged``. Thread-safe."""

    def __init__(self, engine: Engine, extensions: frozenset[str], send: Callable[[Event], None]) -> None:
        self._engine = engine
        self._extensions = tuple(sorted(extensions))
        self._send = send
        self._not_before = 0.0
        self.sources: tuple[Path, ...] = ()
        """Sources at the time of the last report."""

    def report(self) -> None:
        """Send the status now.

        Raises:
            LibraryError: The library cannot be read.
        """
        began = time.monotonic()
        status = self._engine.status(unreadable=False)
        self.sources = tuple(each.source.path for each in status.sources)
        try:
            covered = status.embedded.get(self._engine.embedder.id, 0)
        except ModelError:
            # The model loader reports this error; the rest of the status is still valid.
            covered = 0
        self._send(LibraryChanged(status, covered, self._extensions))
        ended = time.monotonic()
        self._not_before = ended + max(_LEAST_S, (ended - began) / _LARGEST_SHARE)

    def report_now_and_then(self) -> None:
        """Send the status, unless the last report is too recent."""
        if time.monotonic() >= self._not_before:
            self.report()
