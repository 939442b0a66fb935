"""Tests of a rescan that finds nothing new: what it reads from the library, and what it does not load."""

from pathlib import Path

import pytest
from conftest import OpenEngine, save
from helpers.fakes import counts, picture

from imagefinder.domain.jobs import Phase, Progress
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.index import live_index
from imagefinder.vectors import index_registry
from imagefinder.vectors.manifest import MANIFEST_NAME


def _statements(engine: Engine) -> int:
    """Return the number of SQL statements of a rescan."""
    run: list[str] = []
    connection = engine._store._db.connection
    connection.set_trace_callback(run.append)
    engine.jobs.index()
    connection.set_trace_callback(None)
    return len(run)


def test_it_asks_the_library_as_often_whatever_the_number_of_files(
    engine: Engine, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    of_three = _statements(engine)
    for number in range(40):
        save(picture("gray", number), three_pictures / "more" / f"{number}.png")
    engine.jobs.index()
    assert _statements(engine) == of_three


def test_what_has_changed_is_asked_for_by_itself(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    save(picture("black"), three_pictures / "red.png")
    assert counts(engine.jobs.index()) == {"indexed": 1, "unchanged": 2}


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Use HNSW indexes even for libraries of a few pictures."""
    monkeypatch.setattr(index_registry, "EXACT_LIMIT", 1)
    monkeypatch.setattr(index_registry, "_EXACT_LIMIT_DOWN", 1)


def _refuse(*_: object) -> None:
    raise AssertionError("the index was loaded")


@pytest.mark.usefixtures("graphs")
def test_an_index_that_is_kept_on_the_disk_is_not_loaded(
    open_engine: OpenEngine, three_pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_engine()
    first.jobs.add([three_pictures], SourceOptions())
    first.close()
    with monkeypatch.context() as patch:
        patch.setattr(live_index, "read_checkpoint", _refuse)
        patch.setattr(live_index, "index_class", _refuse)
        assert counts(open_engine().jobs.index()) == {"unchanged": 3}
    assert [hit.path.name for hit in open_engine().search(Query("red", limit=1)).hits] == ["red.png"]


@pytest.mark.usefixtures("graphs")
def test_an_index_that_was_lost_is_kept_again(
    open_engine: OpenEngine, three_pictures: Path, tmp_path: Path
) -> None:
    first = open_engine()
    first.jobs.add([three_pictures], SourceOptions())
    first.close()
    (manifest,) = (tmp_path / "library" / "vectors").rglob(MANIFEST_NAME)
    manifest.unlink()
    open_engine().jobs.index()
    assert manifest.is_file()


def test_its_progress_names_files_now_and_then_not_each(engine: Engine, folder: Path) -> None:
    for number in range(30):
        save(picture("gray", number), folder / f"{number}.png")
    engine.jobs.add([folder], SourceOptions())
    events: list[Progress] = []
    engine.jobs.index(events.append)
    scanning = [event for event in events if event.phase is Phase.SCANNING]
    assert 1 <= len(scanning) < 30
    assert all(event.path is not None for event in scanning)
