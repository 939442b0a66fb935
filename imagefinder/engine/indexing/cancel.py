"""Cancel token: stops or pauses a job from another thread or a signal handler."""

import threading
from collections.abc import Callable

from imagefinder.domain.errors import CancelledError
from imagefinder.translation import tr


def _nothing() -> None: ...


class CancelToken:
    """Requests to stop, pause or resume a job, which checks for them where it can safely stop."""

    def __init__(self) -> None:
        self._cancelled = threading.Event()
        self._going = threading.Event()
        self._going.set()

    def cancel(self) -> None:
        """Request that the job stop, even if it is paused. Safe to call from any thread or a signal handler."""
        self._cancelled.set()
        self._going.set()

    def pause(self) -> None:
        """Request that the job pause at its next check. Has no effect after ``cancel``."""
        self._going.clear()
        # A signal handler cannot take a lock, so check again for a concurrent ``cancel``.
        if self._cancelled.is_set():
            self._going.set()

    def resume(self) -> None:
        """Let a paused job continue."""
        self._going.set()

    @property
    def is_paused(self) -> bool:
        """Whether the job is paused or about to pause."""
        return not self._going.is_set()

    @property
    def is_cancelled(self) -> bool:
        """Whether the job was asked to stop."""
        return self._cancelled.is_set()

    def check(self, before_waiting: Callable[[], None] = _nothing) -> None:
        """Wait while the job is paused.

        Args:
            before_waiting: called before each wait.

        Raises:
            CancelledError: the job was asked to stop.
        """
        while self.is_paused:
            before_waiting()
            self._going.wait()
        self.check_cancelled()

    def check_cancelled(self) -> None:
        """Raise CancelledError if the job was asked to stop. Never waits.

        For use while holding something that a search may need.
        """
        if self._cancelled.is_set():
            raise CancelledError(tr("Stopped."))
