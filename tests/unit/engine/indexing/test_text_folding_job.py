"""Tests of the text folding job: the first search or job folds a library of an older version."""

import sqlite3
from pathlib import Path

import pytest
from conftest import OpenEngine, save
from helpers.fakes import picture

from imagefinder.domain.jobs import Phase, Progress
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.indexing import text_folding_job
from imagefinder.engine.indexing.cancel import CancelToken

_OLD = Path(__file__).parents[2] / "store" / "old" / "version_3.sql"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Put a library of version 3 where ``open_engine`` opens it."""
    folder = tmp_path / "library"
    folder.mkdir()
    connection = sqlite3.connect(folder / "library.db")
    connection.executescript(_OLD.read_text("utf-8"))
    connection.close()
    return folder


@pytest.mark.usefixtures("old")
def test_the_first_search_folds_and_finds(open_engine: OpenEngine) -> None:
    engine = open_engine()
    result = engine.search(Query("grossglockner"))
    assert [hit.path.name for hit in result.hits] == ["Großglockner.jpg"]
    assert "older version" not in result.note


@pytest.mark.usefixtures("old")
def test_a_search_that_may_not_wait_says_that_words_may_be_missed_until_a_job_has_folded(
    open_engine: OpenEngine, folder: Path
) -> None:
    engine = open_engine()
    assert "older version" in engine.start_search(Query("beach")).note
    save(picture("red"), folder / "red.png")
    engine.jobs.add([folder], SourceOptions())
    found = engine.start_search(Query("ΑΘΉΝΑΣ"))
    assert [hit.path.name for hit in found.page(0, 9)] == ["ΑΘΉΝΑΣ.jpg"]
    assert "older version" not in found.note


@pytest.mark.usefixtures("old")
def test_a_search_gives_it_some_seconds_and_leaves_the_rest(
    open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_folding_job, "FOLDING_S", 0.0)
    monkeypatch.setattr("imagefinder.store.texts._IDS", 4)
    engine = open_engine()
    assert "older version" in engine.search(Query("beach")).note
    assert [hit.path.name for hit in engine.search(Query("beach")).hits] == ["plain beach.jpg"]


@pytest.mark.usefixtures("old")
def test_a_job_that_is_stopped_leaves_the_rest_for_the_next(
    open_engine: OpenEngine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagefinder.store.texts._IDS", 4)
    engine = open_engine()
    save(picture("red"), folder / "red.png")
    token = CancelToken()
    token.cancel()
    assert engine.jobs.add([folder], SourceOptions(), cancel=token).cancelled
    assert "older version" in engine.start_search(Query("beach")).note
    assert not engine.jobs.index().cancelled
    assert "older version" not in engine.start_search(Query("beach")).note


@pytest.mark.usefixtures("old")
def test_it_tells_how_far_it_is(open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imagefinder.store.texts._IDS", 4)
    told: list[Progress] = []
    open_engine().search(Query("beach"), told.append)
    steps = [(event.done, event.total) for event in told if event.phase is Phase.FOLDING_TEXTS]
    assert steps == [(4, 16), (8, 16), (12, 16)]


@pytest.mark.parametrize("is_migrated", [True, False])
def test_a_library_that_cannot_be_written_is_found_in_by_what_stands_there(
    old: Path, open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch, is_migrated: bool
) -> None:
    if is_migrated:
        open_engine().close()  # migrates the schema, but folds nothing
    before = (old / "library.db").read_bytes()
    monkeypatch.setattr("os.access", lambda *_arguments: False)
    engine = open_engine()
    for query, name in (
        ("invoice", "english.pdf"),
        ("Großglockner", "Großglockner.jpg"),
        ("Müllerhof", "Mu\u0308llerhof.jpg"),
    ):
        result = engine.search(Query(query))
        assert [hit.path.name for hit in result.hits] == [name]
        assert "older version" in result.note
    assert (old / "library.db").read_bytes() == before


def test_another_process_that_holds_the_library_does_not_keep_a_search_from_answering(
    old: Path, open_engine: OpenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imagefinder.store.connection._BUSY_TIMEOUT_S", 0.05)
    engine = open_engine()
    other = sqlite3.connect(old / "library.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    result = engine.search(Query("invoice"))
    other.close()
    assert [hit.path.name for hit in result.hits] == ["english.pdf"]
    assert "older version" in result.note
