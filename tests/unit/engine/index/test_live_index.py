"""Tests of the live index: it stays in step with the store, whatever happens to either."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from conftest import OpenEngine, save
from contracts.vector_index_contract import assert_nearest
from helpers.fakes import picture

from imagefinder.domain.items import FileStat, ItemKind, PartFacts
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.index import live_index
from imagefinder.engine.index.live_index import LiveIndex
from imagefinder.store.embeddings import EmbedderRecord, FloatArray, IdArray, rounded
from imagefinder.store.store import Store
from imagefinder.vectors.checkpoint import checkpoint_folder
from imagefinder.vectors.manifest import Manifest

DIMENSION = 16
NOISE = 2e-5
"""Tolerance for a graph's cosines, which are rounded to 5 decimals. Its vectors also have some noise."""
NO_IDS = np.empty(0, np.int64)
NO_VECTORS = np.empty((0, DIMENSION), np.float32)


class Library:
    """A store with random vectors, and live indexes of them."""

    def __init__(self, store: Store, folder: Path, name: str = "fake:1") -> None:
        self.store = store
        self.record: EmbedderRecord = store.embeddings.register(name, DIMENSION)
        self.vectors = folder / "vectors"
        self.folder = checkpoint_folder(self.vectors, name)
        self.random = np.random.default_rng(3)
        self.files = 0

    def index(self) -> LiveIndex:
        return LiveIndex(self.store.embeddings, self.record, self.vectors)

    def add(self, count: int) -> tuple[IdArray, FloatArray]:
        """Commit new items with vectors, and return both in the form that ``LiveIndex.changed`` takes."""
        plain = self.random.standard_normal((count, DIMENSION)).astype(np.float32)
        vectors = rounded(plain / np.linalg.norm(plain, axis=1, keepdims=True))
        facts = PartFacts(ItemKind.PICTURE, 1, 1)
        ids = []
        with self.store.transaction():
            for _ in range(count):
                self.files += 1
                stat = FileStat(f"/{self.files}.png", 1, 1)
                file_id = self.store.files.put(stat, self.files.to_bytes(8, "big"), 1, None, [])
                ids.append(self.store.items.put(file_id, "x", 1, facts))
            self.store.embeddings.add(self.record.id, ids, vectors)
        return np.array(ids, np.int64), vectors

    def remove(self, ids: IdArray) -> None:
        with self.store.transaction():
            for item_id in ids.tolist():
                self.store.items.delete_of_file(item_id)  # here each file has one item, with the same id
            self.store.embeddings.touch()

    def assert_answers_are_exact(self, index: LiveIndex, queries: int = 5) -> None:
        """Compare the index's answers with those from all stored vectors."""
        ids = self.store.embeddings.ids(self.record.id)
        _, vectors = self.store.embeddings.read(self.record.id, ids.tolist())
        assert len(index) == ids.size
        stored = dict(zip(ids.tolist(), vectors, strict=True))
        for query in rounded(self.random.standard_normal((queries, DIMENSION)).astype(np.float32)):
            assert_nearest(index.search(query, 10, None), stored, query, 10, NOISE)


@pytest.fixture
def library(store: Store, tmp_path: Path) -> Library:
    return Library(store, tmp_path)


