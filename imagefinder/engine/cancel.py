"""Stopping a job from another thread or a signal handler."""

import threading

from imagefinder.model.errors import CancelledError


class CancelToken:
    """Set once, seen by the job at its next safe place."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the job to stop. May be called from any thread, or from a signal handler."""
        self._event.set()

    def check(self) -> None:
        """Raise CancelledError once the job was asked to stop."""
        if self._event.is_set():
            raise CancelledError("Stopped.")
