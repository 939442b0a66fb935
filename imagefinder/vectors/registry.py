"""The vector indexes there are, and which one suits a library. Imports hnswlib only when it is asked for."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from imagefinder.vectors.base import VectorIndex

EXACT_LIMIT = 20_000
"""Up to this many vectors, exact search is used."""

_EXACT_LIMIT_DOWN = EXACT_LIMIT * 3 // 4
"""A library that has an HNSW index keeps it until it has shrunk to this many vectors."""


def _exact() -> type[VectorIndex]:
    from imagefinder.vectors.exact import ExactIndex

    return ExactIndex


def _hnsw() -> type[VectorIndex]:
    from imagefinder.vectors.hnsw import HnswIndex

    return HnswIndex


VECTOR_INDEXES: Mapping[str, Callable[[], type[VectorIndex]]] = MappingProxyType(
    {"exact": _exact, "hnsw": _hnsw}
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


def kind_for(count: int, current: str | None = None) -> str:
    """The kind that suits ``count`` vectors.

    ``current``, the kind in use, is kept while the count is near the limit, so that a library at the border
    does not go to and fro.
    """
    limit = _EXACT_LIMIT_DOWN if current == "hnsw" else EXACT_LIMIT
    return "exact" if count <= limit else "hnsw"
