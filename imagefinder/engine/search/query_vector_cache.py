"""A small LRU cache of the vectors of query terms."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from imagefinder.embedders.embedder import FloatArray

_MOST = 256
"""About half a megabyte."""


class QueryVectorCache:
    """What one embedder made of words and pictures of queries. Safe to use from several threads.

    The same question comes again and again: while pictures are indexed the window asks for what is new every few
    seconds, and it asks again when the order changes or a picture is hidden. The model would work 50 ms for some
    words each time, and a picture would be decoded too.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._vectors: OrderedDict[Hashable, FloatArray] = OrderedDict()

    def get(self, term: Hashable, make: Callable[[], FloatArray]) -> FloatArray:
        """The vector of a term, made where it is not known. What ``make`` raises is not remembered."""
        with self._lock:
            if (known := self._vectors.get(term)) is not None:
                self._vectors.move_to_end(term)
                return known
        # Not under the lock: a large picture must not hold up others' words.
        made = make()
        with self._lock:
            self._vectors[term] = made
            if len(self._vectors) > _MOST:
                self._vectors.popitem(last=False)
        return made

    def clear(self) -> None:
        """Forget all: another embedder would make other vectors."""
        with self._lock:
            self._vectors.clear()
