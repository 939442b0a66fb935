"""Tests of drives that are away: the files on them are kept."""

import os
import shutil
from pathlib import Path

import pytest
from conftest import Drives, save
from helpers.fakes import FakeEmbedder, counts, pdf, picture

from imagefinder.domain.errors import PassingError
from imagefinder.domain.queries import Query
from imagefinder.domain.reasons import ReasonCode
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.engine import Engine
from imagefinder.isolation.isolated_file import IsolatedFile
from imagefinder.readers.reader import LoadedPart


def _paths(engine: Engine, text: str = "red", limit: int = 100) -> list[str]:
    return [hit.path.name for hit in engine.search(Query(text, limit=limit)).hits]


def test_an_unplugged_source_is_offline_and_keeps_its_items(
    engine: Engine, embedder: FakeEmbedder, three_pictures: Path, drives: Drives
) -> None:
    drives.mount(three_pictures)
    engine.jobs.add([three_pictures], SourceOptions())
    drives.unplug(three_pictures)
    assert counts(engine.jobs.index()) == {"offline": 3}
    assert engine.status().sources[0].source.offline
    hits = engine.search(Query("red")).hits
    assert len(hits) == 3
    assert all(hit.offline for hit in hits)
    drives.plug_in(three_pictures)
    assert counts(engine.jobs.index()) == {"unchanged": 3}
    assert not any(hit.offline for hit in engine.search(Query("red")).hits)
    assert not engine.status().sources[0].source.offline
    assert embedder.embedded == 3


def test_a_copy_of_a_file_on_an_unplugged_drive_is_shown_while_it_is_away_and_does_not_take_its_place(
    engine: Engine, embedder: FakeEmbedder, tmp_path: Path, drives: Drives
) -> None:
    usb, local = drives.mount(tmp_path / "usb"), tmp_path / "local"
    save(picture("red"), usb / "red.png")
    engine.jobs.add([usb], SourceOptions())
    shutil.copytree(usb, local)
    drives.unplug(usb)
    assert counts(engine.jobs.add([local], SourceOptions())) == {"reused": 1}
    engine.jobs.index()
    assert [hit.path for hit in engine.search(Query("red")).hits] == [local / "red.png"]
    assert [hit.path for hit in engine.search(Query("red", within=(usb,))).hits] == [usb / "red.png"]
    own = Query(images=(local / "red.png",))
    assert [hit.path for hit in engine.search(own).hits] == [usb / "red.png"]
    drives.plug_in(usb)
    engine.jobs.index()
    assert {hit.path for hit in engine.search(Query("red")).hits} == {usb / "red.png", local / "red.png"}
    assert embedder.embedded == 1


def test_a_drive_inside_a_source_is_kept_even_when_its_mount_folder_is_gone(
    engine: Engine, embedder: FakeEmbedder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usb = folder / "usb"
    save(picture("red"), usb / "red.png")
    save(picture("blue"), folder / "blue.png")
    real, mounted = os.path.ismount, True
    monkeypatch.setattr(os.path, "ismount", lambda path: (mounted and str(path) == str(usb)) or real(path))
    engine.jobs.add([folder], SourceOptions())
    mounted = False
    usb.rename(folder.parent / "unplugged")
    for _ in range(3):
        assert counts(engine.jobs.index()) == {"unchanged": 1, "offline": 1}
    (folder.parent / "unplugged").rename(usb)
    mounted = True
    assert counts(engine.jobs.index()) == {"unchanged": 2}
    assert embedder.embedded == 2


def test_files_that_stand_where_a_drive_was_are_no_longer_offline(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(picture("red"), folder / "red.png")
    real, mounted = os.path.ismount, True
    monkeypatch.setattr(os.path, "ismount", lambda path: (mounted and str(path) == str(folder)) or real(path))
    engine.jobs.add([folder], SourceOptions())
    mounted = False
    (folder / "red.png").rename(folder.parent / "away.png")
    assert counts(engine.jobs.index()) == {"offline": 1}
    (folder.parent / "away.png").rename(folder / "red.png")
    assert counts(engine.jobs.index()) == {"unchanged": 1}
    assert not engine.search(Query("red")).hits[0].offline


def test_a_picture_in_whose_place_a_pipe_stands_is_found_no_more(
    engine: Engine, three_pictures: Path
) -> None:
    engine.jobs.add([three_pictures], SourceOptions())
    (three_pictures / "red.png").unlink()
    os.mkfifo(three_pictures / "red.png")
    for _ in range(2):
        assert counts(engine.jobs.index()) == {"unchanged": 2, "unreadable": 1}
        assert sorted(_paths(engine)) == ["blue.png", "green.png"]


def test_a_drive_that_goes_away_within_a_pdf_costs_no_page(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf(folder / "long.pdf", [f"page {number}" for number in range(30)])
    real = IsolatedFile.load

    def unplugged(media: IsolatedFile, part: int, side: int) -> LoadedPart:
        if part == 20:
            raise PassingError(ReasonCode.DRIVE_NOT_ANSWERING)
        return real(media, part, side)

    with monkeypatch.context() as patched:
        patched.setattr(IsolatedFile, "load", unplugged)
        engine.jobs.add([folder], SourceOptions())
    assert 0 < engine.status().items < 30
    assert len(engine.status().unreadable) == 1
    assert counts(engine.jobs.index()) == {"indexed": 1}
    assert engine.status().items == 30
    assert engine.status().unreadable == ()
    assert counts(engine.jobs.index()) == {"unchanged": 1}


def test_a_picture_behind_a_link_is_kept_while_the_link_leads_nowhere(
    engine: Engine, embedder: FakeEmbedder, folder: Path
) -> None:
    save(picture("red"), folder.parent / "usb" / "red.png")
    (folder / "red.png").symlink_to(folder.parent / "usb" / "red.png")
    engine.jobs.add([folder], SourceOptions())
    (folder.parent / "usb").rename(folder.parent / "away")
    assert counts(engine.jobs.index()) == {"offline": 1}
    (folder.parent / "away").rename(folder.parent / "usb")
    assert counts(engine.jobs.index()) == {"unchanged": 1}
    assert embedder.embedded == 1
