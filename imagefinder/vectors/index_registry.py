"""The registry of vector indexes, and which one suits a library. Imports hnswlib only on request."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from imagefinder.vectors.memory import graph_bytes, room
from imagefinder.vectors.vector_index import VectorIndex

EXACT_LIMIT = 50_000
"""Up to this many vectors, exact search is used.

Measured at 512 dimensions on two cores (warm disk cache); start is reading float16 from SQLite for exact, the
checkpoint with its CRC for HNSW, which ``benchmarks/vector_search.py`` prints for larger sizes too:

=======  ===========  ==========  ============  ===========  ==========
vectors  exact start  HNSW start  exact search  HNSW search  HNSW build
=======  ===========  ==========  ============  ===========  ==========
 10,000       0.03 s      0.02 s        1.5 ms       0.6 ms         4 s
 20,000       0.09 s      0.06 s          6 ms       0.9 ms         8 s
 50,000       0.18 s      0.14 s          9 ms       1.0 ms        20 s
100,000       0.37 s      0.27 s         14 ms       1.2 ms        44 s
=======  ===========  ==========  ============  ===========  ==========

So up to 50,000 exact search costs a user nothing that can be felt, finds everything, answers a search within
a folder as fast, writes no file, and reads half as much from a cold disk. Beyond, its cost goes on growing.
"""

_EXACT_LIMIT_DOWN = EXACT_LIMIT * 3 // 4
"""A library that has an HNSW index keeps it until it has shrunk to this many vectors."""
_HEADROOM = 10
"""An HNSW index in use is kept as long as one in this many of its size would still fit the memory."""
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
"""Kind to a function that imports and gives its class."""


def index_class(kind: str) -> type[VectorIndex]:
    """The class of a kind.

    Raises:
        ValueError: there is no such kind.
    """
    try:
        return VECTOR_INDEXES[kind]()
    except KeyError:
        raise ValueError(f"there is no vector index of kind {kind!r}") from None


def kind_for(count: int, current: str | None = None, dimension: int = _USUAL_DIMENSION) -> str:
    """The kind that suits ``count`` vectors and the memory that is free now.

    Above ``EXACT_LIMIT`` that is HNSW where its graph fits, else exact search over a file that is mapped into
    memory: slower, but it takes next to none. ``current``, the kind in use, is kept while the count or the memory
    is near its limit, so that a library at the border does not go to and fro.
    """
    limit = EXACT_LIMIT if current in (None, "exact") else _EXACT_LIMIT_DOWN
    if count <= limit:
        return "exact"
    needed = graph_bytes(count, dimension)
    return "hnsw" if (needed // _HEADROOM if current == "hnsw" else needed) <= room() else "mapped"
