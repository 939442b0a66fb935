"""Damaged, hostile and oversized files give a reason, without other output."""

import os
import random
import struct
import subprocess
import sys
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil
import pytest
from PIL import Image

from imagefinder.domain.errors import UnreadableError
from imagefinder.readers import size_limits
from imagefinder.readers.image_reader import ImageReader
from imagefinder.readers.pillow.pillow_errors import picture_reason
from imagefinder.readers.reader_registry import open_media
from imagefinder.readers.size_limits import MAX_PIXELS

VARIANTS = [
    ("a.jpg", "RGB", {}),
    ("b.jpg", "CMYK", {"progressive": True}),
    ("a.png", "RGB", {}),
    ("b.png", "P", {}),
    ("a.gif", "RGB", {}),
    ("a.bmp", "RGB", {}),
    ("a.dib", "RGB", {}),
    ("a.tif", "RGB", {}),
    ("a.webp", "RGB", {}),
    ("b.webp", "RGBA", {"lossless": True}),
    ("a.jp2", "RGB", {}),
    ("a.ppm", "RGB", {}),
    ("a.ico", "RGBA", {}),
    ("a.tga", "RGB", {"compression": "tga_rle"}),
    ("a.qoi", "RGB", {}),
    ("a.avif", "RGB", {}),
    ("a.heic", "RGB", {}),
]
"""Without compressed TIFFs, because libtiff prints its findings to the terminal and Pillow cannot silence it."""


