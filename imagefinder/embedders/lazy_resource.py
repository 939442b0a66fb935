"""Lazily loaded, reference-counted resource, released when idle."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

_T = TypeVar("_T")


class LazyResource(Generic[_T]):
    """Thread-safe holder of one lazily loaded value. It is loaded once, however many threads request it."""

    def __init__(self, load: Callable[[], _T], clock: Callable[[], float] = time.monotonic) -> None:
        """Create the resource without loading it. ``clock`` returns seconds."""
        self._load = load
        self._clock = clock
        self._lock = threading.Lock()
        self._value: _T | None = None
        self._users = 0
        self._last_used = 0.0
        self._is_closed = False

    @property
    def is_loaded(self) -> bool:
        """Whether the value is in memory. Never blocks."""
        return self._value is not None

    @contextmanager
    def use(self) -> Iterator[_T]:
        """Yield the value, loading it if necessary. It is not released before the block ends."""
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
        """Release the value if it has been unused for ``idle_s`` seconds. Never blocks.

        Returns:
            Whether it was released.
        """
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
        """Release the value for good: now, or when the last user is done. Never blocks."""
        self._is_closed = True
        self.release(0)
