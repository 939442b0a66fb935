"""Memory promised to decoders, so that several of them do not each count on the same."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

_SHARE = 0.5
"""The part of the free memory that decoding may take."""
_ALWAYS_GRANTED = 64 * 2**20
"""Bytes for which the free memory is not even asked."""
_PATIENCE_S = 60.0


class Reservations(Protocol):
    """Grants memory, or does not."""

    def hold(self, needed: int) -> AbstractContextManager[bool]:
        """Inside, so many bytes are promised; gives whether they are."""


class SharedReservations:
    """The reservations of one process and its decoders. Safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: list[int] = []

    @contextmanager
    def hold(self, needed: int) -> Iterator[bool]:
        """See ``Reservations``. What fits only once others are done waits for them."""
        if needed <= _ALWAYS_GRANTED:
            yield True
            return
        with self._changed:
            deadline = time.monotonic() + _PATIENCE_S
            while not (is_granted := self._fits(needed)) and self._held:
                if not self._changed.wait(deadline - time.monotonic()):
                    break
            if is_granted:
                self._held.append(needed)
        try:
            yield is_granted
        finally:
            if is_granted:
                with self._changed:
                    self._held.remove(needed)
                    self._changed.notify_all()

    def _fits(self, needed: int) -> bool:
        # Nobody knows how much of what is held has been taken already: as if nothing of it had.
        return sum(self._held) + needed <= room()


def room() -> int:
    """Bytes that decoding may take, were nothing of it reserved."""
    from imagefinder.free_memory import free_memory

    return int(free_memory() * _SHARE)


_reservations: Reservations = SharedReservations()


def use(reservations: Reservations) -> None:
    """Ask these from now on: a decoder process asks the program that started it."""
    global _reservations
    _reservations = reservations


def reserved(needed: int) -> AbstractContextManager[bool]:
    """Inside, so many bytes are promised to the caller; gives whether they are."""
    return _reservations.hold(needed)
