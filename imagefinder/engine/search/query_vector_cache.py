"""Small LRU cache of the vectors of query terms."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

from imagefinder.embedders.embedder import FloatArray

_MOST = 256
"""Maximum number of vectors; about half a megabyte."""


class QueryVectorCache:
    """Vectors that one embedder computed for words and pictures of queries. Safe to use from several threads.

    The same query is often repeated: the window searches again every few seconds during indexing, when the
    order changes and when a picture is hidden. Without this cache the model would work 50 ms each time for
    some words, and query pictures would be decoded again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._vectors: OrderedDict[Hashable, FloatArray] = OrderedDict()

    def get(self, term: Hashable, make: Callable[[], FloatArray]) -> FloatArray:
        """Return the vector of a term, calling ``make`` if it is not cached.

        Errors of ``make`` are not cached.
        """
        with self._lock:
            if (known := self._vectors.get(term)) is not None:
                self._vectors.move_to_end(term)
                return known
        # Called without the lock, so that a large picture does not delay other queries.
        made = make()
        with self._lock:
            self._vectors[term] = made
            if len(self._vectors) > _MOST:
                self._vectors.popitem(last=False)
        return made

    def clear(self) -> None:
        """Remove all vectors; needed when the embedder is closed, since another would compute others."""
        with self._lock:
            self._vectors.clear()
