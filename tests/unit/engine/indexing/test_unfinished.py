"""Tests of unfinished jobs: the files that they left unread are known, across restarts."""

import random
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from conftest import Drives, OpenEngine, save
from helpers.fakes import FakeEmbedder, FloatArray, counts, pdf, picture

from imagefinder.domain.errors import LibraryError, ModelError
from imagefinder.domain.jobs import no_progress
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.store.store import Store

_EVERYTHING = SourceOptions()


class Countdown(CancelToken):
    """Token that cancels the job at its n-th check."""

    def __init__(self, checks: int) -> None:
        super().__init__()
        self._checks = checks

    def check(self, before_waiting: Callable[[], None] = lambda: None) -> None:
        self._checks -= 1
        if self._checks <= 0:
            self.cancel()
        super().check(before_waiting)


class Failing(FakeEmbedder):
    """Embedder that raises, or calls a function, after it has embedded some pictures."""

    def __init__(self, after: int, act: Callable[[], None] | None = None) -> None:
        super().__init__()
        self._after = after
        self._act = act

    def encode_images(self, prepared: Sequence[FloatArray]) -> FloatArray:
        if self.embedded >= self._after:
            if self._act is None:
                raise ModelError("The graphics card was pulled out.")
            self._act()
        return super().encode_images(prepared)


def _fill(folder: Path, count: int, colour: str = "red") -> Path:
    for number in range(count):
        save(picture(colour, number), folder / f"{number:02}.png")
    return folder


def _told(engine: Engine) -> dict[str, tuple[int, bool]]:
    """Return the number of pending files of each source by name, and whether its scan is complete."""
    return {
        each.source.path.name: (each.pending, each.scan_complete)
        for each in engine.status(unreadable=False).sources
    }


def _unread(store: Store, folder: Path) -> int:
    """Return how many files of a folder are unknown to the library or not completely processed."""
    done = store._db.connection.execute(
        """SELECT CAST(path AS TEXT) FROM files WHERE parts = 0 AND problem NOT NULL
           OR id IN (SELECT file_id FROM embedded_files)"""
    ).fetchall()
    return len({str(path) for path in folder.rglob("*") if path.is_file()} - {path for (path,) in done})


def test_what_a_job_read_whole_leaves_nothing(engine: Engine, three_pictures: Path) -> None:
    (three_pictures / "broken.png").write_bytes(b"no picture")
    report = engine.jobs.add([three_pictures], _EVERYTHING)
    assert (report.pending, _told(engine)) == (0, {"pictures": (0, True)})
    assert engine.unread() == (0, True)


def test_a_job_stopped_anywhere_says_exactly_what_is_left(open_engine: OpenEngine, tmp_path: Path) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "inner"
    other = _fill(tmp_path / "other", 4, "gray")
    _fill(outer, 7)
    _fill(inner, 6, "blue")
    save(picture("red", 0), inner / "twin.png")
    pdf(inner / "long.pdf", [f"page {number}" for number in range(20)])
    (outer / "broken.png").write_bytes(b"no picture")
    chance = random.Random(5)
    for turn in range(40):
        engine = open_engine()
        engine.jobs.add_sources([outer, inner, other], _EVERYTHING)
        report = engine.jobs.index(cancel=Countdown(chance.randrange(1, 45)))
        engine.close()
        engine = open_engine()  # as after a restart
        told = _told(engine)
        for folder in (outer, inner, other):
            pending, is_walked = told[folder.name]
            unread = _unread(engine._store, folder)
            assert pending == unread if is_walked else pending <= unread, (turn, folder)
        if report.cancelled:
            assert report.pending == engine.unread()[0]
        if turn % 10 == 9:
            assert not engine.jobs.index().cancelled
            assert set(_told(engine).values()) == {(0, True)}
            engine.jobs.remove([outer, inner, other])
        engine.close()


def test_a_walk_that_was_stopped_keeps_what_it_came_to(engine: Engine, tmp_path: Path) -> None:
    for name in "abcdef":
        _fill(tmp_path / "deep" / name, 2)
    report = engine.jobs.add([tmp_path / "deep"], _EVERYTHING, cancel=Countdown(4))
    assert (report.cancelled, report.pending) == (True, 4)
    assert _told(engine) == {"deep": (4, False)}
    assert engine.unread() == (4, False)
    assert counts(engine.jobs.index()) == {"indexed": 2, "reused": 10}
    assert _told(engine) == {"deep": (0, True)}


