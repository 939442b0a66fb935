"""Tests of the store's costs, counted in SQL statements and steps rather than in seconds."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from imagefinder.domain.items import FileStat, ItemKind, PartFacts, UnreadableFile
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.domain.sources import SourceKind, SourceOptions
from imagefinder.store import text_search
from imagefinder.store.store import Store

FACTS = PartFacts(ItemKind.PICTURE, 40, 30)


def _fill(store: Store, paths: list[str]) -> list[int]:
    source = store.sources.add(Path("/p"), SourceKind.FOLDER, SourceOptions())
    ids = []
    with store.transaction():
        for number, path in enumerate(paths):
            digest = number.to_bytes(32, "big")
            file_id = store.files.put(FileStat(path, 1, 1), digest, 1, None, [source.id])
            ids.append(store.items.put(file_id, Path(path).name, 1, FACTS))
    return ids


def _pragma(store: Store, name: str) -> int:
    value: int = store._db.connection.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _run(store: Store, work: Callable[[], object]) -> list[str]:
    """Return the SQL statements that ``work`` runs."""
    run: list[str] = []
    store._db.connection.set_trace_callback(run.append)
    work()
    store._db.connection.set_trace_callback(None)
    return run


def _steps(store: Store, work: Callable[[], object]) -> int:
    """Return roughly how many hundreds of steps SQLite's virtual machine takes."""
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    store._db.connection.set_progress_handler(count, 100)
    work()
    store._db.connection.set_progress_handler(None, 0)
    return steps


def test_what_a_statement_would_undo_is_kept_in_memory(store: Store) -> None:
    memory = 2
    assert _pragma(store, "temp_store") == memory


def test_the_log_is_written_back_seldom_and_its_file_cut_back(store: Store) -> None:
    assert _pragma(store, "wal_autocheckpoint") * _pragma(store, "page_size") == 32 * 1024 * 1024
    assert _pragma(store, "journal_size_limit") == 64 * 1024 * 1024


def test_transactions_inside_join_the_one_outside(store: Store) -> None:
    run = _run(store, lambda: _fill(store, [f"/p/{number}.jpg" for number in range(16)]))
    # One for the source, and one for all files.
    assert run.count("BEGIN IMMEDIATE") == run.count("COMMIT") == 2


def test_a_commit_that_fails_leaves_no_transaction_open(store: Store) -> None:
    with pytest.raises(sqlite3.IntegrityError), store.transaction():
        store._db.connection.execute("PRAGMA defer_foreign_keys = ON")
        store._db.connection.execute("INSERT INTO memberships VALUES (7, 7)")
    assert not store._db.connection.in_transaction
    store.sources.add(Path("/p"), SourceKind.FOLDER, SourceOptions())


def test_the_items_of_a_folder_are_found_by_the_index_of_paths(store: Store) -> None:
    few = [f"/p/few/{number}.jpg" for number in range(10)]
    _fill(store, few)
    before = _steps(store, lambda: store.items.below([Path("/p/few")]))
    _fill(store, [f"/p/many/{number}.jpg" for number in range(2000)])
    assert _steps(store, lambda: store.items.below([Path("/p/few")])) == before
    assert _steps(store, lambda: store.items.below([Path("/p/many")])) > before


def test_whether_anything_lies_below_a_folder_is_known_by_its_first_item(store: Store) -> None:
    _fill(store, [f"/p/many/{number}.jpg" for number in range(2000)])
    assert store.items.are_below(Path("/p/many"))
    assert store.items.are_below(Path("/p/many/7.jpg"))
    assert not store.items.are_below(Path("/p/man"))
    assert _steps(store, lambda: store.items.are_below(Path("/p"))) <= 1


def test_items_below_several_paths_come_once_each_and_ascending(store: Store) -> None:
    ids = _fill(store, ["/p/b/1.jpg", "/p/a/2.jpg", "/p/a/3.jpg", "/p/c.jpg", "/p/c.jpg.d/4.jpg"])
    paths = [Path("/p/c.jpg"), Path("/p/a"), Path("/p"), Path("/p/a/2.jpg")]
    assert store.items.below(paths).tolist() == ids
    assert store.items.below([Path("/p/c.jpg"), Path("/p/a")]).tolist() == ids[1:4]
    assert store.items.below([Path("/q")]).tolist() == store.items.below([]).tolist() == []


