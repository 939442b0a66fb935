"""Tests of files that take long, or whose drive does not respond: they do not block others."""

import threading
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import save
from helpers.fakes import counts, pdf, picture
from helpers.hostile_files import forms_within_forms, misbehaving

from imagefinder.domain.jobs import IndexReport
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing import decode_pool, indexer
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.isolation.decode_limits import DecodeLimits

__all__ = ["misbehaving"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEFINDER_DECODER_SECONDS", "1")
    monkeypatch.setattr(decode_pool, "_PATIENCE_S", 0.1)
    monkeypatch.setattr(decode_pool, "_TICK_S", 0.05)
    monkeypatch.setattr(indexer, "_WAITS_BEFORE_COMMIT", 1)


class Job:
    """An indexing job in another thread."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.report: IndexReport | None = None
        self.token = CancelToken()
        self._thread = threading.Thread(target=self._run, args=(engine, folder))
        self._thread.start()

    def _run(self, engine: Engine, folder: Path) -> None:
        self.report = engine.jobs.add([folder], SourceOptions(), cancel=self.token)

    def join(self) -> IndexReport:
        self._thread.join(60)
        assert self.report is not None
        return self.report


def _until(engine: Engine, items: int) -> None:
    end = time.monotonic() + 60
    while engine.status().items < items:
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.usefixtures("misbehaving")
def test_neighbours_of_a_file_that_hangs_are_committed_while_it_is_in_hand(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGEFINDER_DECODER_SECONDS", "1000")
    for name in ("a-hang.tif", "b.jpg", "c.png", "d.tif"):
        save(picture("red", ord(name[0])), folder / name.replace("a-hang", "hang"))
    job = Job(engine, folder)
    _until(engine, 3)
    assert job.report is None
    job.token.cancel()
    report = job.join()
    assert report.cancelled
    assert engine.status().unreadable == ()
    assert engine.status().pending == 1


def test_what_took_too_long_is_tried_once_more_and_then_not_until_it_changes(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    real = DecodeLimits.for_file

    def noted(limits: Any, content: Any) -> Any:
        asked.append(content)
        return real(limits, content)

    monkeypatch.setattr(DecodeLimits, "for_file", noted)
    (folder / "a.pdf").write_bytes(forms_within_forms(pages=(False, True)))
    save(picture("red"), folder / "b.png")
    assert counts(engine.jobs.add([folder], SourceOptions())) == {"indexed": 2}
    (problem,) = engine.unreadable()
    assert problem.reason.startswith("page 2: reading it took too long")
    engine.jobs.index()
    assert len(asked) == 2
    assert counts(engine.jobs.index()) == {"unchanged": 2}
    assert len(asked) == 2
    assert engine.unreadable() == (problem,)
    pdf(folder / "a.pdf", ["quick now", "and this"])
    engine.jobs.index()
    assert engine.unreadable() == ()


def test_a_drive_that_does_not_answer_is_no_files_fault(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decode_pool, "_SILENCE_S", 0.3)
    answers = threading.Event()
    real = decode_pool.open_content

    def open_content(path: Path) -> object:
        if path.name == "silent.png":
            answers.wait(60)
        return real(path)

    monkeypatch.setattr(decode_pool, "open_content", open_content)
    for name in ("a.png", "silent.png", "z.png"):
        save(picture("red", ord(name[0])), folder / name)
    assert engine.jobs.add([folder], SourceOptions()).indexed == 2
    answers.set()
    assert engine.unreadable() == ()
    assert engine.status().pending == 1
    assert counts(engine.jobs.index()) == {"indexed": 1, "unchanged": 2}
    assert engine.status().pending == 0


def test_a_job_that_waits_for_a_drive_ends_at_once_when_it_is_stopped(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = threading.Event()
    begun = threading.Event()

    def open_content(path: Path) -> object:
        begun.set()
        answers.wait(60)
        raise OSError("the test is over")

    monkeypatch.setattr(decode_pool, "_ENDS_IN_S", 0.1)
    monkeypatch.setattr(decode_pool, "open_content", open_content)
    save(picture("red"), folder / "silent.png")
    job = Job(engine, folder)
    assert begun.wait(30)
    job.token.cancel()
    assert job.join().cancelled
    answers.set()
    assert engine.unreadable() == ()


def test_two_long_files_are_read_side_by_side_and_each_in_order(engine: Engine, folder: Path) -> None:
    for name in ("a.pdf", "b.pdf"):
        pdf(folder / name, [f"{name} page {number}" for number in range(70)])
    assert counts(engine.jobs.add([folder], SourceOptions())) == {"indexed": 2}
    rows = engine._store._db.connection.execute("SELECT file_id, part FROM items ORDER BY id").fetchall()
    by_file: dict[int, list[int]] = {}
    for file_id, part in rows:
        by_file.setdefault(file_id, []).append(part)
    assert list(by_file.values()) == [list(range(1, 71))] * 2