def test_a_source_that_was_only_recorded_was_not_walked(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add_sources([three_pictures], _EVERYTHING)
    assert _told(engine) == {"pictures": (0, False)}
    engine.jobs.index()
    assert _told(engine) == {"pictures": (0, True)}


def test_a_rescan_that_is_stopped_in_its_walk_is_no_finished_one(engine: Engine, folder: Path) -> None:
    for name in "abc":
        _fill(folder / name, 2)
    engine.jobs.add([folder], _EVERYTHING)
    engine.jobs.index(cancel=Countdown(2))
    assert _told(engine) == {"pictures": (0, False)}


def test_a_pdf_of_which_some_pages_are_read_is_not_yet_read(open_engine: OpenEngine, folder: Path) -> None:
    pdf(folder / "long.pdf", [f"page {number}" for number in range(40)])
    token = CancelToken()
    engine = open_engine(Failing(8, token.cancel))
    engine.jobs.add([folder], _EVERYTHING, cancel=token)
    assert 0 < engine.status().items < 40
    assert _told(engine) == {"pictures": (1, True)}
    engine.close()
    engine = open_engine()
    assert _told(engine) == {"pictures": (1, True)}
    engine.jobs.index()
    assert (_told(engine), engine.status().items) == ({"pictures": (0, True)}, 40)


def test_a_job_that_fails_leaves_its_rest_to_be_read(open_engine: OpenEngine, folder: Path) -> None:
    engine = open_engine(Failing(8))
    with pytest.raises(ModelError):
        engine.jobs.add([_fill(folder, 30)], _EVERYTHING)
    pending, is_walked = _told(engine)["pictures"]
    assert is_walked
    assert pending == 30 - engine.status().items > 0


@pytest.mark.parametrize("room", range(1, 9))
def test_a_disk_that_fills_up_at_any_page_never_leaves_a_library_that_looks_complete(
    open_engine: OpenEngine, folder: Path, room: int
) -> None:
    engine = open_engine()
    engine.jobs.add_sources([_fill(folder, 200)], _EVERYTHING)
    connection = engine._store._db.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + room}")
    with pytest.raises(LibraryError, match="full"):
        engine.jobs.index()
    engine.close()
    engine = open_engine()
    pending, is_walked = _told(engine)["pictures"]
    assert pending == 200 - engine.status().items if is_walked else pending == 0
    assert pending or not is_walked
    assert engine.jobs.index().pending == 0
    assert (engine.status().items, _told(engine)) == (200, {"pictures": (0, True)})