def test_vectors_are_counted_without_looking_whose_each_is_where_one_embedder_has_them_all(
    store: Store,
) -> None:
    ids = _fill(store, [f"/p/{number}.jpg" for number in range(500)])
    first = store.embeddings.register("first", 2)
    store.embeddings.add(first.id, ids, np.ones((500, 2), np.float32))
    assert store.embeddings.count(first.id) == 500
    assert _steps(store, lambda: store.embeddings.count(first.id)) <= 1
    second = store.embeddings.register("second", 2)
    assert not store.embeddings.has_any(second.id)
    store.embeddings.add(second.id, ids[:3], np.ones((3, 2), np.float32))
    assert store.embeddings.has_any(second.id)
    assert store.embeddings.counts() == {"first": 500, "second": 3}
    assert (store.embeddings.count(first.id), store.embeddings.count(second.id)) == (500, 3)


@pytest.fixture
def names(store: Store, monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """Names by item id. A word in more than twenty of them counts as common."""
    monkeypatch.setattr(text_search, "_COMMON", 20)
    monkeypatch.setattr(text_search, "_CANDIDATES", 25)
    names = [f"IMG_{number:03}.jpg" for number in range(60)]
    names += [f"IMG {place}.jpg" for place in ("Lisbon", "Lisbon DSC", "beach DSC")]
    names += [f"DSC {number:03}.png" for number in range(40)]
    return dict(
        zip(_fill(store, [f"/p/{number}/{name}" for number, name in enumerate(names)]), names, strict=True)
    )


def _found(store: Store, names: dict[int, str], text: str) -> list[str]:
    return [names[match.item_id] for match in store.texts.search(text)]


def test_a_word_of_very_many_names_costs_no_more_than_one_of_some(
    store: Store, names: dict[int, str]
) -> None:
    run = _run(store, lambda: store.texts.search("IMG"))
    assert not any("bm25" in statement for statement in run)
    assert _found(store, names, "IMG") == [f"IMG_{number:03}.jpg" for number in range(25)]
    assert any("bm25" in statement for statement in _run(store, lambda: store.texts.search("Lisbon")))


def test_beside_a_word_of_very_many_names_a_rare_one_is_found_wherever_it_stands(
    store: Store, names: dict[int, str]
) -> None:
    assert _found(store, names, "img lisbon")[:2] == ["IMG Lisbon.jpg", "IMG Lisbon DSC.jpg"]
    assert _found(store, names, "lisbon img")[0] == "IMG Lisbon.jpg"


def test_of_words_that_very_many_names_hold_those_with_all_come_first(
    store: Store, names: dict[int, str]
) -> None:
    found = _found(store, names, "img dsc")
    assert found[:2] == ["IMG Lisbon DSC.jpg", "IMG beach DSC.jpg"]
    assert len(found) > 2
    assert len(set(found)) == len(found)


@pytest.mark.parametrize("text", ["ox", "OX", "Ox", "ёж", "Ёж", "ЁЖ"])
def test_a_word_of_two_letters_is_found_in_any_case(store: Store, text: str) -> None:
    stored = _fill(
        store, ["/p/my OX.jpg", "/p/an ox.jpg", "/p/Ox 2.jpg", "/p/1 ЁЖ.jpg", "/p/ёж.jpg", "/p/Ёж.jpg"]
    )
    expected = stored[:3] if text.isascii() else stored[3:]
    assert [match.item_id for match in store.texts.search(text)] == expected


def test_an_item_that_is_there_is_not_put_twice(store: Store) -> None:
    (item_id,) = _fill(store, ["/p/a.jpg"])
    file_id = store.files.by_path("/p/a.jpg", embedder_id=0)
    assert file_id is not None
    assert store.items.put(file_id.id, "a.jpg", 1, FACTS) == item_id
    assert store.items.count() == 1


def test_the_files_that_cannot_be_read_are_listed_without_a_look_at_the_others(store: Store) -> None:
    _fill(store, [f"/p/{number}.jpg" for number in range(3000)])
    store.files.put(FileStat("/p/bad.jpg", 1, 1), b"x" * 32, 0, Reason(ReasonCode.DAMAGED), [1])
    found: list[object] = []
    for source in (None, Path("/p")):
        assert _steps(store, lambda source=source: found.extend(store.files.unreadable(source))) < 3  # type: ignore[misc]
    store._db.connection.execute("ANALYZE")
    assert _steps(store, lambda: found.extend(store.files.unreadable())) < 3
    assert found == [UnreadableFile(Path("/p/bad.jpg"), Reason("damaged"))] * 3
