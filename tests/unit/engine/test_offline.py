"""Drives that are away: what stood on them is kept."""

import os
import shutil
from pathlib import Path

import pytest
from conftest import save
from fakes import FakeEmbedder, counts, picture

from imagefinder.engine.engine import Engine
from imagefinder.model.queries import Query
from imagefinder.model.sources import SourceOptions


def _paths(engine: Engine, text: str = "red", limit: int = 100) -> list[str]:
    return [hit.path.name for hit in engine.search(Query(text, limit=limit)).hits]


def test_an_unplugged_source_is_offline_and_keeps_its_items(
    engine: Engine, embedder: FakeEmbedder, three_pictures: Path
) -> None:
    engine.add([three_pictures], SourceOptions())
    three_pictures.rename(three_pictures.with_name("unplugged"))
    assert counts(engine.index()) == {"offline": 3}
    assert engine.status().sources[0].source.offline
    hits = engine.search(Query("red")).hits
    assert len(hits) == 3
    assert all(hit.offline for hit in hits)
    three_pictures.with_name("unplugged").rename(three_pictures)
    assert counts(engine.index()) == {"unchanged": 3}
    assert not any(hit.offline for hit in engine.search(Query("red")).hits)
    assert not engine.status().sources[0].source.offline
    assert embedder.embedded == 3


def test_a_copy_of_a_file_on_an_unplugged_drive_does_not_take_its_place(
    engine: Engine, embedder: FakeEmbedder, tmp_path: Path
) -> None:
    save(picture("red"), tmp_path / "usb" / "red.png")
    engine.add([tmp_path / "usb"], SourceOptions())
    (tmp_path / "usb").rename(tmp_path / "away")
    shutil.copytree(tmp_path / "away", tmp_path / "local")
    assert counts(engine.add([tmp_path / "local"], SourceOptions())) == {"reused": 1}
    paths = {hit.path for hit in engine.search(Query("red")).hits}
    assert paths == {tmp_path / "usb" / "red.png", tmp_path / "local" / "red.png"}
    assert embedder.embedded == 1


def test_a_drive_inside_a_source_is_kept_even_when_its_mount_folder_is_gone(
    engine: Engine, embedder: FakeEmbedder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usb = folder / "usb"
    save(picture("red"), usb / "red.png")
    save(picture("blue"), folder / "blue.png")
    real, mounted = os.path.ismount, True
    monkeypatch.setattr(os.path, "ismount", lambda path: (mounted and str(path) == str(usb)) or real(path))
    engine.add([folder], SourceOptions())
    mounted = False
    usb.rename(folder.parent / "unplugged")
    for _ in range(3):
        assert counts(engine.index()) == {"unchanged": 1, "offline": 1}
    (folder.parent / "unplugged").rename(usb)
    mounted = True
    assert counts(engine.index()) == {"unchanged": 2}
    assert embedder.embedded == 2
