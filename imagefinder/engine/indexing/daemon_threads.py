"""A pool of daemon threads, which the program's end does not wait for."""

import queue
import threading
import time
from collections.abc import Callable

Task = Callable[[], None]


class DaemonThreads:
    """As a ``ThreadPoolExecutor``, but a task that hangs (a drive that does not answer) keeps nobody from ending."""

    def __init__(self, count: int, name: str, initializer: Callable[[], None]) -> None:
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._name = name
        self._initializer = initializer
        self._threads: list[threading.Thread] = []
        for _ in range(count):
            self.add()

    def add(self) -> None:
        """One thread more."""
        thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def submit(self, task: Task) -> None:
        """Carry out a task as soon as a thread is free; it must answer for its own errors."""
        self._tasks.put(task)

    def close(self, timeout_s: float) -> bool:
        """Drop what has not begun, and wait for the rest; returns whether all of it ended within ``timeout_s``."""
        while True:
            try:
                self._tasks.get_nowait()
            except queue.Empty:
                break
        for _ in self._threads:
            self._tasks.put(None)
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        return not any(thread.is_alive() for thread in self._threads)

    def _work(self) -> None:
        self._initializer()
        while (task := self._tasks.get()) is not None:
            task()