@pytest.fixture(params=["exact", "hnsw", "mapped"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make this the kind of every index, whatever the library's size."""
    name = str(request.param)
    monkeypatch.setattr(live_index, "kind_for", lambda _count, _current, _dimension: name)
    return name


@pytest.fixture
def hnsw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_index, "kind_for", lambda _count, _current, _dimension: "hnsw")


@pytest.fixture
def no_building(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function after whose call building an index fails the test."""

    def fail(_index: LiveIndex, _progress: object) -> None:
        pytest.fail("the index was built anew")

    return lambda: monkeypatch.setattr(LiveIndex, "_built", fail)


def settled(library: Library) -> LiveIndex:
    """Return an index that is in step with the store and has written its checkpoint."""
    index = library.index()
    index.settle()
    return index


def test_an_index_is_built_from_the_store(library: Library, kind: str) -> None:
    library.add(300)
    index = library.index()
    assert index.kind == ""
    told: list[tuple[int, int]] = []
    index.refresh(lambda done, total: told.append((done, total)))
    assert index.kind == kind
    assert told[-1:] == ([(300, 300)] if kind != "exact" else [])  # an exact index is built in an instant
    library.assert_answers_are_exact(index)


def test_an_empty_library_answers_nothing(library: Library, kind: str) -> None:
    index = settled(library)
    found, scores = index.search(np.ones(DIMENSION, np.float32) / 4, 10, None)  # type: ignore[arg-type]
    assert (found.size, scores.size) == (0, 0)


def test_random_changes_leave_the_answers_of_exact_search(library: Library, kind: str) -> None:
    library.add(50)
    index = library.index()
    index.refresh()
    index.begin_job()
    for step in range(40):
        present = library.store.embeddings.ids(library.record.id)
        gone = library.random.choice(
            present, min(present.size, int(library.random.integers(0, 12))), replace=False
        )
        library.remove(gone)
        index.changed(NO_IDS, NO_VECTORS, gone)
        index.changed(*library.add(int(library.random.integers(1, 15))), NO_IDS)
        if step % 10 == 0:
            library.assert_answers_are_exact(index, 2)
    index.settle()
    library.assert_answers_are_exact(index)
    reopened = library.index()
    reopened.refresh()
    library.assert_answers_are_exact(reopened)


def test_what_another_process_changed_is_taken_over(
    library: Library, kind: str, no_building: Callable[[], None]
) -> None:
    ids, _ = library.add(100)
    index = settled(library)
    no_building()
    library.add(20)
    library.remove(ids[:30])
    index.refresh()
    library.assert_answers_are_exact(index)


def test_changes_told_while_out_of_step_are_fetched_later(library: Library, kind: str) -> None:
    library.add(40)
    index = settled(library)
    library.add(5)
    index.begin_job()
    index.changed(*library.add(5), NO_IDS)
    index.refresh()
    library.assert_answers_are_exact(index)


def test_what_a_search_fetched_already_is_not_added_twice(library: Library, kind: str) -> None:
    library.add(40)
    index = settled(library)
    index.begin_job()
    added, vectors = library.add(5)
    index.refresh()
    index.changed(added, vectors, NO_IDS)
    library.assert_answers_are_exact(index)


def test_an_unchanged_library_is_not_read_again(
    library: Library, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add(40)
    index = settled(library)
    monkeypatch.setattr(type(library.store.embeddings), "ids", lambda *_: pytest.fail("the ids were read"))
    monkeypatch.setattr(
        type(library.store.embeddings), "stream", lambda *_: pytest.fail("the vectors were read")
    )
    index.refresh()
    index.settle()


def test_vectors_of_chosen_items_are_those_of_the_store(library: Library, kind: str) -> None:
    ids, vectors = library.add(20)
    index = library.index()
    index.refresh()
    later, _ = library.add(1)  # as if by another process: not in the index yet
    for wanted in (ids[[7, 2, 11]], np.concatenate((ids[:3], later)), np.array([ids[0], 10_000]), NO_IDS):
        found, theirs = index.vectors(wanted)
        expected, stored = library.store.embeddings.read(library.record.id, wanted.tolist())
        assert found.tolist() == expected.tolist()
        np.testing.assert_array_equal(theirs.reshape(stored.shape), stored)
    np.testing.assert_array_equal(index.vectors(ids)[1], vectors)


def test_a_matrix_in_memory_is_not_read_from_the_store_again(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, vectors = library.add(5)
    index = library.index()
    index.refresh()
    monkeypatch.setattr(library.store.embeddings, "read", None)
    np.testing.assert_array_equal(index.vectors(ids)[1], vectors)


def test_search_may_be_confined_to_some_items(
    library: Library, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, vectors = library.add(200)
    index = settled(library)
    allowed = ids[::3]
    stored = dict(zip(allowed.tolist(), vectors[::3], strict=True))
    for limit in (5_000, 0):
        monkeypatch.setattr(live_index, "_READ_AND_COMPARE", limit)
        assert_nearest(index.search(vectors[0], 10, allowed), stored, vectors[0], 10, NOISE)
        assert index.search(vectors[0], 10, NO_IDS)[0].size == 0


# Checkpoints


@pytest.mark.usefixtures("hnsw")
def test_a_checkpoint_is_loaded_in_place_of_building(
    library: Library, no_building: Callable[[], None]
) -> None:
    library.add(100)
    settled(library)
    no_building()
    index = library.index()
    index.refresh()
    assert index.kind == "hnsw"
    library.assert_answers_are_exact(index)


@pytest.mark.usefixtures("hnsw")
def test_a_checkpoint_that_lags_behind_is_brought_into_step(
    library: Library, no_building: Callable[[], None]
) -> None:
    ids, _ = library.add(100)
    settled(library)
    library.add(10)
    library.remove(ids[:10])
    no_building()
    index = library.index()
    index.refresh()
    library.assert_answers_are_exact(index)


def damage_nothing_there(library: Library) -> None:
    for path in library.folder.iterdir():
        path.unlink()


def damage_no_manifest(library: Library) -> None:
    (library.folder / "manifest.json").unlink()


def damage_truncated(library: Library) -> None:
    (path,) = library.folder.glob("index-*")
    path.write_bytes(path.read_bytes()[:-100])


def damage_garbage(library: Library) -> None:
    (path,) = library.folder.glob("index-*")
    path.write_bytes(b"\x7f" * path.stat().st_size)


def damage_foreign(library: Library) -> None:
    other = Library(library.store, library.vectors.parent, "other:1")
    other.add(30)
    settled(other)
    for path in library.folder.iterdir():
        path.unlink()
    for path in other.folder.iterdir():
        (library.folder / path.name).write_bytes(path.read_bytes())


def damage_file_in_place_of_the_folder(library: Library) -> None:
    damage_nothing_there(library)
    library.folder.rmdir()
    library.folder.touch()


@pytest.mark.usefixtures("hnsw")
@pytest.mark.parametrize(
    "damage",
    [
        damage_nothing_there,
        damage_no_manifest,
        damage_truncated,
        damage_garbage,
        damage_foreign,
        damage_file_in_place_of_the_folder,
    ],
)
def test_a_checkpoint_that_cannot_be_used_is_built_anew(
    library: Library, damage: Callable[[Library], None]
) -> None:
    library.add(100)
    settled(library)
    damage(library)
    told: list[int] = []
    index = library.index()
    index.refresh(lambda done, _total: told.append(done))
    assert told[-1] == 100
    library.assert_answers_are_exact(index)


@pytest.mark.usefixtures("hnsw")
def test_a_rebuilt_index_gets_a_checkpoint_at_the_end_of_the_job(
    library: Library, no_building: Callable[[], None]
) -> None:
    library.add(100)
    settled(library)
    damage_truncated(library)
    settled(library)
    no_building()
    library.index().refresh()


@pytest.mark.usefixtures("hnsw")
def test_a_checkpoint_is_written_once_for_each_change_of_the_vectors(library: Library) -> None:
    library.add(100)
    index = settled(library)
    first = Manifest.read(library.folder)
    stamps = library.store.embeddings.checkpoints(library.record.id)
    assert stamps[first.revision] == library.store.embeddings.revision(library.record.id)
    assert (first.count, first.embedder_id) == (100, "fake:1")
    index.settle()
    library.index().settle()
    assert Manifest.read(library.folder) == first
    index.begin_job()
    index.changed(*library.add(1), NO_IDS)
    index.settle()
    second = Manifest.read(library.folder)
    stamps = library.store.embeddings.checkpoints(library.record.id)
    assert (second.count, stamps[second.revision]) == (
        101,
        library.store.embeddings.revision(library.record.id),
    )
    assert second.file != first.file


def test_a_small_library_writes_no_index_file(library: Library) -> None:
    library.add(100)
    assert settled(library).kind == "exact"
    assert not library.vectors.exists()


def test_the_kind_changes_with_the_size_and_answers_stay_exact(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kind_for(count: int, current: str | None, _dimension: int) -> str:
        return "exact" if count <= (60 if current == "hnsw" else 80) else "hnsw"

    monkeypatch.setattr(live_index, "kind_for", kind_for)
    ids, _ = library.add(80)
    index = settled(library)
    assert index.kind == "exact"
    index.begin_job()
    index.changed(*library.add(1), NO_IDS)
    index.settle()
    assert index.kind == "hnsw"
    library.assert_answers_are_exact(index)
    for start, kind in ((0, "hnsw"), (10, "hnsw"), (20, "exact")):
        gone = ids[start : start + 10]
        library.remove(gone)
        index.changed(NO_IDS, NO_VECTORS, gone)
        index.settle()
        assert index.kind == kind
        library.assert_answers_are_exact(index)


@pytest.mark.usefixtures("hnsw")
def test_an_index_of_mostly_removed_vectors_is_built_anew(library: Library) -> None:
    ids, _ = library.add(100)
    index = settled(library)
    index.begin_job()
    library.remove(ids[:70])
    told: list[tuple[int, int]] = []
    index.changed(NO_IDS, NO_VECTORS, ids[:70])
    index.settle(lambda done, total: told.append((done, total)))
    assert told == [(30, 30)]
    library.assert_answers_are_exact(index)


def test_two_engines_on_one_library_see_each_others_changes(
    open_engine: OpenEngine, three_pictures: Path, kind: str
) -> None:
    writer, reader = open_engine(), open_engine()
    writer.jobs.add([three_pictures], SourceOptions())
    assert len(reader.search(Query("red")).hits) == 3
    for number in range(5):
        save(picture("red", number), three_pictures / f"{number}.png")
    (three_pictures / "blue.png").unlink()
    writer.jobs.index()
    names = {hit.path.name for hit in reader.search(Query("red")).hits}
    assert names == {"0.png", "1.png", "2.png", "3.png", "4.png", "red.png", "green.png"}
    save(picture("white"), three_pictures / "white.png")
    reader.jobs.index()
    assert len(writer.search(Query("red")).hits) == 8


def test_before_closing_an_index_that_has_changed_is_saved_as_it_is(
    library: Library, hnsw: None, no_building: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids, _ = library.add(100)
    index = settled(library)
    assert not index.save(10**9), "nothing has changed"
    index.begin_job()
    index.changed(*library.add(20), NO_IDS)
    library.remove(ids[:10])
    index.changed(NO_IDS, NO_VECTORS, ids[:10])
    no_building()
    assert not index.save(100), "it takes too long"
    assert index.save(10**9)
    monkeypatch.setattr(LiveIndex, "_reconciled", lambda *_: pytest.fail("the checkpoint is out of step"))
    reopened = library.index()
    reopened.refresh()
    library.assert_answers_are_exact(reopened)


def test_before_closing_an_index_out_of_step_is_left_alone(library: Library, hnsw: None) -> None:
    library.add(40)
    index = settled(library)
    library.add(5)
    assert not index.save(10**9)
    index.refresh()
    assert index.save(10**9)


def test_before_closing_an_exact_index_needs_no_saving(library: Library) -> None:
    library.add(40)
    index = settled(library)
    index.begin_job()
    index.changed(*library.add(5), NO_IDS)
    assert not index.save(10**9)
    assert not library.folder.exists()


@pytest.mark.usefixtures("hnsw")
def test_few_changes_of_many_vectors_are_not_worth_writing_it_all(
    library: Library, monkeypatch: pytest.MonkeyPatch, no_building: Callable[[], None]
) -> None:
    monkeypatch.setattr(live_index, "_WORTH_WRITING", 10)
    ids, _ = library.add(100)
    index = settled(library)
    first = Manifest.read(library.folder)
    index.begin_job()
    index.changed(*library.add(5), NO_IDS)
    index.settle()
    assert not index.save(10**9)
    assert Manifest.read(library.folder) == first
    no_building()
    reopened = library.index()
    reopened.refresh()
    library.assert_answers_are_exact(reopened)
    library.remove(ids[:6])
    index.changed(NO_IDS, NO_VECTORS, ids[:6])
    index.settle()
    assert Manifest.read(library.folder).count == 99


def test_everything_is_ranked_among_all_few_or_many(library: Library, kind: str) -> None:
    ids, vectors = library.add(90)
    index = settled(library)
    for chosen in (slice(None), slice(0, 20), slice(10, 80), slice(0, 0)):
        allowed = None if chosen == slice(None) else ids[chosen]
        stored = dict(zip(ids[chosen].tolist(), vectors[chosen], strict=True))
        assert_nearest(index.rank_all(vectors[0], allowed), stored, vectors[0], 90, NOISE)


# Memory


class Memory:
    """Memory as far as it affects the choice of an index."""

    def __init__(self) -> None:
        self.is_short = False

    def kind_for(self, _count: int, _current: str | None, _dimension: int) -> str:
        return "mapped" if self.is_short else "hnsw"


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    memory = Memory()
    monkeypatch.setattr(live_index, "kind_for", memory.kind_for)
    return memory


def test_an_index_that_outgrows_the_memory_gives_way_to_a_file_in_the_middle_of_a_job(
    library: Library, memory: Memory
) -> None:
    library.add(100)
    index = library.index()
    index.refresh()
    index.begin_job()
    memory.is_short = True
    index.changed(*library.add(20), NO_IDS)
    assert index.kind == "mapped"
    index.changed(*library.add(20), NO_IDS)
    library.assert_answers_are_exact(index)


def test_a_graph_is_not_lost_by_a_moment_without_memory(
    library: Library, memory: Memory, no_building: Callable[[], None]
) -> None:
    library.add(100)
    settled(library)
    memory.is_short = True
    library.add(10)
    without = settled(library)
    assert without.kind == "mapped"
    library.assert_answers_are_exact(without)
    no_building()
    again = library.index()
    again.refresh()
    assert again.kind == "mapped"
    memory.is_short = False
    again.settle()
    assert again.kind == "hnsw"
    library.assert_answers_are_exact(again)
    assert not list((library.folder / "mapped").iterdir())


def test_a_graph_that_this_machine_can_never_hold_is_deleted(
    library: Library, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    library.add(100)
    settled(library)
    memory.is_short = True
    monkeypatch.setattr(live_index, "fits_machine", lambda _bytes: False)
    settled(library)
    assert [path.name for path in library.folder.iterdir()] == ["mapped"]
