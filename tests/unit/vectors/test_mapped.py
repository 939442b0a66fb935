import errno
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest
from contracts.vector_index_contract import (
    DIMENSION,
    VectorIndexContract,
    assert_nearest,
    ids_of,
    unit_vectors,
)
from helpers import rounding

from imagefinder.vectors import mapped
from imagefinder.vectors.mapped import MappedIndex


class TestMappedIndex(VectorIndexContract):
    index_type = MappedIndex
    tolerance = 1e-3  # vectors are rounded to float16


def test_what_was_loaded_and_what_was_added_since_are_searched_together(tmp_path: Path) -> None:
    vectors = unit_vectors(60).astype(np.float16).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    first = MappedIndex(DIMENSION)
    first.add(np.arange(40), vectors[:40])
    first.save(tmp_path / "saved")
    index = MappedIndex.load(tmp_path / "saved", DIMENSION)
    index.add(np.arange(40, 60), vectors[40:])
    index.remove(ids_of(3, 45))
    stored = {item: vector for item, vector in enumerate(vectors) if item not in (3, 45)}
    for query in unit_vectors(10, seed=1):
        for allowed in (None, np.arange(30, 60), ids_of(2, 3, 44, 45)):
            among = stored if allowed is None else {item: stored[item] for item in allowed if item in stored}
            assert_nearest(index.search(query, 20, allowed), among, query, 20, 1e-5)  # rounded to 5 decimals
    index.save(tmp_path / "again")
    again = MappedIndex.load(tmp_path / "again", DIMENSION)
    np.testing.assert_array_equal(again.get(again.ids()), index.get(index.ids()))


def test_vectors_rounded_as_the_store_rounds_them_come_back_exactly() -> None:
    vectors = unit_vectors(20, 512).astype(np.float16).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    index = MappedIndex(512)
    index.add(np.arange(20), vectors)
    np.testing.assert_allclose(index.get(np.arange(20)), vectors, rtol=rounding.of_sums(512))


def test_an_index_in_use_leaves_no_name_behind(tmp_path: Path) -> None:
    index = MappedIndex(DIMENSION, tmp_path)
    index.add(ids_of(1, 2), unit_vectors(2))
    del index
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_index_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    index, vectors = MappedIndex(DIMENSION), unit_vectors(6)
    index.add(ids_of(1, 2), vectors[:2])
    write_all = mapped._write_all

    def cut_short(file: IO[bytes], array: np.ndarray[Any, Any]) -> None:
        write_all(file, array[:1])
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(mapped, "_write_all", cut_short)
    with pytest.raises(OSError, match="no space"):
        index.add(ids_of(3, 4), vectors[2:4])
    monkeypatch.undo()
    assert index.ids().tolist() == [1, 2]
    index.add(ids_of(3, 4), vectors[4:])
    assert [int(index.search(vectors[row], 1)[0][0]) for row in (0, 1, 4, 5)] == [1, 2, 3, 4]


def test_mostly_removed_rows_call_for_building_anew() -> None:
    index = MappedIndex(DIMENSION)
    index.add(np.arange(10), unit_vectors(10))
    index.remove(np.arange(5))
    assert not index.needs_rebuild
    index.remove(ids_of(5))
    assert index.needs_rebuild
