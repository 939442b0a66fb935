import errno
import os
from pathlib import Path

import numpy as np
import pytest
from contracts.vector_index_contract import (
    DIMENSION,
    VectorIndexContract,
    assert_nearest,
    ids_of,
    unit_vectors,
)

from imagefinder.vectors.exact import ExactIndex
from imagefinder.vectors.hnsw import EF_LEAST, FAR_FACTOR, HnswIndex, ef_search
from imagefinder.vectors.hnsw_file import narrow
from imagefinder.vectors.vector_index import FloatArray, IdArray


class TestHnswIndex(VectorIndexContract):
    index_type = HnswIndex


def pair(vectors: FloatArray) -> tuple[HnswIndex, ExactIndex]:
    """Return both indexes with the same vectors, with ids from 0."""
    hnsw, exact = HnswIndex(vectors.shape[1]), ExactIndex(vectors.shape[1])
    for index in (hnsw, exact):
        index.add(np.arange(len(vectors)), vectors)
    return hnsw, exact


def assert_exact(hnsw: HnswIndex, exact: ExactIndex, query: FloatArray, k: int, of: IdArray) -> None:
    """Compare the graph's results with those of comparing the query with each of these items."""
    stored = dict(zip(of.tolist(), exact.get(of), strict=True))
    assert_nearest(hnsw.search(query, k, of), stored, query, k, TestHnswIndex.tolerance)


def recall_at_10(
    hnsw: HnswIndex, exact: ExactIndex, queries: FloatArray, allowed: IdArray | None = None
) -> float:
    """Return the share of the ten best cosines that is found. Equal vectors are interchangeable."""
    found = 0
    for query in queries:
        worst = exact.search(query, 10, allowed)[1][-1]
        found += int(np.count_nonzero(hnsw.search(query, 10, allowed)[1] >= worst - 2e-5))
    return found / (10 * len(queries))


@pytest.fixture(scope="module")
def three_thousand() -> tuple[HnswIndex, ExactIndex]:
    return pair(unit_vectors(3000, 64))


def test_recall_at_10_is_at_least_95_percent(three_thousand: tuple[HnswIndex, ExactIndex]) -> None:
    assert recall_at_10(*three_thousand, unit_vectors(100, 64, seed=1)) >= 0.95


@pytest.mark.parametrize("share", [2, 20, 29, 31, 200, 1500, 2999])
def test_recall_among_allowed_ids_is_at_least_95_percent(
    share: int, three_thousand: tuple[HnswIndex, ExactIndex]
) -> None:
    allowed = np.random.default_rng(share).permutation(3000)[:share]
    assert recall_at_10(*three_thousand, unit_vectors(30, 64, seed=1), allowed=allowed) >= min(
        0.95, share / 10
    )


def test_allowed_ids_far_away_from_the_query_are_found(three_thousand: tuple[HnswIndex, ExactIndex]) -> None:
    hnsw, exact = three_thousand
    query = unit_vectors(1, 64, seed=2)[0]
    for count in (25, 40, 500):
        farthest = exact.search(query, 3000)[0][-count:]
        assert_exact(hnsw, exact, query, 10, farthest)


def test_a_thousand_equal_pictures_do_not_hide_the_others() -> None:
    # Without JITTER, recall is about 0.7 here: links tie, and connect the equal vectors only to one another.
    vectors = unit_vectors(3000, 64)
    vectors[:1000] = vectors[0]
    hnsw, exact = pair(vectors)
    assert recall_at_10(hnsw, exact, unit_vectors(50, 64, seed=1)) >= 0.95
    assert hnsw.search(vectors[0], 3000)[0].size == 3000


def test_every_vector_is_found_even_when_no_path_leads_to_it(
    three_thousand: tuple[HnswIndex, ExactIndex], monkeypatch: pytest.MonkeyPatch
) -> None:
    hnsw, exact = three_thousand
    query = unit_vectors(1, 64, seed=4)[0]
    unlimited = HnswIndex._query
    monkeypatch.setattr(
        HnswIndex, "_query", lambda self, query, k, ef: unlimited(self, query, k, ef) if k <= 2900 else None
    )
    ids, scores = hnsw.search(query, 3000)
    assert ids.size == np.unique(ids).size == 3000
    np.testing.assert_allclose(scores, exact.search(query, 3000)[1], atol=2e-5)
    monkeypatch.setattr(HnswIndex, "_query", lambda self, query, k, ef: None)
    assert_exact(hnsw, exact, query, 7, exact.ids())


