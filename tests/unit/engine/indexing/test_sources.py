"""Tests of sources: recorded without indexing, indexed singly, retried and counted."""

import os
import shutil
from pathlib import Path

import pytest
from conftest import Drives, OpenEngine, save
from helpers.fakes import FakeEmbedder, counts, pdf, picture
from PIL import Image

from imagefinder.domain.errors import UsageError
from imagefinder.domain.queries import Query
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.readers.image_reader import ImageReader
from imagefinder.store.store import Store

_EVERYTHING = SourceOptions()


@pytest.fixture
def two_folders(tmp_path: Path) -> tuple[Path, Path]:
    save(picture("red"), tmp_path / "one" / "red.png")
    save(picture("blue"), tmp_path / "two" / "blue.png")
    return tmp_path / "one", tmp_path / "two"


def test_a_source_is_recorded_before_anything_is_read(
    engine: Engine, embedder: FakeEmbedder, two_folders: tuple[Path, Path]
) -> None:
    sources = engine.jobs.add_sources(
        [*two_folders, two_folders[0] / "red.png"], SourceOptions(recursive=False)
    )
    assert [(source.path, source.kind) for source in sources] == [
        (two_folders[0], "folder"),
        (two_folders[1], "folder"),
        (two_folders[0] / "red.png", "file"),
    ]
    assert all(source.scanned_at is None for source in sources)
    assert not sources[0].options.recursive
    assert engine.status().items == 0
    assert embedder.embedded == 0
    assert counts(engine.jobs.index()) == {"indexed": 2}


