"""Tests of gone sources: renamed, moved or deleted, as opposed to being on an unplugged drive."""

import os
import shutil
from pathlib import Path

import pytest
from conftest import Drives, OpenEngine, save
from helpers.fakes import FakeEmbedder, counts, pdf, picture

from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.engine.indexing import source_presence as presence_module
from imagefinder.engine.indexing.source_presence import Presence, presence

_EVERYTHING = SourceOptions()


def _paths(engine: Engine, text: str = "red") -> list[Path]:
    return [hit.path for hit in engine.search(Query(text, limit=100)).hits]


def _state(engine: Engine) -> dict[str, str]:
    """Return the state of each source, by name."""
    return {
        each.source.path.name: "gone" if each.source.gone else "offline" if each.source.offline else "there"
        for each in engine.status().sources
    }


@pytest.mark.parametrize("is_looked_at_between", [False, True])
def test_a_folder_renamed_and_added_again_is_the_same_source(
    engine: Engine, embedder: FakeEmbedder, tmp_path: Path, is_looked_at_between: bool
) -> None:
    old, new = tmp_path / "Holiday", tmp_path / "HOLIDAY"
    save(picture("red"), old / "red.png")
    shutil.copy(old / "red.png", old / "a copy.png")
    (old / "deep").mkdir()
    pdf(old / "deep" / "long.pdf", ["one", "two"])
    (old / "broken.png").write_bytes(b"no picture")
    engine.jobs.add([old], _EVERYTHING)
    read = embedder.embedded
    old.rename(new)
    if is_looked_at_between:
        assert counts(engine.jobs.index()) == {"gone": 4}
        assert _state(engine) == {"Holiday": "gone"}
    report = engine.jobs.add([new], _EVERYTHING)
    assert counts(report) == {"reused": 3, "unreadable": 1}
    assert report.relocated == ((old, new),)
    assert _state(engine) == {"HOLIDAY": "there"}
    assert sorted(_paths(engine)) == [
        new / "a copy.png",
        new / "deep" / "long.pdf",
        new / "deep" / "long.pdf",
        new / "red.png",
    ]
    assert embedder.embedded == read
    assert counts(engine.jobs.index()) == {"unchanged": 3, "unreadable": 1}


def test_a_folder_above_may_be_renamed_too(engine: Engine, embedder: FakeEmbedder, tmp_path: Path) -> None:
    save(picture("red"), tmp_path / "Photos" / "2019" / "Holiday" / "red.png")
    engine.jobs.add([tmp_path / "Photos" / "2019" / "Holiday"], _EVERYTHING)
    (tmp_path / "Photos").rename(tmp_path / "Bilder")
    assert counts(engine.jobs.index()) == {"gone": 1}
    new = tmp_path / "Bilder" / "2019" / "Holiday"
    assert engine.jobs.add([new], _EVERYTHING).relocated
    assert _paths(engine) == [new / "red.png"]
    assert embedder.embedded == 1


def test_a_file_that_is_a_source_may_be_renamed(
    engine: Engine, embedder: FakeEmbedder, tmp_path: Path
) -> None:
    old, new = tmp_path / "a.png", tmp_path / "b.png"
    save(picture("red"), old)
    engine.jobs.add([old], _EVERYTHING)
    old.rename(new)
    engine.jobs.index()
    assert _state(engine) == {"a.png": "gone"}
    engine.jobs.add([new], _EVERYTHING)
    assert (_state(engine), _paths(engine)) == ({"b.png": "there"}, [new])
    assert embedder.embedded == 1


def test_what_is_known_of_a_folder_that_is_gone_is_kept_until_the_user_forgets_it(
    engine: Engine, embedder: FakeEmbedder, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], _EVERYTHING)
    three_pictures.rename(three_pictures.with_name("elsewhere"))
    for _ in range(2):
        assert counts(engine.jobs.index()) == {"gone": 3}
    hits = engine.search(Query("red")).hits
    assert len(hits) == 3
    assert all(hit.gone and not hit.offline for hit in hits)
    (source,) = engine.status().sources
    assert (source.files, source.items, source.offline_files) == (3, 3, 0)
    three_pictures.with_name("elsewhere").rename(three_pictures)
    assert counts(engine.jobs.index()) == {"unchanged": 3}
    assert _state(engine) == {"pictures": "there"}
    assert not any(hit.gone or hit.offline for hit in engine.search(Query("red")).hits)
    assert embedder.embedded == 3
    shutil.rmtree(three_pictures)
    engine.jobs.index()
    assert engine.jobs.remove([three_pictures]) == 3
    assert engine.status().items == 0


