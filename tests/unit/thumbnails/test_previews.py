"""Tests of the preview cache: its folder does not grow without limit."""

import os
import time
from pathlib import Path

from imagefinder.thumbnails.previews import tidy_previews


def _file(path: Path, size: int, age_s: float) -> Path:
    path.write_bytes(bytes(size))
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def test_the_oldest_go_until_the_rest_has_room(tmp_path: Path) -> None:
    for number in range(5):
        _file(tmp_path / f"{number}.jpg", 100, age_s=number * 60)
    tidy_previews(tmp_path, most_bytes=250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.jpg", "1.jpg"]


def test_the_newest_stays_however_large_it_is(tmp_path: Path) -> None:
    newest = _file(tmp_path / "a.jpg", 1000, age_s=0)
    _file(tmp_path / "b.jpg", 10, age_s=60)
    tidy_previews(tmp_path, most_bytes=100)
    assert list(tmp_path.iterdir()) == [newest]


def test_those_of_yesterday_go_and_a_folder_that_is_not_there_is_none(tmp_path: Path) -> None:
    _file(tmp_path / "a.jpg", 10, age_s=25 * 3600)
    tidy_previews(tmp_path)
    assert list(tmp_path.iterdir()) == []
    tidy_previews(tmp_path / "none")
