"""EXIF orientation and time."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import ExifTags, Image, ImageOps

from imagefinder.readers.image_reader import ImageReader
from imagefinder.readers.pillow.exif import normalised_time

TO_STORED = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def exif_with(orientation: int | None = None, taken: str | None = None) -> bytes:
    exif = Image.Exif()
    if orientation is not None:
        exif[ExifTags.Base.Orientation] = orientation
    if taken is not None:
        exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = taken
    return exif.tobytes()


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "lzw.tif", "a.avif", "a.heic"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_given_upright(
    save: Callable[..., Path], scene: Image.Image, orientation: int, name: str
) -> None:
    turn = TO_STORED[orientation]
    stored = scene if turn is None else scene.transpose(turn)
    options = {"compression": "tiff_lzw"} if name == "lzw.tif" else {}
    path = save(stored, name, exif=exif_with(orientation), **options)
    with ImageReader().open(path) as media:
        loaded = media.load(1, 60)
    assert (loaded.facts.width, loaded.facts.height) == (160, 120)
    seen = loaded.image.resize((160, 120))
    for corner, strong in (((3, 3), "r"), ((156, 3), "g"), ((156, 116), "b"), ((3, 116), "rgb")):
        levels = dict(zip("rgb", seen.getpixel(corner), strict=True))  # type: ignore[arg-type]
        assert all((level > 200) == (colour in strong) for colour, level in levels.items())


def test_the_turns_agree_with_pillow(save: Callable[..., Path], scene: Image.Image) -> None:
    for orientation in range(1, 9):
        path = save(scene, "a.png", exif=exif_with(orientation))
        with ImageReader().open(path) as media, Image.open(path) as picture:
            assert media.load(1, 100).image.tobytes() == ImageOps.exif_transpose(picture).tobytes()


def orientation_block(order: str, kind: int, count: int, value: bytes) -> bytes:
    """Assemble an EXIF block with only the Orientation tag, with a value of any type."""
    mark = b"MM\0*" if order == ">" else b"II*\0"
    place = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", 26)
    entry = struct.pack(order + "HHHI", 1, 0x112, kind, count) + place
    return b"Exif\0\0" + mark + struct.pack(order + "I", 8) + entry + bytes(4) + value


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
@pytest.mark.parametrize(
    ("kind", "count", "packing", "values"),
    [
        (1, 1, "B", (6,)),  # BYTE
        (2, 2, "2s", (b"6",)),  # ASCII
        (2, 3, "3s", (b" 6",)),
        (3, 1, "H", (6,)),  # SHORT, the standard type
        (3, 2, "HH", (6, 6)),
        (4, 1, "I", (6,)),  # LONG
        (5, 1, "II", (6, 1)),  # RATIONAL
        (6, 1, "b", (6,)),  # SBYTE
        (7, 1, "B", (6,)),  # UNDEFINED
        (8, 1, "h", (6,)),  # SSHORT
        (9, 1, "i", (6,)),  # SLONG
        (11, 1, "f", (6.0,)),  # FLOAT
    ],
)
def test_an_orientation_of_any_type_is_followed(
    save: Callable[..., Path],
    scene: Image.Image,
    order: str,
    name: str,
    kind: int,
    count: int,
    packing: str,
    values: Any,
) -> None:
    block = orientation_block(order, kind, count, struct.pack(order + packing, *values))
    with ImageReader().open(save(scene, name, exif=block)) as media:
        loaded = media.load(1, 120)
    assert (loaded.facts.width, loaded.facts.height) == loaded.image.size == (120, 160)


@pytest.mark.parametrize("value", [b"top-left", b"\xb2", b"", b"99999"])
def test_an_orientation_that_is_no_number_is_upright(
    save: Callable[..., Path], scene: Image.Image, value: bytes
) -> None:
    block = orientation_block(">", 2, len(value), value)
    with ImageReader().open(save(scene, "a.jpg", exif=block)) as media:
        assert media.load(1, 120).image.width == 160


def test_a_broken_directory_of_the_exposure_does_not_cost_the_orientation(
    save: Callable[..., Path], scene: Image.Image
) -> None:
    entries = struct.pack(">HHHIHHHHII", 2, 0x112, 3, 1, 6, 0, 0x8769, 4, 1, 0xFFFFFFF0)
    block = b"Exif\0\0MM\0*\0\0\0\x08" + entries + bytes(4)
    with ImageReader().open(save(scene, "a.jpg", exif=block)) as media:
        assert media.load(1, 120).image.width == 120


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_upright(
    save: Callable[..., Path], scene: Image.Image, orientation: int
) -> None:
    with ImageReader().open(save(scene, "a.jpg", exif=exif_with(orientation))) as media:
        assert media.load(1, 120).image.width == 160


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "a.avif", "a.heic"])
def test_the_time_of_the_photograph_is_read(save: Callable[..., Path], scene: Image.Image, name: str) -> None:
    with ImageReader().open(save(scene, name, exif=exif_with(1, "2019:07:20 08:09:10"))) as media:
        assert media.load(1, 60).facts.taken_at == "2019-07-20 08:09:10"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2019:07:20 08:09:10", "2019-07-20 08:09:10"),
        ("2019-07-20T08:09:10.25Z", "2019-07-20 08:09:10"),
        ("2019:07:20 08:09:10\0", "2019-07-20 08:09:10"),
        ("0000:00:00 00:00:00", None),
        ("2019:13:41 25:00:00", None),
        ("    :  :     :  :  ", None),
        ("0001:01:01 00:00:00", None),
        ("yesterday", None),
        ("", None),
        (b"2019:07:20 08:09:10", None),
        (None, None),
    ],
)
def test_a_time_is_normalised_or_nothing(written: object, meant: str | None) -> None:
    assert normalised_time(written) == meant


def test_a_broken_exif_block_costs_only_itself(save: Callable[..., Path], scene: Image.Image) -> None:
    for block in (b"Exif\0\0garbage", b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\0\x03" * 9):
        with ImageReader().open(save(scene, "a.jpg", exif=block)) as media:
            loaded = media.load(1, 120)
        assert loaded.image.width == 160
        assert loaded.facts.taken_at is None


@pytest.mark.parametrize(
    ("maker", "model", "camera"),
    [
        ("Canon", "Canon EOS 5D", "Canon EOS 5D"),
        ("NIKON CORPORATION", "NIKON D90", "NIKON D90"),
        ("Apple", "iPhone 12", "Apple iPhone 12"),
        ("  samsung\0\0", "SM-G960F ", "samsung SM-G960F"),
        ("", "X100", "X100"),
        ("FUJIFILM", "", "FUJIFILM"),
        ("", "", ""),
    ],
)
def test_the_camera_is_named_once(
    save: Callable[..., Path], scene: Image.Image, maker: str, model: str, camera: str
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = maker, model
    with ImageReader().open(save(scene, "a.jpg", exif=exif.tobytes())) as media:
        assert media.camera == camera


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.avif", "a.heic"])
def test_the_camera_is_read_from_every_format_that_holds_it(
    save: Callable[..., Path], scene: Image.Image, name: str
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Leica", "M10"
    with ImageReader().open(save(scene, name, exif=exif.tobytes())) as media:
        assert media.camera == "Leica M10"
        assert media.load(1, 60).image.width >= 60


def test_garbage_for_a_camera_is_no_camera(save: Callable[..., Path], scene: Image.Image) -> None:
    with ImageReader().open(save(scene, "a.jpg", exif=b"Exif\0\0" + bytes(range(200)))) as media:
        assert media.camera == ""
