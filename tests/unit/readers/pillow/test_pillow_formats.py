"""All picture formats, and detection by content before name."""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.image_signatures import picture_extension
from imagefinder.readers.image_reader import ImageReader
from imagefinder.readers.pillow.pillow_formats import EXTENSIONS, formats_by_content, formats_of

FORMATS = {
    "JPEG": "jpg jpeg jpe jfif jif jfi pjpeg pjp mpo insp jps thm pic jpg_large",
    "PNG": "png apng pns png_large",
    "WEBP": "webp",
    "GIF": "gif",
    "BMP": "bmp",
    "DIB": "dib",
    "TIFF": "tif tiff",
    "JPEG2000": "jp2 j2k jpx jpf j2c jpc",
    "PPM": "pnm pbm pgm ppm pfm",
    "ICO": "ico",
    "TGA": "tga icb vda",
    "QOI": "qoi",
    "PCX": "pcx",
    "DDS": "dds",
    "SGI": "sgi",
    "XBM": "xbm",
    "AVIF": "avif avifs",
    "HEIF": "heic heif hif heics heifs",
}
OTHERS = {"cur", "icns", "psd", "psb", "xpm"}
"""Formats that Pillow cannot write, or not in this size."""
MODES = {"pbm": "1", "pgm": "L", "pfm": "F", "xbm": "1"}
OPTIONS = {extension: {"no_jp2": True} for extension in ("j2k", "j2c", "jpc")} | {
    "ico": {"sizes": [(160, 120)]}
}
CASES = [(name, extension) for name, extensions in FORMATS.items() for extension in extensions.split()]


def test_the_formats_tested_are_all_there_are() -> None:
    assert {extension for _, extension in CASES} | OTHERS == EXTENSIONS


@pytest.mark.parametrize(("format_name", "extension"), CASES)
def test_a_picture_of_the_format_is_read_with_its_colours(
    scene: Image.Image, save: Callable[..., Path], format_name: str, extension: str
) -> None:
    picture = scene.convert(MODES.get(extension, "RGB"))
    path = save(picture, f"picture.{extension}", format_name, **OPTIONS.get(extension, {}))
    with ImageReader().open(path) as media:
        loaded = media.load(1, 100)
    assert media.part_count == 1
    assert (loaded.facts.width, loaded.facts.height) == loaded.image.size == (160, 120)
    # Pillow writes white as set bits of an XBM, which mean black.
    expected = ImageChops.invert(picture.convert("RGB")) if extension == "xbm" else picture.convert("RGB")
    tolerance = 70 if format_name == "GIF" else 24
    for corner in ((4, 4), (155, 4), (155, 115), (4, 115)):
        for got, wanted in zip(loaded.image.getpixel(corner), expected.getpixel(corner), strict=True):  # type: ignore[arg-type]
            assert abs(got - wanted) <= tolerance


@pytest.mark.parametrize(("format_name", "extension"), CASES)
def test_content_tells_the_format_unless_it_has_no_signature(
    scene: Image.Image, encoded: Callable[..., bytes], format_name: str, extension: str
) -> None:
    head = encoded(scene.convert(MODES.get(extension, "RGB")), format_name, **OPTIONS.get(extension, {}))
    known = formats_by_content(head[:1024])
    assert list(known) == ([] if format_name in ("TGA", "DIB") else [format_name])


@pytest.mark.parametrize("brand_of", ["AVIF", "HEIF"])
def test_a_container_that_only_says_picture_is_read_by_whom_it_suits(
    scene: Image.Image, encoded: Callable[..., bytes], tmp_path: Path, brand_of: Any
) -> None:
    data = encoded(scene, brand_of)
    path = tmp_path / "picture.heic"
    path.write_bytes(data[:8] + b"mif1" + data[12:])
    with ImageReader().open(path) as media:
        assert media.load(1, 32).image.size == (160, 120)


def test_a_text_that_begins_like_a_portable_pixmap_is_none() -> None:
    assert not formats_by_content(b"P6. Chapter the sixth")
    assert not formats_by_content(b"Play")


@pytest.mark.parametrize(
    "head", [b"%!PS-Adobe-3.0 EPSF-3.0\n", b"\xc5\xd0\xd3\xc6", b"\xd7\xcd\xc6\x9a\0\0", b"<svg/>"]
)
def test_formats_that_run_programs_or_are_no_pictures_are_never_handed_to_pillow(head: bytes) -> None:
    with pytest.raises(UnreadableError, match="not a picture in any known format"):
        formats_of(head, Path("picture.jpg"))


def test_a_postscript_file_named_jpg_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "trap.jpg"
    path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n")
    with pytest.raises(UnreadableError, match="not a picture in any known format"):
        ImageReader().open(path)


