"""A lock that whoever waits for gets next."""

import threading


class FairLock:
    """A mutual exclusion for ``with``, not reentrant: one thread that takes it again and again lets others between.

    ``threading.Lock`` may be had again by the thread that has just let go of it, so that a search would wait for
    all portions of a batch that is being added rather than for one.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Held by who is next in turn; so who comes again has to stand behind it.
        self._turn = threading.Lock()

    def __enter__(self) -> None:
        with self._turn:
            self._lock.acquire()

    def __exit__(self, *_exception: object) -> None:
        self._lock.release()
