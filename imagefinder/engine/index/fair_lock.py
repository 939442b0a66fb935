"""A fair lock: the thread that releases it cannot take it again before a thread that waits."""

import threading


class FairLock:
    """Mutual exclusion for ``with`` statements; not reentrant.

    A thread that releases a ``threading.Lock`` and takes it again at once mostly gets it, whoever waits. The index is
    locked for each portion of a batch that is added, so a search would wait for all portions rather than for one.

    A second lock, the turn, is held by the thread that waits next. Who releases the lock and comes back has to queue
    for the turn, and so cannot overtake that thread. Among threads that queue for the turn there is no order.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def __enter__(self) -> None:
        with self._turn:
            self._lock.acquire()

    def __exit__(self, *_exception: object) -> None:
        self._lock.release()