def test_a_file_that_a_folder_of_the_library_holds_is_known_as_there(
    engine: Engine, two_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    one, two = two_folders
    inner, hidden, small = one / "inner" / "gray.png", one / ".cache" / "gray.png", one / "gray-small.png"
    single, away = one / "single.png", tmp_path / "away" / "gray.png"
    for path in (inner, hidden, small, single, away):
        save(picture("gray"), path)
    (one / "link").symlink_to(tmp_path)
    engine.jobs.add_sources([one], SourceOptions(exclude=("*-small.png",)))
    engine.jobs.add_sources([one / "inner", single], _EVERYTHING)
    there = engine.jobs.files_there(
        [
            one / "red.png",
            inner,
            hidden,
            small,
            single,
            away,
            one / "link" / "away" / "gray.png",
            one / "missing.png",
            one / "inner",
            two,
            two / "blue.png",
        ]
    )
    assert there == {one / "red.png": one, inner: one / "inner"}


def test_nothing_is_recorded_where_a_path_is_missing(
    engine: Engine, two_folders: tuple[Path, Path], tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="There is no"):
        engine.jobs.add_sources([two_folders[0], tmp_path / "missing"], _EVERYTHING)
    assert engine.status().sources == ()


def test_a_source_can_be_recorded_while_a_job_runs(engine: Engine, two_folders: tuple[Path, Path]) -> None:
    seen: list[Path] = []

    def on_progress(_event: object) -> None:
        seen.extend(source.path for source in engine.jobs.add_sources([two_folders[1]], _EVERYTHING))

    engine.jobs.add([two_folders[0]], _EVERYTHING, on_progress)
    assert two_folders[1] in seen
    assert len(engine.status().sources) == 2


def test_only_the_sources_named_are_brought_up_to_date(
    engine: Engine, two_folders: tuple[Path, Path]
) -> None:
    engine.jobs.add_sources(two_folders, _EVERYTHING)
    assert counts(engine.jobs.index(paths=[two_folders[1], two_folders[1]])) == {"indexed": 1}
    assert [source.source.scanned_at is not None for source in engine.status().sources] == [False, True]
    assert counts(engine.jobs.index(paths=[])) == {}
    assert counts(engine.jobs.index()) == {"indexed": 1, "unchanged": 1}


def test_what_is_no_source_cannot_be_indexed_by_itself(
    engine: Engine, two_folders: tuple[Path, Path]
) -> None:
    engine.jobs.add_sources(two_folders[:1], _EVERYTHING)
    with pytest.raises(UsageError, match="is not a source"):
        engine.jobs.index(paths=[two_folders[1]])


def test_an_unreadable_file_is_read_again_only_when_that_is_asked_for(
    engine: Engine, three_pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from imagefinder.domain.errors import UnreadableError

    bad = three_pictures / "red.png"
    shutil.copy(bad, three_pictures / "red copy.png")
    real = ImageReader.open

    def fail(reader: ImageReader, path: Path, *content: object):  # type: ignore[no-untyped-def]
        if path.name.startswith("red"):
            raise UnreadableError(ReasonCode.DAMAGED)  # because of a bug of the reader, fixed since
        return real(reader, path, *content)  # type: ignore[arg-type]

    monkeypatch.setattr(ImageReader, "open", fail)
    assert counts(engine.jobs.add([three_pictures], _EVERYTHING)) == {"indexed": 2, "unreadable": 2}
    monkeypatch.undo()
    assert counts(engine.jobs.index()) == {"unchanged": 2, "unreadable": 2}
    # Its copy has the same content, so it is retried, too.
    report = engine.jobs.index(paths=[three_pictures], retry=[bad])
    assert counts(report) == {"indexed": 1, "reused": 1, "unchanged": 2}
    assert engine.unreadable() == ()


def test_a_file_that_is_still_unreadable_after_a_retry_stays_listed(
    engine: Engine, three_pictures: Path
) -> None:
    (three_pictures / "red.png").write_bytes(b"no picture")
    engine.jobs.add([three_pictures], _EVERYTHING)
    before = engine.unreadable()
    assert counts(engine.jobs.index(retry=[three_pictures / "red.png"])) == {"unchanged": 2, "unreadable": 1}
    assert engine.unreadable() == before
    assert counts(engine.jobs.index(retry=[three_pictures / "unknown.png"])) == {
        "unchanged": 2,
        "unreadable": 1,
    }


def test_a_retry_forgets_that_a_file_took_too_long(
    engine: Engine, three_pictures: Path, tmp_path: Path
) -> None:
    import hashlib

    digest = hashlib.sha256((three_pictures / "red.png").read_bytes()).digest()
    engine.jobs.add([three_pictures], _EVERYTHING)
    engine._store.suspects.add_overdue(digest)
    engine._store.files.add_problem(
        engine._store.files.by_path(str(three_pictures / "red.png"), 0).id,
        Reason(ReasonCode.TIMED_OUT, {"seconds": 30}),
    )
    engine.jobs.index(retry=[three_pictures / "red.png"])
    assert engine.unreadable() == ()
    assert engine._store.suspects.all() == {}


def test_a_picture_that_lost_its_lower_part_is_found_and_listed_as_damaged(
    engine: Engine, three_pictures: Path
) -> None:
    path = three_pictures / "red.png"
    noise = Image.effect_noise((80, 60), 90)
    noise.save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 3])
    assert counts(engine.jobs.add([three_pictures], _EVERYTHING)) == {"indexed": 3}
    assert engine.status().items == 3
    assert [(file.path, file.reason) for file in engine.unreadable()] == [
        (path, "damaged: the lower part is missing")
    ]
    assert path in {hit.path for hit in engine.search(Query("red", limit=100)).hits}
    # The file is not read again at every scan.
    assert counts(engine.jobs.index()) == {"unchanged": 3}


def test_unreadable_files_are_listed_for_one_source_or_all(
    engine: Engine, two_folders: tuple[Path, Path]
) -> None:
    for folder in two_folders:
        (folder / "bad.png").write_bytes(b"no picture")
    engine.jobs.add(two_folders, _EVERYTHING)
    assert [file.path for file in engine.unreadable()] == [folder / "bad.png" for folder in two_folders]
    assert [file.path for file in engine.unreadable(two_folders[1])] == [two_folders[1] / "bad.png"]
    assert engine.unreadable(two_folders[1] / "nothing") == ()
    assert engine.status().unreadable == engine.unreadable()
    assert engine.status(unreadable=False).unreadable == ()


def _counted(store: Store) -> dict[str, tuple[int, int, int, int]]:
    """Return the counts of each source, computed from the single rows."""
    rows = store._db.connection.execute(
        """SELECT CAST(s.path AS TEXT), count(f.id),
             coalesce(sum((SELECT count(*) FROM items WHERE file_id = f.id)), 0),
             coalesce(sum(f.problem IS NOT NULL), 0), coalesce(sum(f.offline), 0)
           FROM sources AS s LEFT JOIN memberships AS m ON m.source_id = s.id
           LEFT JOIN files AS f ON f.id = m.file_id GROUP BY s.id"""
    )
    return {path: (files, items, bad, away) for path, files, items, bad, away in rows}