def psd() -> bytes:
    """Make a merged Photoshop picture of 4 x 2 red pixels."""
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 2, 4, 8, 3)
    return header + struct.pack(">IIIH", 0, 0, 0, 0) + b"\xff" * 8 + b"\0" * 16


def large_psd() -> bytes:
    """Make the picture of ``psd`` in the version for large pictures."""
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 2, 3, 2, 4, 8, 3)
    return header + struct.pack(">IIQH", 0, 0, 0, 0) + b"\xff" * 8 + b"\0" * 16


def cursor() -> bytes:
    """Make a cursor of 4 x 4 red pixels."""
    pixels = (
        struct.pack("<IiiHHIIiiII", 40, 4, 8, 1, 32, 0, 64, 0, 0, 0, 0) + b"\0\0\xff\xff" * 16 + b"\0" * 16
    )
    return struct.pack("<HHHBBBBHHII", 0, 2, 1, 4, 4, 0, 0, 0, 0, len(pixels), 22) + pixels


def icon() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(target, "ICNS")
    return target.getvalue()


XPM = b'/* XPM */\nstatic char *x[] = {\n"4 2 1 1",\n"a c #ff0000",\n"aaaa",\n"aaaa"\n};\n'
RED = {"psd": psd, "psb": large_psd, "cur": cursor, "icns": icon, "xpm": lambda: XPM}


@pytest.mark.parametrize("extension", sorted(OTHERS))
@pytest.mark.parametrize("name", ["picture.{}", "picture.jpg"])
def test_a_format_that_pillow_only_reads_is_read(tmp_path: Path, extension: str, name: str) -> None:
    path = tmp_path / name.format(extension)
    path.write_bytes(RED[extension]())
    with ImageReader().open(path) as media:
        assert media.part_count == 1
        assert media.load(1, 1).image.getpixel((1, 1)) == (255, 0, 0)


def test_a_photoshop_picture_of_a_kind_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    path = tmp_path / "deep.psd"
    path.write_bytes(struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, 2, 4, 8, 5) + bytes(200))
    with pytest.raises(UnreadableError, match="variant of its format that is not supported"):
        ImageReader().open(path)


@pytest.mark.parametrize(
    "extension", ["mpo", "insp", "pjpeg", "thm", "pic", "tga", "dib", "gif", "jpg_large"]
)
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "QOI"])
def test_a_picture_under_another_formats_name_is_read_as_what_it_is(
    scene: Image.Image, save: Callable[..., Path], extension: str, format_name: str
) -> None:
    with ImageReader().open(save(scene, f"picture.{extension}", format_name)) as media:
        assert media.load(1, 32).facts.width == 160


def test_an_uncompressed_tga_is_not_taken_for_a_cursor(
    scene: Image.Image, encoded: Callable[..., bytes]
) -> None:
    head = encoded(scene, "TGA")
    assert head.startswith(b"\0\0\2\0")
    assert not formats_by_content(head[:1024])


def test_the_window_tells_pictures_by_the_readers_own_list(
    scene: Image.Image, encoded: Callable[..., bytes]
) -> None:
    for format_name, extension in (("QOI", "qoi"), ("PPM", "pnm"), ("JPEG", "jpg"), ("BMP", "bmp")):
        assert picture_extension(encoded(scene, format_name)[:1024]) == extension
    for text in (b"BMW, a car", b"P6. Chapter the sixth", b"# define", b"<html>", b""):
        assert picture_extension(text) == ""


def test_an_animation_gives_its_first_frame_alone(save: Callable[..., Path]) -> None:
    red, blue = Image.new("RGB", (64, 48), "red"), Image.new("RGB", (64, 48), "blue")
    for name in ("a.gif", "a.png", "a.webp", "a.avifs"):
        path = save(red, name, save_all=True, append_images=[blue])
        with ImageReader().open(path) as media:
            assert media.part_count == 1
            r, g, b = media.load(1, 32).image.getpixel((20, 20))  # type: ignore[misc]
        assert r > 240 and g < 15 and b < 15


def test_a_file_of_several_photographs_gives_the_primary_one(save: Callable[..., Path]) -> None:
    red, blue = Image.new("RGB", (64, 48), "red"), Image.new("RGB", (64, 48), "blue")
    camera = save(red, "a.jpg", "MPO", save_all=True, append_images=[blue])
    phone = save(blue, "a.heic", "HEIF", save_all=True, append_images=[red], primary_index=1)
    for path in (camera, phone):
        with ImageReader().open(path) as media:
            assert media.part_count == 1
            r, _, b = media.load(1, 32).image.getpixel((20, 20))  # type: ignore[misc]
        assert r > 240 and b < 15