def test_many_removals_are_reported_and_searched_round() -> None:
    hnsw, exact = pair(unit_vectors(2000))
    assert not hnsw.needs_rebuild
    for index in (hnsw, exact):
        index.remove(np.arange(1000))
    assert not hnsw.needs_rebuild
    for index in (hnsw, exact):
        index.remove(ids_of(1000))
    assert hnsw.needs_rebuild
    for index in (hnsw, exact):
        index.remove(np.arange(1000, 1900))
    assert_exact(hnsw, exact, unit_vectors(1, seed=6)[0], 50, exact.ids())


@pytest.mark.skipif(os.name != "posix", reason="only POSIX has file names that are just bytes")
def test_a_folder_with_any_name_will_do(tmp_path: Path) -> None:
    index = HnswIndex(DIMENSION)
    index.add(ids_of(4), unit_vectors(1))
    for name in (os.fsdecode(b"caf\xe9 \xff"), "写真 ü", "a b'\"\n"):
        folder = tmp_path / name
        try:
            folder.mkdir()
        except OSError as error:
            pytest.skip(f"this file system does not take such a name: {error}")
        index.save(folder / "index")
        assert HnswIndex.load(folder / "index", DIMENSION).ids().tolist() == [4]


def test_where_names_are_narrow_the_working_folder_changes_and_comes_back(tmp_path: Path) -> None:
    folder, before = tmp_path / "写真", Path.cwd()
    folder.mkdir()
    with pytest.raises(RuntimeError, match="meanwhile"), narrow(folder / "index", any_bytes=False) as name:
        assert name == b"index"
        assert Path.cwd() == folder.resolve()
        raise RuntimeError("meanwhile")
    assert Path.cwd() == before
    with narrow(Path("/plain/index"), any_bytes=False) as name:
        assert name == os.fsencode(Path("/plain/index"))
        assert Path.cwd() == before


def test_a_save_that_the_disk_cuts_short_is_an_error_and_keeps_the_old_file(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource", reason="Windows has no limit on the size of a file")
    index = HnswIndex(DIMENSION)
    index.add(ids_of(1), unit_vectors(1))
    index.save(tmp_path / "saved")
    before = (tmp_path / "saved").read_bytes()
    index.add(np.arange(2, 3000), unit_vectors(2998))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Here the C++ stream gets EFBIG instead of a full disk's ENOSPC, and reports neither.
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(OSError, match="disk may be full") as caught:
            index.save(tmp_path / "saved")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.errno == errno.ENOSPC
    assert (tmp_path / "saved").read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["saved"]


def clustered(count: int) -> FloatArray:
    """Return unit vectors around a common mean, as of pictures: two of them have a cosine of about 0.5."""
    mean = np.zeros(64, np.float32)
    mean[0] = 1
    vectors = mean + unit_vectors(count, 64)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def candidates_looked_at(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return a list to which each search of a graph adds its number of candidates."""
    looked: list[int] = []
    query = HnswIndex._query

    def noting(self: HnswIndex, vector: FloatArray, k: int, ef: int) -> tuple[IdArray, FloatArray] | None:
        looked.append(ef)
        return query(self, vector, k, ef)

    monkeypatch.setattr(HnswIndex, "_query", noting)
    return looked


def test_more_candidates_are_looked_at_in_a_larger_library_and_for_more_hits() -> None:
    assert ef_search(10, 10) == EF_LEAST
    assert EF_LEAST < ef_search(100_000, 10) < ef_search(1_000_000, 10)
    assert ef_search(100_000, 1000) >= 1250


def test_a_query_among_the_stored_is_answered_at_the_first_look(monkeypatch: pytest.MonkeyPatch) -> None:
    hnsw, _ = pair(clustered(3000))
    looked = candidates_looked_at(monkeypatch)
    hnsw.search(clustered(3001)[3000], 10)
    assert looked == [ef_search(3000, 10)]


def test_a_query_far_from_all_that_is_stored_is_looked_for_further(monkeypatch: pytest.MonkeyPatch) -> None:
    hnsw, exact = pair(clustered(3000))
    far = unit_vectors(40, 64, seed=5)
    far[:, 0] = 0  # orthogonal to the mean, so no hit has a cosine near 0.5
    far /= np.linalg.norm(far, axis=1, keepdims=True)
    looked = candidates_looked_at(monkeypatch)
    assert recall_at_10(hnsw, exact, far) >= 0.99
    assert set(looked) == {ef_search(3000, 10), FAR_FACTOR * ef_search(3000, 0)}
    monkeypatch.setattr("imagefinder.vectors.hnsw.FAR_FACTOR", 1)
    assert recall_at_10(hnsw, exact, far) < 0.99
