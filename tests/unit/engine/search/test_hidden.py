"""Tests of hidden items: the record is kept with the library, for every copy and under any model."""

import shutil
import threading
from pathlib import Path

import pytest
from conftest import OpenEngine, save
from helpers.fakes import FakeEmbedder, pdf, picture

from imagefinder.domain.jobs import Progress
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing import indexer


def _names(engine: Engine, *, include_hidden: bool = False) -> list[str]:
    query = Query("red", limit=99, include_hidden=include_hidden)
    return sorted(hit.path.name for hit in engine.search(query).hits)


def _id(engine: Engine, name: str) -> int:
    hits = engine.search(Query("red", limit=99, include_hidden=True)).hits
    return next(hit.item_id for hit in hits if hit.path.name == name)


@pytest.fixture
def with_red_hidden(engine: Engine, three_pictures: Path) -> Path:
    engine.jobs.add([three_pictures], SourceOptions())
    engine.set_hidden([_id(engine, "red.png")], True)
    return three_pictures


def test_what_is_hidden_is_no_hit_unless_asked_for(engine: Engine, with_red_hidden: Path) -> None:
    assert _names(engine) == ["blue.png", "green.png"]
    hits = engine.search(Query("red", include_hidden=True)).hits
    assert [hit.path.name for hit in hits if hit.hidden] == ["red.png"]
    assert len(hits) == 3


def test_what_is_shown_again_is_a_hit_again(engine: Engine, with_red_hidden: Path) -> None:
    engine.set_hidden([_id(engine, "red.png")], False)
    assert _names(engine) == ["blue.png", "green.png", "red.png"]


def test_hiding_takes_no_place_from_other_hits(engine: Engine, with_red_hidden: Path) -> None:
    assert len(engine.search(Query("red", limit=2)).hits) == 2


def test_what_is_gone_is_passed_over(engine: Engine, with_red_hidden: Path) -> None:
    engine.set_hidden([9999, _id(engine, "blue.png")], True)
    assert _names(engine) == ["green.png"]


def test_a_picture_stays_hidden_when_its_file_moves(engine: Engine, with_red_hidden: Path) -> None:
    (with_red_hidden / "red.png").rename(with_red_hidden / "moved.png")
    assert engine.jobs.index().reused == 1
    assert _names(engine) == ["blue.png", "green.png"]


def test_copies_are_hidden_with_it_those_found_later_too(engine: Engine, with_red_hidden: Path) -> None:
    shutil.copy(with_red_hidden / "red.png", with_red_hidden / "later.png")
    engine.jobs.index()
    assert _names(engine) == ["blue.png", "green.png"]
    engine.set_hidden([_id(engine, "later.png")], False)
    assert _names(engine) == ["blue.png", "green.png", "later.png", "red.png"]


def test_one_page_is_hidden_not_its_document(engine: Engine, folder: Path) -> None:
    pdf(folder / "a.pdf", ["red zebra", "red zebra", "red zebra"])
    engine.jobs.add([folder], SourceOptions())
    page = next(hit for hit in engine.search(Query("zebra")).hits if hit.part == 2)
    engine.set_hidden([page.item_id], True)
    assert sorted(hit.part for hit in engine.search(Query("zebra")).hits) == [1, 3]


def test_a_changed_picture_is_another_one_and_shown(engine: Engine, with_red_hidden: Path) -> None:
    save(picture("red", 5), with_red_hidden / "red.png")
    engine.jobs.index()
    assert _names(engine) == ["blue.png", "green.png", "red.png"]


def test_another_model_does_not_bring_it_back(
    engine: Engine, with_red_hidden: Path, open_engine: OpenEngine
) -> None:
    engine.close()
    other = open_engine(FakeEmbedder("other", offset=0.3))
    assert other.jobs.index().indexed == 3
    assert _names(other) == ["blue.png", "green.png"]


def test_it_can_be_hidden_while_a_job_runs(
    engine: Engine, with_red_hidden: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexer, "_SECONDS_BETWEEN_EVENTS", 0)
    green = _id(engine, "green.png")
    problems: list[Exception] = []

    def hide() -> None:
        try:
            engine.set_hidden([green], True)
        except Exception as error:  # noqa: BLE001 - reported by the test
            problems.append(error)

    def on_progress(_event: Progress) -> None:
        other = threading.Thread(target=hide)
        other.start()
        other.join()

    save(picture("red", 9), with_red_hidden / "new.png")
    engine.jobs.index(on_progress)
    assert problems == []
    assert _names(engine) == ["blue.png", "new.png"]
