"""Tests of the table of pending files."""

import itertools
import random
from collections.abc import Callable
from pathlib import Path

from imagefinder.domain.items import FileStat, ItemKind, PartFacts
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.domain.sources import SourceKind, SourceOptions
from imagefinder.store.store import Store


def _source(store: Store, path: str) -> int:
    return store.sources.add(Path(path), SourceKind.FOLDER, SourceOptions()).id


def _counts(store: Store) -> list[int]:
    return [each.pending for each in store.sources.status()]


def test_a_file_that_is_read_is_read_for_all_its_sources_and_counts_once(store: Store) -> None:
    outer, inner = _source(store, "/p"), _source(store, "/p/in")
    store.pending.add(outer, ["/p/a.jpg", "/p/in/b.jpg", "/p/in/c.jpg"])
    store.pending.add(inner, ["/p/in/b.jpg", "/p/in/c.jpg"])
    store.pending.add(inner, ["/p/in/c.jpg"])
    assert _counts(store) == [3, 2]
    assert store.pending.count() == 3
    store.pending.remove("/p/in/b.jpg")
    store.pending.remove("/p/in/b.jpg")
    assert _counts(store) == [2, 1]
    store.sources.remove(outer)
    assert _counts(store) == [1]
    assert store.pending.count() == 1


def test_a_scan_below_a_folder_leaves_alone_what_lies_elsewhere(store: Store) -> None:
    source, other = _source(store, "/p"), _source(store, "/p/in")
    store.pending.add(source, ["/p/a.jpg", "/p/in.jpg", "/p/in/b.jpg", "/p/in/deep/c.jpg", "/p/inner/d.jpg"])
    store.pending.add(other, ["/p/in/b.jpg"])
    store.pending.replace(source, Path("/p/in"), ["/p/in/new.jpg"])
    assert _counts(store) == [4, 1]
    store.pending.replace(source, Path("/p/in.jpg"), [])
    assert _counts(store) == [3, 1]
    store.pending.replace(source, Path("/p"), [])
    assert _counts(store) == [0, 1]


def test_what_cannot_be_reached_is_not_pending_until_it_can(store: Store) -> None:
    source = _source(store, "/p")
    store.sources.begin_scan(source)
    store.pending.add(source, ["/p/a.jpg"])
    for is_gone in (False, True):
        store.sources.set_absent(source, gone=is_gone)
        assert (_counts(store), store.pending.count(), store.pending.are_walks_complete()) == ([0], 0, True)
        store.sources.set_scanned_in_part(source, [])
        assert (_counts(store), store.pending.count(), store.pending.are_walks_complete()) == ([1], 1, False)
    store.sources.set_scanned(source, [], "", {"psd": 3})
    assert store.pending.are_walks_complete()
    assert store.sources.status()[0].passed_over == {"psd": 3}


def test_the_count_is_that_of_the_rows_whatever_was_done(store: Store) -> None:
    chance = random.Random(7)
    sources = [_source(store, path) for path in ("/p", "/p/a", "/p/b")]
    paths = [f"/p/{a}/{n}.jpg" for a, n in itertools.product("ab", range(9))]
    steps: list[Callable[[], None]] = [
        lambda: store.pending.add(chance.choice(sources), chance.sample(paths, 5)),
        lambda: store.pending.remove(chance.choice(paths)),
        lambda: store.pending.replace(
            chance.choice(sources), Path(chance.choice(["/p", "/p/a", *paths])), chance.sample(paths, 3)
        ),
    ]
    for _ in range(200):
        chance.choice(steps)()
        rows = store._db.connection.execute(
            "SELECT (SELECT count(*) FROM pending WHERE source_id = sources.id) FROM sources ORDER BY id"
        ).fetchall()
        assert _counts(store) == [count for (count,) in rows]
        every = store._db.connection.execute("SELECT count(DISTINCT path) FROM pending").fetchone()[0]
        assert store.pending.count() == every


def test_options_that_choose_other_files_are_not_yet_carried_out(store: Store) -> None:
    source = store.sources.add(Path("/p"), SourceKind.FOLDER, SourceOptions())
    store.sources.set_scanned(source.id, [], "")
    store.sources.add(Path("/p"), SourceKind.FOLDER, SourceOptions())
    assert store.sources.status()[0].scan_complete
    store.sources.add(Path("/p"), SourceKind.FOLDER, SourceOptions(recursive=False))
    assert not store.sources.status()[0].scan_complete


def test_another_model_has_its_own_files_to_read(store: Store) -> None:
    source = _source(store, "/p")
    first, second = (store.embeddings.register(name, 2).id for name in ("first", "second"))
    for number in range(6):
        digest = number.to_bytes(32, "big")
        file_id = store.files.put(FileStat(f"/p/{number}.jpg", 1, 1), digest, 1, None, [source])
        store.items.put(file_id, f"{number}.jpg", 1, PartFacts(ItemKind.PICTURE, 4, 3))
        store.files.set_complete(file_id, first)
        if number == 0:
            store.files.set_complete(file_id, second)
        if number == 1:
            store.files.set_offline([file_id], True)
        if number == 2:
            store.files.add_problem(file_id, Reason(ReasonCode.DAMAGED))
    store.pending.add(source, ["/p/0.jpg", "/p/new.jpg"])
    store.pending.change_model(second)
    rows = store._db.connection.execute("SELECT path FROM pending ORDER BY path").fetchall()
    assert [path for (path,) in rows] == [b"/p/3.jpg", b"/p/4.jpg", b"/p/5.jpg", b"/p/new.jpg"]
    assert _counts(store) == [4]
    store.pending.change_model(first)
    assert _counts(store) == [1]
