"""Lazily loaded, reference-counted resource, released when idle."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

_T = TypeVar("_T")


class LazyResource(Generic[_T]):
    """One such thing. Safe to use from several threads: it is loaded once however many ask."""

    def __init__(self, load: Callable[[], _T], clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds."""
        self._load = load
        self._clock = clock
        self._lock = threading.Lock()
        self._value: _T | None = None
        self._users = 0
        self._last_used = 0.0
        self._is_closed = False

    @property
    def is_loaded(self) -> bool:
        """Whether it is in memory. Never waits."""
        return self._value is not None

    @contextmanager
    def use(self) -> Iterator[_T]:
        """The thing, loaded if need be; it stays at least until the block ends."""
        with self._lock:
            if self._value is None:
                self._value = self._load()
            value = self._value
            self._users += 1
        try:
            yield value
        finally:
            with self._lock:
                self._users -= 1
                self._last_used = self._clock()
                if self._is_closed:
                    self._value = None

    def release(self, idle_s: float) -> bool:
        """Let go of it if nobody used it for so many seconds; returns whether. Never waits."""
        if not self._lock.acquire(blocking=False):
            return False  # it is being loaded
        try:
            if self._value is None or self._users or self._clock() - self._last_used < idle_s:
                return False
            self._value = None
            return True
        finally:
            self._lock.release()

    def close(self) -> None:
        """Let go of it for good: at once, or when the last user is done. Never waits."""
        self._is_closed = True
        self.release(0)
