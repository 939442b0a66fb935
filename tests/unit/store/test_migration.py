"""Tests of migrating libraries of earlier versions: nothing is lost, and new columns are right."""

import os
import re
import sqlite3
from pathlib import Path

import pytest
from helpers.fakes import FakeEmbedder

from imagefinder.domain.errors import LibraryError
from imagefinder.domain.queries import Query
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.engine.engine import Engine
from imagefinder.readers.reader_registry import extensions
from imagefinder.store.migrations import SCHEMA_VERSION
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import ThumbnailCache
from imagefinder.translation import use_language

_OLD = Path(__file__).parent / "old"
_TABLES = (
    "meta", "memberships", "items", "embedders", "embeddings", "embedded_files", "calibrations"
)  # fmt: skip


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    """A library written by version 2.

    Its sources are a complete folder that contains another source, a drive that is away, a folder with a PDF
    of 20 pages of which 8 were read, and a folder that was never scanned.
    """
    return _stored(tmp_path, "version_2.sql")


@pytest.fixture
def version_4(tmp_path: Path) -> Path:
    """A library written by version 4.

    Its sources are a complete folder that contains another source, and a folder of 12 pictures of which 4
    were read.
    """
    return _stored(tmp_path, "version_4.sql")


@pytest.fixture
def version_5(tmp_path: Path) -> Path:
    """A library written by version 5.

    It has a folder with five files that were read, one of them damaged, and one file for each reason that
    this version could record.
    """
    return _stored(tmp_path, "version_5.sql")


