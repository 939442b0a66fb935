"""Memory needed by a graph, and memory available for it."""

MEMORY_SHARE = 0.5
"""Share of the free memory that a graph may take. Models and pictures being decoded need some, too."""
_GRAPH_BYTES = 150
"""Bytes for one vector's links, label and bookkeeping in hnswlib with M = 16."""


def graph_bytes(count: int, dimension: int) -> int:
    """Return the bytes of memory that an HNSW index of this many vectors takes."""
    return count * (4 * dimension + _GRAPH_BYTES)


def room() -> int:
    """Return the bytes of memory that an index may take now."""
    import psutil

    return int(psutil.virtual_memory().available * MEMORY_SHARE)


def fits_machine(needed: int) -> bool:
    """Whether this many bytes may be taken on this machine if all of its memory is free."""
    import psutil

    return needed <= int(psutil.virtual_memory().total * MEMORY_SHARE)