def _told(engine: Engine) -> dict[str, tuple[int, int, int, int]]:
    return {
        str(each.source.path): (each.files, each.items, each.unreadable, each.offline_files)
        for each in engine.status().sources
    }


def test_the_counts_of_a_source_are_right_after_everything_that_can_happen(
    engine: Engine, open_engine: OpenEngine, tmp_path: Path, drives: Drives
) -> None:
    one, two, inner = tmp_path / "one", drives.mount(tmp_path / "two"), tmp_path / "one" / "inner"
    for number in range(6):
        save(picture("red", number), one / f"{number}.png")
        save(picture("blue", number), inner / f"{number}.png")
        save(picture("gray", number), two / f"{number}.png")
    pdf(inner / "a.pdf", ["one", "two", "three"])
    (two / "bad.png").write_bytes(b"no picture")

    def check(files_of_one: int) -> None:
        told = _told(engine)
        assert told == _counted(engine._store)
        assert told[str(one)][0] == files_of_one

    engine.jobs.add([one, two, inner], _EVERYTHING)
    check(13)
    assert _told(engine)[str(one)] == (13, 15, 0, 0)
    assert _told(engine)[str(two)] == (7, 6, 1, 0)
    (one / "0.png").rename(one / "moved.png")
    (inner / "1.png").rename(two / "over.png")
    shutil.copy(one / "2.png", one / "twin.png")
    (one / "3.png").unlink()
    (one / "5.png").replace(inner / "2.png")
    save(picture("cyan", 3), one / "4.png")
    os.utime(two / "2.png", (1, 1))
    (inner / "a.pdf").write_bytes(b"%PDF-1.4 broken")
    save(picture("red", 50), two / "bad.png")
    engine.jobs.index()
    check(11)
    drives.unplug(two)
    engine.jobs.index()
    check(11)
    assert _told(engine)[str(two)][3] == 8
    drives.plug_in(two)
    other = open_engine(FakeEmbedder("other", offset=0.3))
    other.jobs.index()
    check(11)
    engine.jobs.remove([inner])
    check(11)
    engine.jobs.remove([two])
    assert _told(engine) == _counted(engine._store)


def test_what_is_passed_over_is_in_report_and_status(engine: Engine, folder: Path) -> None:
    for name in ("a.mov", "b.MOV", "notes.txt", ".hidden.mov"):
        (folder / name).touch()
    save(picture("red"), folder / "red.mpo.png")
    assert engine.jobs.add([folder], _EVERYTHING).passed_over == {"mov": 2, "txt": 1}
    (source,) = engine.status().sources
    assert source.passed_over == {"mov": 2, "txt": 1}
    (folder / "a.mov").unlink()
    assert engine.jobs.index().passed_over == {"mov": 1, "txt": 1}
    (source,) = engine.status().sources
    assert source.passed_over == {"mov": 1, "txt": 1}


def test_globs_that_match_nothing_are_told_when_a_source_is_added(engine: Engine, folder: Path) -> None:
    (folder / "sub").mkdir()
    save(picture("red"), folder / "sub" / "red.png")
    save(picture("blue"), folder / "blue.png")
    options = SourceOptions(include=("*.png", "*.jpg"), exclude=("sub/", "privat/"))
    assert engine.jobs.add([folder], options).unmatched_globs == ("*.jpg", "privat/")
    assert engine.jobs.index().unmatched_globs == ()
    # Added again with corrected globs.
    again = SourceOptions(include=("*.png",), exclude=("privat/",))
    assert engine.jobs.add([folder], again).unmatched_globs == ("privat/",)


def test_a_glob_that_matches_in_one_of_the_sources_added_is_no_mistake(engine: Engine, folder: Path) -> None:
    one, two = folder / "one", folder / "two"
    save(picture("red"), one / "red.png")
    save(picture("blue"), two / "private" / "blue.png")
    assert engine.jobs.add([one, two], SourceOptions(exclude=("private", "gone"))).unmatched_globs == (
        "gone",
    )
