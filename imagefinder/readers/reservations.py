"""Memory reservations, which keep decoders that run at the same time from relying on the same free memory."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

_SHARE = 0.5
"""Share of the free memory that decoding may use."""
_ALWAYS_GRANTED = 64 * 2**20
"""Requests of up to this many bytes are granted without checking the free memory."""
_PATIENCE_S = 60.0
_GRACE_S = 2.0
_TICK_S = 0.05


class Reservations(Protocol):
    """Interface for reserving memory."""

    def hold(self, needed: int) -> AbstractContextManager[bool]:
        """Reserve ``needed`` bytes inside the context, whose value tells whether they were granted."""


class SharedReservations:
    """Reservations of one process and its decoder processes. Thread-safe."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: list[tuple[int, int]] = []
        """Current reservations: thread identifier and number of bytes."""

    @contextmanager
    def hold(self, needed: int) -> Iterator[bool]:
        """Reserve memory, waiting for the reservations of other threads if needed; see ``Reservations``."""
        if needed <= _ALWAYS_GRANTED:
            yield True
            return
        mine = threading.get_ident(), needed
        with self._changed:
            deadline = time.monotonic() + _PATIENCE_S
            patience = 0.0
            while not (is_granted := self._fits(needed)):
                if self._is_held_by_others():
                    # After a reservation ends, its memory becomes free only once the picture is deallocated.
                    patience = _GRACE_S
                    self._changed.wait(deadline - time.monotonic())
                else:
                    patience -= _TICK_S
                    self._changed.wait(_TICK_S)
                    give_back_freed_memory()
                if (patience < 0 and not self._is_held_by_others()) or time.monotonic() >= deadline:
                    break
            if is_granted:
                self._held.append(mine)
        try:
            yield is_granted
        finally:
            if is_granted:
                with self._changed:
                    self._held.remove(mine)
                    self._changed.notify_all()

    def _fits(self, needed: int) -> bool:
        # How much of the reserved memory is already in use is unknown, so count it as not yet used.
        return sum(held for _, held in self._held) + needed <= room()

    def _is_held_by_others(self) -> bool:
        # A thread must not wait for its own reservations.
        return any(thread != threading.get_ident() for thread, _ in self._held)


def give_back_freed_memory() -> None:
    """Make the C library return freed memory to the system (glibc keeps it for the thread that allocated it)."""
    if sys.platform == "linux":
        import ctypes

        with suppress(AttributeError):  # a C library other than glibc
            ctypes.CDLL(None).malloc_trim(0)


def room() -> int:
    """Return the bytes that decoding may use, not counting reservations."""
    from imagefinder.free_memory import free_memory

    return int(free_memory() * _SHARE)


_reservations: Reservations = SharedReservations()


def use(reservations: Reservations) -> None:
    """Set the reservations of this process. A decoder process uses those of the process that started it."""
    global _reservations
    _reservations = reservations


def reserved(needed: int) -> AbstractContextManager[bool]:
    """Reserve ``needed`` bytes inside the context, whose value tells whether they were granted."""
    return _reservations.hold(needed)
