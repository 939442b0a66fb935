from pathlib import Path

import numpy as np
import pytest
from contracts.vector_index_contract import DIMENSION, VectorIndexContract, ids_of, unit_vectors
from helpers import rounding

from imagefinder.vectors.array_ops import cosines
from imagefinder.vectors.exact import ExactIndex


class TestExactIndex(VectorIndexContract):
    index_type = ExactIndex


def test_rows_of_removed_vectors_are_given_back() -> None:
    index, vectors = ExactIndex(DIMENSION), unit_vectors(1000)
    for first in range(0, 20_000, 1000):
        index.add(np.arange(first, first + 1000), vectors)
        index.remove(np.arange(first, first + 990))
    assert len(index) == 200
    assert len(index._matrix) < 5000
    assert not index.needs_rebuild
    assert index.search(vectors[995], 1)[0].tolist() == [995]


def test_the_lowest_ids_win_when_more_vectors_are_equal_than_are_wanted() -> None:
    index = ExactIndex(DIMENSION)
    index.add(np.arange(30)[::-1], np.repeat(unit_vectors(1), 30, axis=0))
    assert index.search(unit_vectors(1)[0], 4)[0].tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize("dimension", [16, 48, 512])
def test_equal_vectors_have_equal_products_whatever_stands_beside_them(dimension: int) -> None:
    vectors, others = unit_vectors(2, dimension), unit_vectors(40, dimension, seed=1)
    alone = cosines(vectors[:1], vectors[1])
    for copies in range(1, 40):
        together = np.concatenate((np.repeat(vectors[:1], copies, axis=0), others[copies:]))
        assert set(cosines(together, vectors[1])[:copies].tolist()) == set(alone.tolist())
    np.testing.assert_allclose(
        cosines(others, vectors[1]), others @ vectors[1], atol=rounding.of_sums(dimension)
    )
    assert cosines(others[:0], vectors[1]).shape == (0,)


def test_a_flipped_bit_in_the_vectors_is_noticed(tmp_path: Path) -> None:
    index = ExactIndex(DIMENSION)
    index.add(ids_of(1, 2, 3), unit_vectors(3))
    index.save(tmp_path / "saved")
    whole = (tmp_path / "saved").read_bytes()
    place = whole.index(unit_vectors(3)[1].tobytes())
    (tmp_path / "flipped").write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
    with pytest.raises(ValueError, match="CRC"):
        ExactIndex.load(tmp_path / "flipped", DIMENSION)
