"""Tests of the store: opening, migrating, errors, and properties of its tables."""

import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from imagefinder.domain.errors import LibraryError
from imagefinder.domain.items import FileStat, ItemKind, PartFacts
from imagefinder.domain.sources import SourceKind, SourceOptions
from imagefinder.store import old_reasons
from imagefinder.store.embeddings import rounded
from imagefinder.store.migrations import MIGRATIONS, SCHEMA_VERSION
from imagefinder.store.store import Store

FACTS = PartFacts(ItemKind.PAGE, 100, 200, None, "an invoice for bicycles")


def _put(store: Store, path: str, text: str = "", digest: bytes = b"\1" * 32) -> tuple[int, int]:
    source = store.sources.add(Path("/pictures"), SourceKind.FOLDER, SourceOptions())
    file_id = store.files.put(FileStat(path, 1, 2), digest, 1, None, [source.id])
    facts = PartFacts(ItemKind.PAGE, 10, 20, None, text)
    return file_id, store.items.put(file_id, Path(path).name, 1, facts)


def test_a_new_database_has_the_newest_version(store: Store) -> None:
    connection = sqlite3.connect(store.path)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == SCHEMA_VERSION
    assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    connection.close()


@pytest.mark.parametrize("version", range(1, SCHEMA_VERSION + 1))
def test_a_database_of_every_old_version_opens(tmp_path: Path, version: int) -> None:
    path = tmp_path / "old.db"
    connection = sqlite3.connect(path)
    old_reasons.register(connection)
    for number, step in enumerate(MIGRATIONS[:version], start=1):
        connection.executescript(step)
        connection.execute(f"PRAGMA user_version = {number}")
    connection.close()
    store = Store(path)
    assert store.items.count() == 0
    store.close()


def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "new.db"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(LibraryError, match="newer version"):
        Store(path)


def test_a_file_that_is_no_database_is_reported_in_words(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    path.write_bytes(b"these are not the bytes of a database, whatever the name says" * 100)
    with pytest.raises(LibraryError, match=r"damaged.*pictures are not touched"):
        Store(path)


def test_two_threads_may_create_the_same_library_at_once(tmp_path: Path) -> None:
    errors: list[Exception] = []

    def open_it() -> None:
        try:
            Store(tmp_path / "library.db").close()
        except Exception as error:  # noqa: BLE001 - reported by the test
            errors.append(error)

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []


@pytest.mark.parametrize(
    "name", ["ordinary.jpg", "b\udce4d.jpg", "\U0001f600.jpg", "two\nlines.jpg", "日本.jpg"]
)
def test_any_file_name_comes_back_as_it_was(store: Store, name: str) -> None:
    path = f"/pictures/{name}"
    _, item_id = _put(store, path)
    assert str(store.items.records([item_id])[item_id].path) == path
    assert store.items.below([Path("/pictures")]).tolist() == [item_id]
    assert not store.items.below([Path("/picture")]).size


def test_deleting_a_file_takes_its_items_vectors_and_words_along(store: Store) -> None:
    file_id, item_id = _put(store, "/pictures/a.pdf", "an invoice for bicycles")
    embedder = store.embeddings.register("m", 3)
    store.embeddings.add(embedder.id, [item_id], np.ones((1, 3), np.float32))
    assert [match.item_id for match in store.texts.search("bicycles")] == [item_id]
    store.files.delete([file_id])
    assert store.items.count() == 0
    assert store.embeddings.count(embedder.id) == 0
    assert store.texts.search("bicycles") == []


def test_an_item_id_is_never_used_again(store: Store) -> None:
    file_id, first = _put(store, "/pictures/a.jpg")
    store.files.delete([file_id])
    _, second = _put(store, "/pictures/a.jpg")
    assert second > first


def test_vectors_come_back_as_rounding_says_they_will(store: Store) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(5, 16)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    items = [_put(store, f"/pictures/{n}.jpg")[1] for n in range(5)]
    embedder = store.embeddings.register("m", 16)
    store.embeddings.add(embedder.id, items, vectors)
    ids, read = store.embeddings.read(embedder.id, items)
    assert ids.tolist() == items
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, rounded(vectors))
    np.testing.assert_allclose(np.linalg.norm(read, axis=1), 1, atol=1e-6)
    assert float(np.abs((read * vectors).sum(axis=1) - 1).max()) < 1e-3


def test_the_revision_grows_with_every_change_of_vectors(store: Store) -> None:
    _, item_id = _put(store, "/pictures/a.jpg")
    embedder = store.embeddings.register("m", 3)
    before = store.embeddings.revision(embedder.id)
    store.embeddings.add(embedder.id, [item_id], np.ones((1, 3), np.float32))
    middle = store.embeddings.revision(embedder.id)
    store.embeddings.touch()
    assert before < middle < store.embeddings.revision(embedder.id)


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction():
        _put(store, "/pictures/a.jpg")
        raise ZeroDivisionError
    assert store.items.count() == 0
    assert store.sources.all() == []
