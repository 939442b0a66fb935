"""Libraries that earlier versions wrote: everything in them is there afterwards, and what is new is right."""

import sqlite3
from pathlib import Path

import pytest
from fakes import FakeEmbedder

from imagefinder.engine.engine import Engine
from imagefinder.model.queries import Query
from imagefinder.readers.registry import extensions
from imagefinder.store.migrations import SCHEMA_VERSION
from imagefinder.store.store import Store
from imagefinder.thumbnails.cache import ThumbnailCache

_OLD = Path(__file__).parent / "old"
_TABLES = (
    "meta", "files", "memberships", "items", "embedders", "embeddings", "embedded_files", "texts", "calibrations"
)  # fmt: skip


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    """A library as version 2 left it.

    Its sources: a complete folder with another in it that is a source too; a drive that is away; a folder with a PDF
    of 20 pages of which 8 were read; a folder that was never scanned.
    """
    folder = tmp_path / "library"
    folder.mkdir()
    connection = sqlite3.connect(folder / "library.db")
    connection.executescript((_OLD / "version_2.sql").read_text("utf-8"))
    connection.close()
    return folder


def _rows(database: Path) -> dict[str, list[tuple[object, ...]]]:
    connection = sqlite3.connect(database)
    rows = {name: connection.execute(f"SELECT * FROM {name}").fetchall() for name in _TABLES}
    rows["sources"] = connection.execute(
        """SELECT id, path, kind, options, mounts, offline, scanned_at, files, items, unreadable, offline_files
           FROM sources"""
    ).fetchall()
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
