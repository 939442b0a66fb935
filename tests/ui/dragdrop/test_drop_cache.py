"""Tests of the cache of dropped picture data."""

import os
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage

from imagefinder.ui.dragdrop.drop_cache import DropCache


@pytest.fixture
def image() -> QImage:
    made = QImage(8, 6, QImage.Format.Format_RGB32)
    made.fill(QColor("red"))
    return made


def test_an_image_becomes_a_file_that_can_be_read(tmp_path: Path, image: QImage) -> None:
    path = DropCache(tmp_path / "dropped").keep(image)
    assert QImage(str(path)).size() == image.size()


def test_the_same_picture_twice_is_one_file(tmp_path: Path, pictures: Path) -> None:
    dropped = DropCache(tmp_path / "dropped")
    data = (pictures / "red.png").read_bytes()
    assert dropped.keep(data) == dropped.keep(data)
    assert len(list(dropped.folder.iterdir())) == 1


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    dropped = DropCache(tmp_path / "dropped")
    with pytest.raises(ValueError, match="not a picture"):
        dropped.keep(b"<html><body>no</body></html>")
    assert not dropped.folder.exists()


def test_only_what_panes_use_is_kept(tmp_path: Path, pictures: Path) -> None:
    dropped = DropCache(tmp_path / "dropped")
    red, blue = (dropped.keep((pictures / f"{name}.png").read_bytes()) for name in ("red", "blue"))
    dropped.keep_only([red, pictures / "blue.png"])
    assert red.exists()
    assert not blue.exists()
    assert (pictures / "blue.png").exists()


def test_nothing_is_there_to_delete_before_the_first(tmp_path: Path) -> None:
    DropCache(tmp_path / "dropped").keep_only([])


def test_what_another_window_searches_by_is_left_alone_for_a_day(tmp_path: Path, pictures: Path) -> None:
    other = DropCache(tmp_path / "dropped").keep((pictures / "red.png").read_bytes())
    dropped = DropCache(tmp_path / "dropped")
    dropped.keep_only([])
    assert other.exists()
    os.utime(other, (0, 0))
    dropped.keep_only([])
    assert not other.exists()


def test_the_oldest_go_where_there_are_too_many(tmp_path: Path, pictures: Path) -> None:
    data = {name: (pictures / f"{name}.png").read_bytes() for name in ("red", "green", "blue")}
    dropped = DropCache(tmp_path / "dropped", most_bytes=len(data["red"]) + len(data["blue"]))
    red, green = dropped.keep(data["red"]), dropped.keep(data["green"])
    os.utime(red, (1, 1))
    os.utime(green, (2, 2))
    dropped.keep(data["red"])  # dropped again, which makes it the newest
    blue = dropped.keep(data["blue"])
    assert {path.name for path in dropped.folder.iterdir()} == {red.name, blue.name}
