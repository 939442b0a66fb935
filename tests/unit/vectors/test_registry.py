import subprocess
import sys

import pytest

from imagefinder.vectors.base import VectorIndex
from imagefinder.vectors.registry import EXACT_LIMIT, VECTOR_INDEXES, index_class, kind_for


def test_every_kind_gives_an_index_of_that_kind() -> None:
    for kind in VECTOR_INDEXES:
        assert issubclass(index_class(kind), VectorIndex)
        assert index_class(kind).kind == kind


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="'flat'"):
        index_class("flat")


def test_a_small_library_is_searched_exactly_and_a_large_one_by_a_graph() -> None:
    assert kind_for(0) == kind_for(EXACT_LIMIT) == "exact"
    assert kind_for(EXACT_LIMIT + 1) == kind_for(10 * EXACT_LIMIT) == "hnsw"


def test_a_library_at_the_border_does_not_go_to_and_fro() -> None:
    kind = kind_for(EXACT_LIMIT + 1, current="exact")
    assert kind == "hnsw"
    assert kind_for(EXACT_LIMIT - 1, current=kind) == "hnsw"
    assert kind_for(EXACT_LIMIT // 2, current=kind) == "exact"


def test_the_registry_and_checkpoints_need_no_hnswlib_until_asked() -> None:
    code = (
        "import sys, imagefinder.vectors.checkpoint, imagefinder.vectors.registry as r;"
        "r.index_class('exact'); assert not {'hnswlib', 'torch'} & sys.modules.keys();"
        "r.index_class('hnsw'); assert 'hnswlib' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
