import subprocess
import sys
from collections.abc import Callable

import pytest

from imagefinder.vectors import index_registry
from imagefinder.vectors import memory as memory_module
from imagefinder.vectors.index_registry import EXACT_LIMIT, VECTOR_INDEXES, index_class, kind_for
from imagefinder.vectors.memory import graph_bytes
from imagefinder.vectors.vector_index import VectorIndex


def test_every_kind_gives_an_index_of_that_kind() -> None:
    for kind in VECTOR_INDEXES:
        assert issubclass(index_class(kind), VectorIndex)
        assert index_class(kind).kind == kind


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'flat'"):
        index_class("flat")


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that sets the bytes of memory available to an index."""
    return lambda free: monkeypatch.setattr(index_registry, "room", lambda: free)


@pytest.fixture(autouse=True)
def plenty(memory: Callable[[int], None]) -> None:
    memory(10**12)


def test_a_small_library_is_searched_exactly_and_a_large_one_by_a_graph() -> None:
    assert kind_for(0) == kind_for(EXACT_LIMIT) == "exact"
    assert kind_for(EXACT_LIMIT + 1) == kind_for(10 * EXACT_LIMIT) == "hnsw"


def test_a_library_at_the_border_does_not_go_to_and_fro() -> None:
    kind = kind_for(EXACT_LIMIT + 1, current="exact")
    assert kind == "hnsw"
    assert kind_for(EXACT_LIMIT - 1, current=kind) == "hnsw"
    assert kind_for(EXACT_LIMIT // 2, current=kind) == "exact"


def test_where_a_graph_does_not_fit_the_memory_a_file_is_searched(memory: Callable[[int], None]) -> None:
    needed = graph_bytes(5_000_000, 512)
    assert needed == 5_000_000 * (4 * 512 + 150)
    for free, kind in ((needed, "hnsw"), (needed - 1, "mapped"), (0, "mapped")):
        memory(free)
        assert kind_for(5_000_000, None, 512) == kind_for(5_000_000, "mapped", 512) == kind
    memory(needed)
    assert kind_for(5_000_000, None, 768) == "mapped"


def test_a_graph_in_use_is_kept_until_the_memory_is_nearly_gone(memory: Callable[[int], None]) -> None:
    needed = graph_bytes(1_000_000, 512)
    for free, kind in ((needed // 5, "hnsw"), (needed // 20, "mapped")):
        memory(free)
        assert kind_for(1_000_000, "hnsw", 512) == kind


def test_a_small_library_needs_no_look_at_the_memory(memory: Callable[[int], None]) -> None:
    memory(0)
    assert kind_for(EXACT_LIMIT) == "exact"
    assert kind_for(EXACT_LIMIT // 2, current="mapped") == "exact"


def test_half_of_the_free_memory_may_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    import psutil

    of = type("Memory", (), {"available": 10_000, "total": 30_000})
    monkeypatch.setattr(psutil, "virtual_memory", of)
    assert memory_module.room() == 5_000
    assert memory_module.fits_machine(15_000)
    assert not memory_module.fits_machine(15_001)


def test_the_registry_and_checkpoints_need_no_hnswlib_until_asked() -> None:
    code = (
        "import sys, imagefinder.vectors.checkpoint, imagefinder.vectors.index_registry as r;"
        "r.index_class('exact'); r.index_class('mapped'); r.kind_for(100);"
        "assert not {'hnswlib', 'torch', 'psutil'} & sys.modules.keys();"
        "r.index_class('hnsw'); assert 'hnswlib' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
