"""Contract suite for vector indexes. Subclasses name the class under test."""

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from imagefinder.vectors.vector_index import FloatArray, IdArray, VectorIndex

DIMENSION = 16


def unit_vectors(count: int, dimension: int = DIMENSION, seed: int = 0) -> FloatArray:
    vectors = np.random.default_rng(seed).standard_normal((count, dimension), np.float32)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def ids_of(*ids: int) -> IdArray:
    return np.array(ids, np.int64)


def assert_nearest(
    found: tuple[IdArray, FloatArray],
    stored: dict[int, FloatArray],
    query: FloatArray,
    k: int,
    tolerance: float,
) -> None:
    """Assert that the results are the ``k`` nearest stored vectors, best first. Ties may be in any order."""
    ids, scores = found
    cosines = {item: float(vector @ query) for item, vector in stored.items()}
    best = sorted(cosines.values(), reverse=True)[:k]
    assert len(set(ids.tolist())) == ids.size == len(best)
    np.testing.assert_allclose(scores, best, atol=tolerance)
    np.testing.assert_allclose([cosines[item] for item in ids.tolist()], best, atol=2 * tolerance)


class VectorIndexContract:
    index_type: ClassVar[type[VectorIndex]]
    tolerance: ClassVar[float] = 2e-5
    """Allowed error of the components of stored vectors and of cosines."""

    def filled(self, count: int = 50) -> tuple[VectorIndex, FloatArray]:
        """Return an index of ``count`` vectors under the ids 10, 20, 30, ..."""
        index, vectors = self.index_type(DIMENSION), unit_vectors(count)
        index.add(10 * np.arange(1, count + 1), vectors)
        return index, vectors

    def test_its_kind_is_the_one_the_registry_knows_it_by(self) -> None:
        from imagefinder.vectors.index_registry import index_class

        assert index_class(self.index_type.kind) is self.index_type

    def test_a_new_index_is_empty_and_finds_nothing(self) -> None:
        index = self.index_type(DIMENSION)
        ids, scores = index.search(unit_vectors(1)[0], 5)
        assert (len(index), index.ids().size, ids.size, scores.size) == (0, 0, 0, 0)
        assert index.search(unit_vectors(1)[0], 5, allowed=ids_of(1, 2))[0].size == 0
        assert index.get(ids_of()).shape == (0, DIMENSION)

    def test_a_stored_vector_is_its_own_nearest_with_cosine_one(self) -> None:
        index, vectors = self.filled()
        for row in (0, 17, 49):
            ids, scores = index.search(vectors[row], 1)
            assert ids.tolist() == [10 * (row + 1)]
            assert scores[0] == pytest.approx(1, abs=self.tolerance)

    def test_hits_come_best_first_with_their_cosines(self) -> None:
        index, vectors = self.filled()
        query = unit_vectors(1, seed=9)[0]
        ids, scores = index.search(query, 20)
        assert (ids.dtype, scores.dtype) == (np.int64, np.float32)
        assert ids.shape == scores.shape == (20,)
        assert (np.diff(scores) <= 0).all()
        np.testing.assert_allclose(scores, vectors[ids // 10 - 1] @ query, atol=self.tolerance)
        np.testing.assert_allclose(scores, np.sort(vectors @ query)[::-1][:20], atol=self.tolerance)

    def test_equal_vectors_come_in_the_order_of_their_ids(self) -> None:
        index, vectors = self.filled()
        index.add(ids_of(905, 903, 909), np.repeat(vectors[:1], 3, axis=0))
        assert index.search(vectors[0], 4)[0].tolist() == [10, 903, 905, 909]

    @pytest.mark.parametrize("k", [0, -1])
    def test_asking_for_no_hits_gives_none(self, k: int) -> None:
        index, vectors = self.filled()
        assert index.search(vectors[0], k)[0].size == 0
        assert index.search(vectors[0], k, allowed=ids_of(10))[0].size == 0

    @pytest.mark.parametrize("k", [49, 50, 51, 10_000])
    def test_asking_for_more_hits_than_there_are_gives_all(self, k: int) -> None:
        index, vectors = self.filled()
        ids, _ = index.search(vectors[0], k)
        assert ids.size == min(k, 50) == len(set(ids.tolist()))

    def test_the_ids_come_ascending_whatever_the_order_they_were_added_in(self) -> None:
        index, vectors = self.index_type(DIMENSION), unit_vectors(5)
        index.add(ids_of(7, 5), vectors[:2])
        index.add(ids_of(6, 100, 0), vectors[2:])
        assert index.ids().tolist() == [0, 5, 6, 7, 100]
        assert [index.search(vector, 1)[0][0] for vector in vectors] == [7, 5, 6, 100, 0]

    def test_vectors_are_given_back_in_the_order_asked(self) -> None:
        index, vectors = self.filled()
        given_back = index.get(ids_of(300, 10, 300))
        assert given_back.dtype == np.float32
        np.testing.assert_allclose(given_back, vectors[[29, 0, 29]], atol=self.tolerance)

    def test_getting_an_id_that_is_not_there_is_a_key_error(self) -> None:
        index, _ = self.filled()
        index.remove(ids_of(20))
        for absent in (20, 11, 10_000):
            with pytest.raises(KeyError):
                index.get(ids_of(10, absent))

    @pytest.mark.parametrize("taken", [30, 20], ids=["present", "removed earlier"])
    def test_an_id_is_added_only_once_and_a_refused_batch_changes_nothing(self, taken: int) -> None:
        index, vectors = self.filled()
        index.remove(ids_of(20))
        with pytest.raises(ValueError, match=str(taken)):
            index.add(ids_of(1000, taken), vectors[:2])
        assert len(index) == 49
        assert 1000 not in index.ids()

    def test_an_id_twice_in_one_batch_is_refused(self) -> None:
        index, vectors = self.filled()
        with pytest.raises(ValueError, match="twice"):
            index.add(ids_of(1000, 1000), vectors[:2])
        assert len(index) == 50

    def test_what_is_not_ids_with_as_many_finite_vectors_is_refused(self) -> None:
        index = self.index_type(DIMENSION)
        holed = unit_vectors(2)
        holed[1, 3] = np.nan
        for ids, vectors in (
            (ids_of(1), unit_vectors(2)),
            (ids_of(1, 2), unit_vectors(2, DIMENSION + 1)),
            (ids_of(1), unit_vectors(1)[0]),
            (ids_of(1, -2), unit_vectors(2)),
            (ids_of(1, 2), holed),
        ):
            with pytest.raises(ValueError, match=r"."):
                index.add(ids, vectors)
        assert len(index) == 0

    def test_a_query_of_another_shape_or_without_a_direction_is_refused(self) -> None:
        index, _ = self.filled()
        for query in (unit_vectors(1, DIMENSION + 1)[0], unit_vectors(1), np.full(DIMENSION, np.nan)):
            with pytest.raises(ValueError, match="query"):
                index.search(query, 1)

    def test_adding_nothing_is_allowed(self) -> None:
        index, vectors = self.filled()
        index.add(ids_of(), vectors[:0])
        assert len(index) == 50

    def test_removed_ids_are_never_found(self) -> None:
        index, vectors = self.filled()
        index.remove(ids_of(10, 500, 30))
        ids, _ = index.search(vectors[0], 100)
        assert sorted(ids.tolist()) == index.ids().tolist()
        assert len(index) == ids.size == 47
        assert not {10, 30, 500} & set(ids.tolist())

    def test_removing_what_is_not_there_is_ignored(self) -> None:
        index, _ = self.filled()
        index.remove(ids_of(20, 21, 20))
        index.remove(ids_of(20, 99_999))
        index.remove(ids_of())
        assert len(index) == 49

    def test_all_can_be_removed_and_others_added(self) -> None:
        index, vectors = self.filled()
        index.remove(index.ids())
        assert index.search(vectors[0], 5)[0].size == len(index) == 0
        index.add(ids_of(1001), vectors[4:5])
        assert index.search(vectors[0], 5)[0].tolist() == [1001]

    @pytest.mark.parametrize("share", [1, 3, 10, 40, 50])
    def test_only_allowed_ids_are_found_however_many_they_are(self, share: int) -> None:
        index, vectors = self.filled()
        index.remove(ids_of(50))
        chosen = np.random.default_rng(share).permutation(50)[:share]
        stored = {10 * (int(row) + 1): vectors[row] for row in chosen if row != 4}
        allowed = np.concatenate((10 * (chosen + 1), ids_of(50, 7, 77_777, 7)))
        for k in (1, 5, 100):
            found = index.search(vectors[20], k, allowed)
            assert_nearest(found, stored, vectors[20], k, self.tolerance)

    def test_when_nothing_is_allowed_nothing_is_found(self) -> None:
        index, vectors = self.filled()
        assert index.search(vectors[0], 5, ids_of())[0].size == 0
        assert index.search(vectors[0], 5, ids_of(1, 2, 3))[0].size == 0

    def test_the_same_calls_give_the_same_answers(self) -> None:
        (first, _), (second, _) = self.filled(), self.filled()
        for query in unit_vectors(5, seed=3):
            for one, other in zip(first.search(query, 10), second.search(query, 10), strict=True):
                np.testing.assert_array_equal(one, other)

    def test_it_grows_through_many_small_batches(self) -> None:
        index, vectors = self.index_type(DIMENSION), unit_vectors(2500)
        for start in range(0, 2500, 37):
            index.add(np.arange(start, min(start + 37, 2500)), vectors[start : start + 37])
        assert len(index) == 2500
        assert [int(index.search(vectors[row], 1)[0][0]) for row in (0, 1300, 2499)] == [0, 1300, 2499]

    def test_save_and_load_keep_everything(self, tmp_path: Path) -> None:
        index, vectors = self.filled()
        index.remove(ids_of(20, 490))
        index.save(tmp_path / "saved")
        loaded = self.index_type.load(tmp_path / "saved", DIMENSION)
        assert loaded.ids().tolist() == index.ids().tolist()
        np.testing.assert_array_equal(loaded.get(loaded.ids()), index.get(index.ids()))
        for query in unit_vectors(5, seed=3):
            assert loaded.search(query, 12)[0].tolist() == index.search(query, 12)[0].tolist()
        with pytest.raises(ValueError, match="490"):
            loaded.add(ids_of(490), vectors[:1])
        loaded.remove(ids_of(30))
        loaded.add(np.arange(1000, 3000), unit_vectors(2000, seed=5))
        assert len(loaded) == 50 - 3 + 2000

    def test_an_empty_index_is_saved_and_loaded(self, tmp_path: Path) -> None:
        self.index_type(DIMENSION).save(tmp_path / "saved")
        loaded = self.index_type.load(tmp_path / "saved", DIMENSION)
        loaded.add(ids_of(3), unit_vectors(1))
        assert loaded.search(unit_vectors(1)[0], 9)[0].tolist() == [3]

    def test_an_index_emptied_by_removals_is_saved_and_loaded(self, tmp_path: Path) -> None:
        index, vectors = self.filled()
        index.remove(index.ids())
        index.save(tmp_path / "saved")
        loaded = self.index_type.load(tmp_path / "saved", DIMENSION)
        assert loaded.search(vectors[0], 3)[0].size == len(loaded) == 0

    def test_saving_replaces_what_was_there_and_leaves_nothing_else(self, tmp_path: Path) -> None:
        index, vectors = self.filled()
        index.save(tmp_path / "saved")
        index.add(ids_of(1), vectors[:1])
        index.save(tmp_path / "saved")
        assert len(self.index_type.load(tmp_path / "saved", DIMENSION)) == 51
        assert [path.name for path in tmp_path.iterdir()] == ["saved"]

    def test_saving_into_a_folder_that_is_missing_is_an_os_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            self.filled()[0].save(tmp_path / "missing" / "saved")

    def test_a_file_cut_short_anywhere_is_refused(self, tmp_path: Path) -> None:
        self.filled()[0].save(tmp_path / "saved")
        whole = (tmp_path / "saved").read_bytes()
        for length in [0, 1, 50, 95, 96, 97, *range(200, len(whole), len(whole) // 40), len(whole) - 1]:
            (tmp_path / "cut").write_bytes(whole[:length])
            with pytest.raises(ValueError, match="cut"):
                self.index_type.load(tmp_path / "cut", DIMENSION)

    def test_a_file_of_something_else_is_refused(self, tmp_path: Path) -> None:
        garbage = np.random.default_rng(0).bytes(5000)
        for content in (garbage, bytes(5000), b"\xff" * 5000, b"PK\x03\x04" + garbage, b"text " * 500):
            (tmp_path / "other").write_bytes(content)
            with pytest.raises(ValueError, match="other"):
                self.index_type.load(tmp_path / "other", DIMENSION)

    @pytest.mark.parametrize("dimension", [DIMENSION - 1, DIMENSION + 1, 2 * DIMENSION, 1])
    def test_a_file_of_another_dimension_is_refused(self, dimension: int, tmp_path: Path) -> None:
        self.filled()[0].save(tmp_path / "saved")
        with pytest.raises(ValueError, match="dimension"):
            self.index_type.load(tmp_path / "saved", dimension)

    def test_a_missing_file_is_an_os_error(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            self.index_type.load(tmp_path / "missing", DIMENSION)

    @settings(
        max_examples=25,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.differing_executors],
    )
    @given(st.data())
    def test_any_sequence_of_changes_leaves_what_a_dictionary_would_hold(self, data: st.DataObject) -> None:
        index, pool = self.index_type(DIMENSION), unit_vectors(200, seed=8)
        stored: dict[int, FloatArray] = {}
        unused = list(range(200))
        for _ in range(data.draw(st.integers(1, 12))):
            if data.draw(st.booleans()):
                batch = (
                    data.draw(st.lists(st.sampled_from(unused), unique=True, max_size=30)) if unused else []
                )
                unused = [item for item in unused if item not in batch]
                index.add(ids_of(*batch), pool[batch])
                stored |= {item: pool[item] for item in batch}
            else:
                gone = data.draw(st.lists(st.integers(0, 210), max_size=40))
                index.remove(ids_of(*gone))
                stored = {item: vector for item, vector in stored.items() if item not in gone}
            assert index.ids().tolist() == sorted(stored)
            query = unit_vectors(1, seed=data.draw(st.integers(0, 9)))[0]
            k = data.draw(st.integers(1, 20))
            allowed = data.draw(st.lists(st.integers(0, 210), max_size=60))
            within = {item: stored[item] for item in allowed if item in stored}
            for found, among in (
                (index.search(query, k), stored),
                (index.search(query, k, ids_of(*allowed)), within),
            ):
                assert_nearest(found, among, query, k, self.tolerance)