def png_header(width: int, height: int) -> bytes:
    """Make a PNG that declares a size and has hardly any data."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


def reason_for(path: Path) -> str:
    with pytest.raises(UnreadableError) as caught, open_media(path) as media:
        media.load(1, 224)
    return str(caught.value)


@pytest.mark.parametrize(("name", "mode", "options"), VARIANTS)
def test_flipped_and_missing_bytes_give_a_picture_or_a_reason(
    save: Callable[..., Path],
    scene: Image.Image,
    name: str,
    mode: str,
    options: dict[str, Any],
    capfd: pytest.CaptureFixture[str],
) -> None:
    path = save(scene.resize((40, 30)).convert(mode), name, **options)
    whole, chance = path.read_bytes(), random.Random(name)
    for _ in range(60):
        data = bytearray(whole)
        if chance.random() < 0.3:
            del data[chance.randrange(1, len(data)) :]
        else:
            reach = chance.choice((len(data), min(len(data), 120)))
            for _ in range(chance.choice((1, 2, 8, 32))):
                data[chance.randrange(reach)] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
        path.write_bytes(data)
        try:
            with open_media(path) as media:
                assert media.load(1, 16).image.mode == "RGB"
        except UnreadableError as error:
            assert str(error)
    assert "".join(capfd.readouterr()) == ""


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.gif", "a.webp", "a.tif", "a.ppm", "a.qoi"])
def test_a_picture_of_which_only_the_first_bytes_are_left_is_unreadable_with_a_reason(
    save: Callable[..., Path], name: str
) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8))
    path = save(noise, name)
    path.write_bytes(path.read_bytes()[:12])
    assert reason_for(path).startswith("the picture is ")


def test_a_jpeg_cut_before_its_pixels_is_said_to_be_cut_short(
    save: Callable[..., Path], scene: Image.Image
) -> None:
    path = save(scene.resize((800, 600)), "a.jpg", quality=95)
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"\xff\xda") + 14])
    assert reason_for(path) == "the picture is cut short (the file ends too early)"


def test_text_named_jpg_is_no_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_text("Dear diary")
    assert reason_for(path) == "not a picture in any known format"


def test_a_bomb_is_refused_by_its_header(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(png_header(40_000, 40_000))
    assert reason_for(path) == "too large (1600 megapixels; the limit is 500 megapixels)"


def test_a_picture_just_above_the_limit_is_refused_and_one_just_below_is_not_for_its_size(
    tmp_path: Path,
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(png_header(25_001, 20_000))
    assert "the limit is 500" in reason_for(path)
    path.write_bytes(png_header(25_000, 20_000))
    assert "the limit" not in reason_for(path)


def test_a_later_page_beyond_the_limit_is_named_by_its_size() -> None:
    with pytest.raises(UnreadableError) as caught:
        size_limits.refuse_oversize(40_000, 40_000)
    assert str(caught.value) == "too large: 40000 x 40000 pixels (1600 megapixels; the limit is 500)"


def test_the_limit_agrees_with_pillows_own_guard() -> None:
    assert Image.MAX_IMAGE_PIXELS is not None
    assert 2 * Image.MAX_IMAGE_PIXELS == MAX_PIXELS


def free_memory(monkeypatch: pytest.MonkeyPatch, available: int) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=available))


def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_memory(monkeypatch, 2 * 2**30)
    path = tmp_path / "a.png"
    path.write_bytes(png_header(15_000, 10_000))
    assert reason_for(path) == (
        "too large for the memory that is free: 15000 x 10000 pixels (150 megapixels). "
        "Close other programs and try again"
    )


def test_a_large_jpeg_needs_only_the_memory_of_its_reduced_scale(
    save: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    free_memory(monkeypatch, 160 * 2**20)
    picture = Image.new("RGB", (4000, 3000), "red")
    with ImageReader().open(save(picture, "a.jpg")) as media:
        assert media.load(1, 224).image.size == (500, 375)
        with pytest.raises(UnreadableError, match=r"too large for the memory that is free: 4000 x 3000"):
            media.load(1, 3000)


def test_a_file_that_its_decoder_would_swallow_whole_must_fit_in_the_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_memory(monkeypatch, 100 * 2**20)
    path = tmp_path / "a.webp"
    with path.open("wb") as file:
        file.write(b"RIFF\0\0\0\0WEBPVP8 ")
        file.truncate(200 * 2**20)
    assert reason_for(path) == (
        "too large for the memory that is free: a file of 210 MB. Close other programs and try again"
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), "there is not enough free memory to read it. Close other programs and try again"),
        (EOFError(), "the picture is cut short (the file ends too early)"),
        (
            OSError("image file is truncated (3 bytes not processed)"),
            "the picture is cut short (the file ends too early)",
        ),
        (OSError(5, "Input/output error"), "the drive reports a read error"),
        (struct.error("unpack requires"), "the picture is damaged"),
        (
            ValueError("Unsupported feature: codec"),
            "the picture is in a variant of its format that is not supported",
        ),
    ],
)
def test_what_pillow_raises_becomes_plain_words(error: Exception, reason: str) -> None:
    assert str(picture_reason(error)) == reason


WATCHED = """
import sys, warnings, pathlib, concurrent.futures
from imagefinder.readers.reader_registry import open_media
paths = [pathlib.Path(p) for p in sys.argv[1:]] * 8
def load(path):
    with open_media(path) as media:
        return media.load(1, 16).image.size
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    assert set(pool.map(load, paths)) == {(40, 30)}
warnings.warn("ours is still heard")
"""


def broken_exif(save: Callable[..., Path], scene: Image.Image) -> list[Path]:
    directory = struct.pack(">H", 3) + struct.pack(">HHII", 0x10E, 2, 5000, 9999) * 3
    block = b"Exif\0\0MM\0*\0\0\0\x08" + directory
    return [save(scene.resize((40, 30)), f"{i}.jpg", exif=block) for i in range(2)]


@pytest.mark.parametrize("flags", [[], ["-W", "error::UserWarning:PIL.TiffImagePlugin"], ["-W", "always"]])
def test_pillows_warnings_never_leak_whatever_the_filters(
    save: Callable[..., Path], scene: Image.Image, flags: list[str]
) -> None:
    paths = broken_exif(save, scene)
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, *flags, "-c", WATCHED, *map(str, paths)],
        capture_output=True, text=True, cwd=root, env={**os.environ, "PYTHONPATH": str(root)}, check=False,
    )  # fmt: skip
    heard = [line for line in done.stderr.splitlines() if "Warning" in line]
    assert done.returncode == 0, done.stderr
    assert len(heard) == 1 and "ours is still heard" in heard[0]


def test_filters_set_later_do_not_bring_the_warnings_back(
    save: Callable[..., Path], scene: Image.Image
) -> None:
    paths = broken_exif(save, scene)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        for path in paths:
            with open_media(path) as media:
                media.load(1, 16)
    assert heard == []


def test_the_broken_exif_of_these_tests_does_make_pillow_warn(
    save: Callable[..., Path], scene: Image.Image
) -> None:
    path = broken_exif(save, scene)[0]
    with pytest.warns(UserWarning), Image.open(path) as picture:
        picture.load()