def test_a_living_copy_is_shown_and_counted_alone(engine: Engine, tmp_path: Path) -> None:
    first, backup = tmp_path / "first", tmp_path / "backup"
    save(picture("red"), first / "red.png")
    shutil.copytree(first, backup)
    engine.jobs.add([first, backup], _EVERYTHING)
    assert engine.search(Query("red")).hits[0].copies == 2
    shutil.rmtree(first)
    engine.jobs.index()
    (hit,) = engine.search(Query("red")).hits
    assert (hit.path, hit.copies, hit.gone) == (backup / "red.png", 1, False)
    assert engine.show(hit.item_id, folder=tmp_path / "previews").details.copies == ()
    (dead,) = engine.search(Query("red", within=(first,))).hits
    assert (dead.path, dead.gone) == (first / "red.png", True)


def test_a_folder_of_which_a_part_turned_up_keeps_the_rest(engine: Engine, tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    for colour in ("red", "green", "blue"):
        save(picture(colour), old / f"{colour}.png")
    engine.jobs.add([old], _EVERYTHING)
    old.rename(new)
    (new / "blue.png").unlink()
    report = engine.jobs.add([new], _EVERYTHING)
    assert (counts(report), report.relocated) == ({"reused": 2}, ())
    assert _state(engine) == {"old": "gone", "new": "there"}
    assert {hit.path: hit.gone for hit in engine.search(Query("red")).hits} == {
        new / "red.png": False,
        new / "green.png": False,
        old / "blue.png": True,
    }


def test_a_folder_that_was_emptied_into_others_stays_a_source(engine: Engine, tmp_path: Path) -> None:
    inbox, archive = tmp_path / "inbox", tmp_path / "archive"
    save(picture("green"), archive / "green.png")
    save(picture("red"), inbox / "red.png")
    engine.jobs.add([inbox, archive], _EVERYTHING)
    (inbox / "red.png").rename(archive / "red.png")
    inbox.rmdir()
    assert engine.jobs.index().relocated == ()
    assert _state(engine) == {"inbox": "gone", "archive": "there"}
    save(picture("blue"), inbox / "blue.png")
    assert counts(engine.jobs.index()) == {"indexed": 1, "unchanged": 2}


def test_a_new_folder_that_holds_the_files_elsewhere_is_not_taken_for_the_old_one(
    engine: Engine, tmp_path: Path
) -> None:
    inbox, archive = tmp_path / "inbox", tmp_path / "archive"
    save(picture("red"), inbox / "red.png")
    engine.jobs.add([inbox], _EVERYTHING)
    archive.mkdir()
    inbox.rename(archive / "2024")
    assert engine.jobs.add([archive], _EVERYTHING).relocated == ()
    assert _state(engine) == {"inbox": "gone", "archive": "there"}
    assert _paths(engine) == [archive / "2024" / "red.png"]


def test_a_source_inside_another_that_is_renamed_leaves_its_files_to_the_other(
    engine: Engine, embedder: FakeEmbedder, tmp_path: Path
) -> None:
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "inner"
    save(picture("red"), inner / "red.png")
    save(picture("blue"), outer / "blue.png")
    engine.jobs.add([outer, inner], _EVERYTHING)
    inner.rename(outer / "INNER")
    for _ in range(2):
        engine.jobs.index()
        assert _state(engine) == {"outer": "there", "inner": "gone"}
        assert sorted(_paths(engine)) == [outer / "INNER" / "red.png", outer / "blue.png"]
    assert embedder.embedded == 2


def test_a_folder_emptied_but_there_has_lost_its_files(engine: Engine, three_pictures: Path) -> None:
    engine.jobs.add([three_pictures], _EVERYTHING)
    shutil.rmtree(three_pictures)
    three_pictures.mkdir()
    assert counts(engine.jobs.index()) == {"removed": 3}
    assert _state(engine) == {"pictures": "there"}


@pytest.mark.parametrize("is_folder", [True, False])
def test_what_another_kind_of_thing_stands_in_place_of_is_gone(
    engine: Engine, tmp_path: Path, is_folder: bool
) -> None:
    place = tmp_path / "place.png"
    file = place / "red.png" if is_folder else place
    save(picture("red"), file)
    engine.jobs.add([place], _EVERYTHING)
    place.rename(tmp_path / "aside")
    if is_folder:
        save(picture("blue"), place)
    else:
        place.mkdir()
    assert counts(engine.jobs.index()) == {"gone": 1}
    assert _state(engine) == {"place.png": "gone"}
    assert len(_paths(engine)) == 1


def test_a_link_whose_folder_was_renamed_is_gone_and_one_to_a_drive_is_offline(
    engine: Engine, tmp_path: Path, drives: Drives
) -> None:
    usb = drives.mount(tmp_path / "usb")
    for target, link in ((tmp_path / "target", tmp_path / "link"), (usb / "photos", tmp_path / "usb link")):
        save(picture("red", len(target.name)), target / "red.png")
        link.symlink_to(target)
        engine.jobs.add([link], _EVERYTHING)
    (tmp_path / "target").rename(tmp_path / "renamed")
    drives.unplug(usb)
    assert counts(engine.jobs.index()) == {"gone": 1, "offline": 1}
    assert _state(engine) == {"link": "gone", "usb link": "offline"}


@pytest.mark.parametrize("leave_folder", [True, False])
def test_a_folder_on_a_drive_that_is_away_is_offline(
    engine: Engine, tmp_path: Path, drives: Drives, leave_folder: bool
) -> None:
    usb = drives.mount(tmp_path / "usb")
    save(picture("red"), usb / "photos" / "2019" / "red.png")
    engine.jobs.add([usb / "photos" / "2019"], _EVERYTHING)
    drives.unplug(usb, leave_folder=leave_folder)
    assert counts(engine.jobs.index()) == {"offline": 1}
    drives.plug_in(usb)
    (usb / "photos").rename(usb / "pictures")
    assert counts(engine.jobs.index()) == {"gone": 1}


def test_another_drive_in_the_same_place_is_not_the_one_that_was_there(
    engine: Engine, tmp_path: Path, drives: Drives, monkeypatch: pytest.MonkeyPatch
) -> None:
    usb = drives.mount(tmp_path / "usb")
    save(picture("red"), usb / "photos" / "red.png")
    engine.jobs.add([usb / "photos"], _EVERYTHING)
    (usb / "photos").rename(tmp_path / "aside")
    monkeypatch.setattr(presence_module, "volume", lambda _mount: "another")
    assert counts(engine.jobs.index()) == {"offline": 1}
    assert _state(engine) == {"photos": "offline"}


def test_what_may_not_be_looked_at_is_not_gone(
    engine: Engine, three_pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.jobs.add([three_pictures], _EVERYTHING)
    real = os.stat

    def refuse(path: object, *arguments: object, **options: object) -> os.stat_result:
        if str(path).startswith(str(three_pictures)):
            raise PermissionError(13, "Permission denied")
        return real(path, *arguments, **options)  # type: ignore[arg-type]

    (source,) = engine.status().sources
    with monkeypatch.context() as patched:
        patched.setattr(os, "stat", refuse)
        assert presence(source.source) is Presence.AWAY


def test_a_copy_on_a_drive_inside_a_renamed_folder_is_not_taken_for_moved(
    engine: Engine, tmp_path: Path, drives: Drives
) -> None:
    old = tmp_path / "old"
    usb = drives.mount(old / "usb")
    save(picture("red"), usb / "red.png")
    save(picture("blue"), old / "blue.png")
    engine.jobs.add([old], _EVERYTHING)
    drives.unplug(usb)
    local = tmp_path / "local"
    shutil.copytree(old / ".usb-unplugged", local)
    old.rename(tmp_path / "new")
    assert counts(engine.jobs.add([local], _EVERYTHING)) == {"reused": 1}
    known = engine._store.files.by_path(str(usb / "red.png"), 0)
    assert known is not None, "what lies on the drive is known still"


def test_a_library_of_before_knows_that_the_home_folder_is_no_drive(
    open_engine: OpenEngine, three_pictures: Path
) -> None:
    engine = open_engine()
    engine.jobs.add([three_pictures], _EVERYTHING)
    engine._store._db.connection.execute("UPDATE sources SET volume = ''")
    three_pictures.rename(three_pictures.with_name("renamed"))
    assert counts(engine.jobs.index()) == {"gone": 3}
