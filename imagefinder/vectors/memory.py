"""How much memory a graph takes, and how much may be taken."""

MEMORY_SHARE = 0.5
"""The part of the memory that is free right now which a graph may take; the models and the pictures that are being
decoded need some too."""
_GRAPH_BYTES = 150
"""Links, label and bookkeeping of one vector in hnswlib with M = 16."""


def graph_bytes(count: int, dimension: int) -> int:
    """What an HNSW index of so many vectors takes."""
    return count * (4 * dimension + _GRAPH_BYTES)


def room() -> int:
    """Bytes that an index may take now."""
    import psutil

    return int(psutil.virtual_memory().available * MEMORY_SHARE)


def fits_machine(needed: int) -> bool:
    """Whether so many bytes may be taken on this machine at all, were all of its memory free."""
    import psutil

    return needed <= int(psutil.virtual_memory().total * MEMORY_SHARE)