def test_a_write_that_fails_leaves_its_files_to_be_read(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_arguments: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(type(engine._store.files), "set_complete", full)
    with pytest.raises(LibraryError, match="full"):
        engine.jobs.add([_fill(folder, 6)], _EVERYTHING)
    assert _told(engine) == {"pictures": (6, True)}


def test_what_is_gone_by_the_next_scan_is_not_waited_for(
    open_engine: OpenEngine, folder: Path, tmp_path: Path
) -> None:
    engine = open_engine(Failing(4))
    with pytest.raises(ModelError):
        engine.jobs.add([_fill(folder, 12)], _EVERYTHING)
    engine.close()
    for path in sorted(folder.iterdir())[4:]:
        path.unlink()
    engine = open_engine()
    assert _told(engine) == {"pictures": (8, True)}
    engine.jobs.index()
    assert _told(engine) == {"pictures": (0, True)}


def test_a_drive_that_is_away_has_nothing_to_be_read_until_it_is_back(
    open_engine: OpenEngine, tmp_path: Path, drives: Drives
) -> None:
    usb = _fill(drives.mount(tmp_path / "usb"), 12)
    engine = open_engine(Failing(4))
    with pytest.raises(ModelError):
        engine.jobs.add([usb], _EVERYTHING)
    engine.close()
    engine = open_engine()
    drives.unplug(usb)
    assert counts(engine.jobs.index()) == {"offline": 4}
    assert (_told(engine), engine.unread()) == ({"usb": (0, True)}, (0, True))
    drives.plug_in(usb)
    engine.jobs.index(cancel=Countdown(2))
    assert _told(engine) == {"usb": (8, True)}
    engine.jobs.index()
    assert _told(engine) == {"usb": (0, True)}


def test_a_drive_inside_a_source_that_is_away_has_nothing_to_be_read(
    open_engine: OpenEngine, folder: Path, drives: Drives
) -> None:
    usb = _fill(drives.mount(folder / "usb"), 8, "blue")
    _fill(folder, 4)
    engine = open_engine(Failing(4))
    with pytest.raises(ModelError):
        engine.jobs.add([folder], _EVERYTHING)
    engine.close()
    engine = open_engine()
    assert _told(engine)["pictures"] == (8, True)
    drives.unplug(usb, leave_folder=True)
    engine.jobs.index()
    assert _told(engine)["pictures"] == (0, True)
    drives.plug_in(usb)
    engine.jobs.index(cancel=Countdown(3))
    assert _told(engine)["pictures"] == (8, True)


def test_a_scan_of_one_folder_leaves_what_is_left_elsewhere(open_engine: OpenEngine, folder: Path) -> None:
    _fill(folder / "a", 6)
    _fill(folder / "b", 6, "blue")
    engine = open_engine(Failing(4))
    with pytest.raises(ModelError):
        engine.jobs.add([folder], _EVERYTHING)
    engine.close()
    engine = open_engine()
    assert _told(engine) == {"pictures": (8, True)}
    engine.jobs.bring_up_to_date(folder / "a", no_progress, None)
    assert _told(engine) == {"pictures": (6, True)}
    engine.jobs.bring_up_to_date(folder / "b" / "00.png", no_progress, None)
    assert _told(engine) == {"pictures": (5, True)}


def test_a_file_read_through_one_source_counts_for_the_other(open_engine: OpenEngine, folder: Path) -> None:
    inner = folder / "inner"
    _fill(inner, 8)
    engine = open_engine(Failing(4))
    with pytest.raises(ModelError):
        engine.jobs.add([folder, inner], _EVERYTHING)
    assert _told(engine) == {"pictures": (4, True), "inner": (4, True)}
    assert engine.unread() == (4, True)
    assert engine.status().pending == 4
    engine.close()
    engine = open_engine()
    engine.jobs.index(paths=[inner])
    assert _told(engine) == {"pictures": (0, True), "inner": (0, True)}


def test_a_source_that_is_removed_leaves_nothing_to_be_read(open_engine: OpenEngine, folder: Path) -> None:
    engine = open_engine(Failing(4))
    with pytest.raises(ModelError):
        engine.jobs.add([_fill(folder, 8)], _EVERYTHING)
    engine.jobs.remove([folder])
    assert engine.unread() == (0, True)
    assert engine._store._db.connection.execute("SELECT count(*) FROM pending").fetchone() == (0,)


def test_a_file_that_cannot_be_opened_is_unreadable_and_not_left(engine: Engine, folder: Path) -> None:
    _fill(folder, 2)
    (folder / "02.png").symlink_to(folder / "nowhere.png")
    (folder / "03.png").write_bytes(b"")
    engine.jobs.add([folder], _EVERYTHING)
    assert len(engine.status().unreadable) == 2
    assert _told(engine) == {"pictures": (0, True)}
    # The files are retried by each scan, but do not become pending if a scan is stopped before that.
    engine.jobs.index(cancel=Countdown(2))
    assert _told(engine) == {"pictures": (0, True)}


def test_a_file_that_moved_before_it_was_read_is_left_where_it_is_now(
    open_engine: OpenEngine, folder: Path
) -> None:
    engine = open_engine(Failing(4))
    with pytest.raises(ModelError):
        engine.jobs.add([_fill(folder, 8)], _EVERYTHING)
    engine.close()
    (folder / "07.png").rename(folder / "moved.png")
    engine = open_engine()
    engine.jobs.index(cancel=Countdown(2))
    assert _told(engine) == {"pictures": (4, True)}
    engine.jobs.index()
    assert _told(engine) == {"pictures": (0, True)}
