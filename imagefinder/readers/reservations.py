"""Memory reservations of decoders, so that several of them do not each count on the same memory."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Protocol

_SHARE = 0.5
"""The part of the free memory that decoding may take."""
_ALWAYS_GRANTED = 64 * 2**20
"""Bytes for which the free memory is not even asked."""
_PATIENCE_S = 60.0
_GRACE_S = 2.0
_TICK_S = 0.05


class Reservations(Protocol):
    """Grants memory, or does not."""

    def hold(self, needed: int) -> AbstractContextManager[bool]:
        """Inside, so many bytes are promised; gives whether they are."""


class SharedReservations:
    """The reservations of one process and its decoders. Safe to use from several threads."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held: list[tuple[int, int]] = []
        """By which thread, and how many bytes."""

    @contextmanager
    def hold(self, needed: int) -> Iterator[bool]:
        """See ``Reservations``. What fits only once other threads are done waits for them."""
        if needed <= _ALWAYS_GRANTED:
            yield True
            return
        mine = threading.get_ident(), needed
        with self._changed:
            deadline = time.monotonic() + _PATIENCE_S
            patience = 0.0
            while not (is_granted := self._fits(needed)):
                if self._is_held_by_others():
                    # What they give back is free only once their pictures are let go of.
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
        # Nobody knows how much of what is held has been taken already: as if nothing of it had.
        return sum(held for _, held in self._held) + needed <= room()

    def _is_held_by_others(self) -> bool:
        # A thread that waited for itself would wait in vain.
        return any(thread != threading.get_ident() for thread, _ in self._held)


def give_back_freed_memory() -> None:
    """Have the C library return what was freed to the system (glibc keeps it for the thread that had it)."""
    if sys.platform == "linux":
        import ctypes

        with suppress(AttributeError):  # another C library
            ctypes.CDLL(None).malloc_trim(0)


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
