"""Registry of the kinds of vector index, and choice of a kind. Imports hnswlib only on request."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from imagefinder.vectors.memory import graph_bytes, room
from imagefinder.vectors.vector_index import VectorIndex

EXACT_LIMIT = 50_000
"""Maximum number of vectors for exact search.

Measured at 512 dimensions on two cores with a warm disk cache. Starting means reading float16 vectors from
SQLite (exact), or the checkpoint with its CRC-32 (HNSW). ``benchmarks/vector_search.py`` prints these figures
for larger sizes, too.

=======  ===========  ==========  ============  ===========  ==========
vectors  exact start  HNSW start  exact search  HNSW search  HNSW build
=======  ===========  ==========  ============  ===========  ==========
 10,000       0.03 s      0.02 s        1.5 ms       0.6 ms         4 s
 20,000       0.09 s      0.06 s          6 ms       0.9 ms         8 s
 50,000       0.18 s      0.14 s          9 ms       1.0 ms        20 s
100,000       0.37 s      0.27 s         14 ms       1.2 ms        44 s
=======  ===========  ==========  ============  ===========  ==========

Up to 50,000 vectors, exact search causes no noticeable delay, finds everything, is as fast within a folder,
writes no file, and reads half as much from a cold disk. Beyond that its cost keeps growing.
"""

_EXACT_LIMIT_DOWN = EXACT_LIMIT * 3 // 4
"""Number of vectors down to which a library keeps its HNSW index."""
_HEADROOM = 10
"""An HNSW index in use is kept while its size, divided by this, fits into the available memory."""
_USUAL_DIMENSION = 512


def _exact() -> type[VectorIndex]:
    from imagefinder.vectors.exact import ExactIndex

    return ExactIndex


def _hnsw() -> type[VectorIndex]:
    from imagefinder.vectors.hnsw import HnswIndex

    return HnswIndex


def _mapped() -> type[VectorIndex]:
    from imagefinder.vectors.mapped import MappedIndex

    return MappedIndex


VECTOR_INDEXES: Mapping[str, Callable[[], type[VectorIndex]]] = MappingProxyType(
    {"exact": _exact, "hnsw": _hnsw, "mapped": _mapped}
)
"""Functions that import and return the index class of each kind."""


def index_class(kind: str) -> type[VectorIndex]:
    """Return the index class of a kind.

    Raises:
        ValueError: there is no such kind.
    """
    try:
        return VECTOR_INDEXES[kind]()
    except KeyError:
        raise ValueError(f"there is no vector index of kind {kind!r}") from None


def kind_for(count: int, current: str | None = None, dimension: int = _USUAL_DIMENSION) -> str:
    """Return the kind of index that suits ``count`` vectors and the memory that is free now.

    Above ``EXACT_LIMIT`` that is HNSW if its graph fits, else exact search over a mapped file, which is
    slower but needs little memory. The ``current`` kind is kept while the count or the memory is near its
    limit, so that the kind does not change back and forth.
    """
    limit = EXACT_LIMIT if current in (None, "exact") else _EXACT_LIMIT_DOWN
    if count <= limit:
        return "exact"
    needed = graph_bytes(count, dimension)
    return "hnsw" if (needed // _HEADROOM if current == "hnsw" else needed) <= room() else "mapped"
