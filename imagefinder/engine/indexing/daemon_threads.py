"""Pool of daemon threads, which do not delay the program's end."""

import queue
import threading
import time
from collections.abc import Callable

Task = Callable[[], None]


class DaemonThreads:
    """Thread pool like ``ThreadPoolExecutor``, except that a task stuck on a drive does not block exit."""

    def __init__(self, count: int, name: str, initializer: Callable[[], None]) -> None:
        self._tasks: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self._name = name
        self._initializer = initializer
        self._threads: list[threading.Thread] = []
        for _ in range(count):
            self.add()

    def add(self) -> None:
        """Start another thread."""
        thread = threading.Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def submit(self, task: Task) -> None:
        """Run a task as soon as a thread is free. The task must handle its own errors."""
        self._tasks.put(task)

    def close(self, timeout_s: float) -> bool:
        """Drop tasks that have not begun, and wait for the others.

        Returns:
            Whether all of them ended within ``timeout_s`` seconds.
        """
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
