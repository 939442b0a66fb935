"""Fair lock: the releasing thread cannot overtake a waiting one."""

import threading


class FairLock:
    """Mutual exclusion for ``with`` statements. Not reentrant.

    A thread that releases a ``threading.Lock`` and acquires it again at once mostly gets it, even if others
    wait. The index is locked for each portion of a batch that is added, so with such a lock a search would
    wait for all portions rather than for one.

    A second lock, the turn, is held by the thread that waits next. A thread that releases the lock and comes
    back has to queue for the turn, and so cannot overtake that thread. The order among threads that queue for
    the turn is not defined.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()

    def __enter__(self) -> None:
        with self._turn:
            self._lock.acquire()

    def __exit__(self, *_exception: object) -> None:
        self._lock.release()
