"""Report the library's status to the window, at a limited rate."""

import time
from collections.abc import Callable
from pathlib import Path

from imagefinder.domain.errors import ModelError
from imagefinder.engine.engine import Engine
from imagefinder.ipc.messages import Event, LibraryChanged

_LEAST_S = 0.4
_LARGEST_SHARE = 0.05
"""Of a job's time that goes into counting what is there."""


class LibraryReporter:
    """Sends ``LibraryChanged``. Safe to use from several threads."""

    def __init__(self, engine: Engine, extensions: frozenset[str], send: Callable[[Event], None]) -> None:
        self._engine = engine
        self._extensions = tuple(sorted(extensions))
        self._send = send
        self._not_before = 0.0
        self.sources: tuple[Path, ...] = ()
        """The sources as they were at the last report."""

    def report(self) -> None:
        """Send one now.

        Raises:
            LibraryError: the library cannot be read.
        """
        began = time.monotonic()
        status = self._engine.status(unreadable=False)
        self.sources = tuple(each.source.path for each in status.sources)
        try:
            covered = status.embedded.get(self._engine.embedder.id, 0)
        except ModelError:
            # Said by the loader; what is there is there all the same.
            covered = 0
        self._send(LibraryChanged(status, covered, self._extensions))
        ended = time.monotonic()
        self._not_before = ended + max(_LEAST_S, (ended - began) / _LARGEST_SHARE)

    def report_now_and_then(self) -> None:
        """Send one, unless the last one was a moment ago."""
        if time.monotonic() >= self._not_before:
            self.report()
