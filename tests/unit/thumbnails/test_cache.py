from pathlib import Path
from typing import BinaryIO

import pytest
from helpers.fakes import picture
from helpers.program import mounted
from PIL import Image

from imagefinder import private_files
from imagefinder.thumbnails.cache import THUMBNAIL_SIDE, ThumbnailCache, thumbnail_key


@pytest.fixture
def cache(tmp_path: Path) -> ThumbnailCache:
    return ThumbnailCache(tmp_path / "thumbnails")


def test_a_key_names_content_and_part() -> None:
    assert thumbnail_key(b"\xab\x01", 7) == "ab01-7"


def test_a_large_picture_becomes_small_and_keeps_its_shape(cache: ThumbnailCache) -> None:
    path = cache.put("ab01-1", picture("red", size=(1280, 640)))
    assert path == cache.path("ab01-1")
    with Image.open(path) as small:
        assert (small.format, small.mode, small.size) == (
            "JPEG",
            "RGB",
            (THUMBNAIL_SIDE, THUMBNAIL_SIDE // 2),
        )
        red, green, blue = small.getpixel((5, 5))  # type: ignore[misc]
        assert red > 240
        assert green < 15
        assert blue < 15


def test_a_small_picture_is_not_blown_up_and_the_one_given_stays_as_it_is(cache: ThumbnailCache) -> None:
    image = picture("red", size=(400, 30))
    path = cache.put("ab01-1", image)
    assert path is not None
    with Image.open(path) as small:
        assert small.size == (320, 24)
    assert image.size == (400, 30)


def test_what_is_there_is_not_written_again(cache: ThumbnailCache) -> None:
    first = cache.put("ab01-1", picture("red"))
    assert first is not None
    before = first.read_bytes()
    assert cache.put("ab01-1", picture("blue")) == first
    assert first.read_bytes() == before


def test_nothing_but_thumbnails_is_left_behind(cache: ThumbnailCache, tmp_path: Path) -> None:
    for part in (1, 2):
        cache.put(f"ab01-{part}", picture("red"))
    names = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert names == ["ab01-1.jpg", "ab01-2.jpg"]


def test_removing_content_removes_all_its_parts_and_no_others(cache: ThumbnailCache) -> None:
    for key in ("ab01-1", "ab01-2", "ab02-1"):
        cache.put(key, picture("red"))
    cache.remove(b"\xab\x01")
    assert [cache.path(key).exists() for key in ("ab01-1", "ab01-2", "ab02-1")] == [False, False, True]
    cache.remove(b"\xcd")


@pytest.mark.parametrize("where", [".", "ab"])
def test_a_folder_that_cannot_be_made_costs_the_thumbnail_alone(tmp_path: Path, where: str) -> None:
    folder = tmp_path / "thumbnails"
    if where != ".":
        folder.mkdir()
    (folder / where).touch()
    cache = ThumbnailCache(folder)
    assert cache.put("ab01-1", picture("red")) is None
    cache.remove(b"\xab\x01")


def test_a_full_disk_leaves_no_half_thumbnail(
    cache: ThumbnailCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, *_: object) -> BinaryIO:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(private_files, "create", full)
    assert cache.put("ab01-1", picture("red")) is None
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


@pytest.mark.parametrize("left", [0, 1, 200, -3])
def test_a_thumbnail_that_was_cut_short_is_made_again(cache: ThumbnailCache, left: int) -> None:
    path = cache.put("ab01-1", picture("red"))
    assert path is not None
    whole = path.read_bytes()
    path.write_bytes(whole[:left])
    assert not cache.has("ab01-1")
    assert cache.put("ab01-1", picture("red")) == path
    assert path.read_bytes() == whole
    assert cache.has("ab01-1")


def test_a_full_disk_leaves_no_part_of_a_thumbnail_behind(tmp_path: Path) -> None:
    noise = Image.effect_noise((300, 300), 120).convert("RGB")
    with mounted(tmp_path / "disk", "64k") as disk:
        cache = ThumbnailCache(disk / "thumbnails")
        kept = [key for key in (f"ab{number:02}-1" for number in range(8)) if cache.put(key, noise)]
        files = [path.stem for path in disk.rglob("*") if path.is_file()]
        assert sorted(files) == sorted(kept)
        assert len(kept) < 8
        assert all(cache.has(key) for key in kept)
