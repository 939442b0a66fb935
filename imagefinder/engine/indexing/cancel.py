"""Cancel or pause a job from another thread or a signal handler."""

import threading
from collections.abc import Callable

from imagefinder.domain.errors import CancelledError
from imagefinder.translation import tr


def _nothing() -> None: ...


class CancelToken:
    """Set by one thread, seen by the job at its next safe place."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._going = threading.Event()
        self._going.set()

    def cancel(self) -> None:
        """Ask the job to stop, a pausing one too. May be called from any thread, or from a signal handler."""
        self._cancelled.set()
        self._going.set()

    def pause(self) -> None:
        """Have the job wait at its next safe place. Without effect once it was asked to stop."""
        self._going.clear()
        # No lock, which a signal handler could not take; so the later of two wishes is looked at again.
        if self._cancelled.is_set():
            self._going.set()

    def resume(self) -> None:
        """Let the job go on."""
        self._going.set()

    @property
    def is_paused(self) -> bool:
        """Whether the job waits, or is about to."""
        return not self._going.is_set()

    @property
    def is_cancelled(self) -> bool:
        """Whether the job was asked to stop."""
        return self._cancelled.is_set()

    def check(self, before_waiting: Callable[[], None] = _nothing) -> None:
        """Wait as long as the job is to pause; raise CancelledError once it was asked to stop."""
        while self.is_paused:
            before_waiting()
            self._going.wait()
        self.check_cancelled()

    def check_cancelled(self) -> None:
        """Raise CancelledError once the job was asked to stop; never wait.

        For a place that holds what a search may need.
        """
        if self._cancelled.is_set():
            raise CancelledError(tr("Stopped."))