def _stored(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / "library"
    folder.mkdir()
    connection = sqlite3.connect(folder / "library.db")
    connection.executescript((_OLD / name).read_text("utf-8"))
    connection.close()
    return folder


def _rows(database: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(database)
    rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in _TABLES}
    rows["files"] = connection.execute(
        "SELECT id, path, size, mtime_ns, hash, parts, problem IS NULL, offline, items FROM files"
    ).fetchall()
    rows["sources"] = connection.execute(
        """SELECT id, path, kind, options, mounts, offline, scanned_at, files, items, unreadable, offline_files
           FROM sources"""
    ).fetchall()
    rows["texts"] = connection.execute("SELECT item_id, name, body FROM texts").fetchall()
    rows["found"] = connection.execute(
        "SELECT rowid FROM texts_fts WHERE texts_fts MATCH 'long' ORDER BY rowid"
    ).fetchall()
    connection.close()
    return rows


def test_nothing_of_version_2_is_lost(version_2: Path) -> None:
    before = _rows(version_2 / "library.db")
    assert before["found"]
    Store(version_2 / "library.db").close()
    assert _rows(version_2 / "library.db") == before
    connection = sqlite3.connect(version_2 / "library.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_what_version_2_had_read_is_complete_and_what_it_had_not_is_pending(version_2: Path) -> None:
    store = Store(version_2 / "library.db")
    told = {
        each.source.path.name: (each.scan_complete, each.pending, each.files)
        for each in store.sources.status()
    }
    assert told == {
        "pictures": (True, 0, 5),
        "trip": (True, 0, 2),
        "usb": (True, 0, 1),
        "docs": (True, 1, 1),
        "new": (False, 0, 0),
    }
    assert all(not each.source.gone and not each.passed_over for each in store.sources.status())
    assert store.pending.count() == 1
    store.close()


def test_a_library_of_version_2_is_searched_as_before(version_2: Path, tmp_path: Path) -> None:
    engine = Engine(
        version_2, lambda _name: FakeEmbedder(), ThumbnailCache(tmp_path / "thumbnails"), extensions()
    )
    assert engine.search(Query("green")).hits[0].path.name == "green.png"
    assert engine.search(Query("yellow")).hits[0].path.name == "yellow.png"
    assert len(engine.status().unreadable) == 1
    engine.close()


def test_a_library_of_version_2_that_cannot_be_written_is_searched_as_it_is(
    version_2: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (version_2 / "library.db").read_bytes()
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    engine = Engine(
        version_2, lambda _name: FakeEmbedder(), ThumbnailCache(tmp_path / "thumbnails"), extensions()
    )
    assert engine.search(Query("green")).hits[0].path.name == "green.png"
    status = engine.status()
    assert [each.scan_complete for each in status.sources] == [True, True, True, True, False]
    assert (status.items, status.pending) == (13, 0)
    engine.close()
    assert (version_2 / "library.db").read_bytes() == before


def test_nothing_of_version_4_is_lost_and_none_of_it_is_in_the_cloud(version_4: Path) -> None:
    before = _rows(version_4 / "library.db")
    store = Store(version_4 / "library.db")
    assert _rows(version_4 / "library.db") == before
    told = [(each.files, each.pending, each.in_the_cloud) for each in store.sources.status()]
    assert told == [(5, 0, 0), (1, 0, 0), (4, 8, 0)]
    assert store.pending.count() == 8
    source = store.sources.all()[2]
    store.cloud.replace(source.id, source.path, {str(source.path / "a.jpg"): True, "b.jpg": False})
    assert [each.in_the_cloud for each in store.sources.status()] == [0, 0, 1]
    store.sources.remove(source.id)
    store.close()
    connection = sqlite3.connect(version_4 / "library.db")
    assert connection.execute("SELECT count(*) FROM in_the_cloud").fetchone() == (0,)
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_a_library_of_version_4_that_cannot_be_written_is_searched_as_it_is(
    version_4: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (version_4 / "library.db").read_bytes()
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    engine = Engine(
        version_4, lambda _name: FakeEmbedder(), ThumbnailCache(tmp_path / "thumbnails"), extensions()
    )
    assert engine.search(Query("green")).hits[0].path.name == "green.png"
    status = engine.status()
    assert [(each.pending, each.in_the_cloud) for each in status.sources] == [(0, 0), (0, 0), (8, 0)]
    assert len(status.unreadable) == 1
    engine.close()
    assert (version_4 / "library.db").read_bytes() == before


def test_an_empty_file_that_cannot_be_written_is_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "library.db").touch()
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    with pytest.raises(LibraryError, match="cannot be written"):
        Store(tmp_path / "library.db")


_SAID_OTHERWISE_NOW = {
    "a link into the system's own files": "it is a link into the system's own files",
    "not a regular file (a pipe, socket or device)": "it is not an ordinary file but a pipe, a socket or a device",
    "no process can be started to decode it": "no process can be started to decode it. Close other programs and try "
    "again",
    "too many files are open at once": "too many files are open at once. Close other programs and try again",
    "permission denied": "you have no permission to read it",
    "the folder cannot be listed: permission denied": "the folder cannot be listed: you have no permission to read it",
    "the folder cannot be listed: value too large for defined data type": "the folder cannot be listed: the system "
    "cannot read it (value too large for defined data type)",
    "too large for the memory that is free: a file of 2100 megabytes": "too large for the memory that is free: a file "
    "of 2100 MB. Close other programs and try again",
    "there is not enough free memory to decode it. Close other programs and try again": "there is not enough free "
    "memory to read it. Close other programs and try again",
    "there is not enough free memory to read this PDF": "there is not enough free memory to read it. Close other "
    "programs and try again",
}


def _sentences(database: Path) -> dict[str, str]:
    """Return the reasons that version 5 recorded, by path."""
    connection = sqlite3.connect(database)
    rows = connection.execute(
        "SELECT path, problem FROM files WHERE problem IS NOT NULL ORDER BY path"
    ).fetchall()
    connection.close()
    return {os.fsdecode(path): problem for path, problem in rows}


def test_nothing_of_version_5_is_lost(version_5: Path) -> None:
    before = _rows(version_5 / "library.db")
    Store(version_5 / "library.db").close()
    assert _rows(version_5 / "library.db") == before


def test_every_reason_of_version_5_says_the_same_as_a_code(version_5: Path) -> None:
    before = _sentences(version_5 / "library.db")
    store = Store(version_5 / "library.db")
    after = {str(file.path): file for file in store.files.unreadable()}
    said = {path: _SAID_OTHERWISE_NOW.get(sentence, sentence) for path, sentence in before.items()}
    assert {path: file.reason for path, file in after.items()} == said
    codes = [file.code for file in after.values()]
    assert set(codes) <= set(ReasonCode)
    assert [before[path] for path, file in after.items() if file.code == ReasonCode.OTHER] == [
        "a sentence {of} nobody's",
        "page 5: another one",
    ]
    # Version 5 could store all reasons but these, which only later versions record.
    never_stored = {
        "changed",
        "not_in_library",
        "online_only",
        "preview_not_writable",
        "thumbnails_not_writable",
    }
    assert set(ReasonCode) - set(codes) == never_stored
    store.close()


def test_numbers_in_the_reasons_of_version_5_become_parameters(version_5: Path) -> None:
    store = Store(version_5 / "library.db")
    found = [file.why for file in store.files.unreadable()]
    for reason in (
        Reason("too_large", {"width": 30000, "height": 20000, "megapixels": 600, "limit": 500}),
        Reason("no_such_page", {"number": 7, "count": 3, "page": 7}),
        Reason("memory_limit_now", {"megabytes": 300, "page": 3}),
        Reason("permission_denied", {"listing": 1}),
        Reason("system_error", {"error": "No space left on device"}),
        Reason("other", {"text": "another one", "page": 5}),
        Reason("lower_part_missing"),
    ):
        assert reason in found
    store.close()


def test_the_reasons_of_version_5_are_shown_in_the_language_of_now(version_5: Path) -> None:
    store = Store(version_5 / "library.db")
    files = store.files.unreadable()
    use_language("zh_CN")
    try:
        said = [file.reason for file in files if file.code not in (ReasonCode.OTHER, ReasonCode.SYSTEM_ERROR)]
    finally:
        use_language("en")
    assert len(said) > 40
    assert {word for text in said for word in re.findall("[A-Za-z]+", text)} == {"PDF", "MB", "x"}
    store.close()


def test_a_library_of_version_5_that_cannot_be_written_gives_its_reasons_as_codes_too(
    version_5: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = version_5 / "library.db"
    before = database.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_arguments: False)
        engine = Engine(
            version_5, lambda _name: FakeEmbedder(), ThumbnailCache(tmp_path / "thumbnails"), extensions()
        )
        assert engine.search(Query("green")).hits[0].path.name == "green.png"
        as_it_is = engine.status().unreadable
        engine.close()
    assert database.read_bytes() == before
    store = Store(database)
    assert as_it_is == tuple(store.files.unreadable())
    store.close()


def test_a_reason_that_only_a_newer_program_knows_is_shown_all_the_same(version_5: Path) -> None:
    store = Store(version_5 / "library.db")
    connection = sqlite3.connect(version_5 / "library.db")
    connection.execute(
        """UPDATE files SET problem = 'too_blurred', problem_parameters = '{"metres": 3, "page": 2}' WHERE id = 4"""
    )
    connection.execute("UPDATE files SET problem = 'memory_limit', problem_parameters = NULL WHERE id = 5")
    connection.commit()
    connection.close()
    said = {file.code: file.reason for file in store.files.unreadable()}
    assert said["too_blurred"].startswith("page 2: it cannot be read, for a reason that only a newer version")
    assert "too_blurred" in said["too_blurred"]
    known = store.files.by_path("/tmp/if5/pictures/locked.pdf", 1)
    assert known is not None
    assert str(known.problem) == "it needs more memory than the ? MB that decoding one file may take"
    store.close()
