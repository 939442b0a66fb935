"""Damaged pictures are shown as far as they can be decoded, and faulty metadata costs no pixels."""

import io
import struct
import zlib
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers.colour_profiles import swapped_profile
from PIL import ExifTags, Image, ImageFile, PngImagePlugin

from imagefinder.domain.errors import PassingError, UnreadableError
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.readers import image as image_module
from imagefinder.readers.reader import LoadedPart
from imagefinder.readers.reader_registry import open_media
from imagefinder.readers.repair import png_repair
from imagefinder.readers.repair.second_try import repair

LOWER = Reason(ReasonCode.LOWER_PART_MISSING)


@pytest.fixture
def photograph() -> Image.Image:
    """Picture of 320 x 240 noisy pixels, which compress badly and leave no row in one colour."""
    noise = np.random.default_rng(1).integers(40, 120, (60, 80, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC)


def load(path: Path, side: int = 240) -> LoadedPart:
    with open_media(path) as media:
        return media.load(1, side)


def load_bytes(tmp_path: Path, content: bytes, name: str, side: int = 240) -> LoadedPart:
    path = tmp_path / name
    path.write_bytes(content)
    return load(path, side)


def right_rows(shown: Image.Image, wanted: Image.Image) -> float:
    """Return the share of rows above the first one that differs."""
    difference = np.abs(np.asarray(shown, dtype=int) - np.asarray(wanted, dtype=int)).mean((1, 2))
    wrong = np.flatnonzero(difference > 12)
    return float(wrong[0] / len(difference)) if wrong.size else 1.0


ROW_BY_ROW = [
    ("a.jpg", "RGB", {"quality": 95}),
    ("cmyk.jpg", "CMYK", {"quality": 95}),
    ("grey.jpg", "L", {"quality": 95}),
    ("a.png", "RGB", {}),
    ("alpha.png", "RGBA", {}),
    ("plain.gif", "RGB", {"interlace": 0}),
    ("a.ppm", "RGB", {}),
    ("a.webp", "RGB", {}),
    ("lossless.webp", "RGB", {"lossless": True}),
    ("a.qoi", "RGB", {}),
    ("a.pcx", "RGB", {}),
    ("a.tif", "RGB", {}),
    ("a.heic", "RGB", {"quality": 90}),
]


@pytest.mark.parametrize(("name", "mode", "options"), ROW_BY_ROW)
def test_a_picture_cut_at_its_last_quarter_is_shown_as_far_as_it_goes(
    save: Callable[..., Path], photograph: Image.Image, name: str, mode: str, options: dict[str, object]
) -> None:
    path = save(photograph.convert(mode), name, **options)
    whole = load(path).image
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 4])
    loaded = load(path)
    assert (loaded.facts.width, loaded.facts.height) == (320, 240)
    assert loaded.image.size == whole.size
    assert right_rows(loaded.image, whole) > 0.55
    assert loaded.damage is None


@pytest.mark.parametrize(("name", "mode", "options"), ROW_BY_ROW)
def test_a_picture_that_lost_more_than_half_is_shown_and_called_damaged(
    save: Callable[..., Path], photograph: Image.Image, name: str, mode: str, options: dict[str, object]
) -> None:
    path = save(photograph.convert(mode), name, **options)
    whole = load(path).image
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 3 // 10])
    loaded = load(path)
    assert right_rows(loaded.image, whole) > 0.12
    assert loaded.damage == LOWER


@pytest.mark.parametrize(("name", "options"), [("a.bmp", {}), ("a.tga", {"compression": "tga_rle"})])
def test_a_picture_stored_from_below_lacks_its_upper_part(
    save: Callable[..., Path], photograph: Image.Image, name: str, options: dict[str, Any]
) -> None:
    path = save(photograph, name, **options)
    path.write_bytes(path.read_bytes()[: 320 * 240])
    assert load(path).damage == Reason(ReasonCode.UPPER_PART_MISSING)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"restart_marker_rows": 1}, {"exif": b""}])
@pytest.mark.parametrize("size", [(451, 300), (160, 120), (1600, 1200), (16, 9)])
def test_a_jpeg_without_its_end_marker_is_the_same_picture(
    save: Callable[..., Path], photograph: Image.Image, size: Any, options: dict[str, Any]
) -> None:
    path = save(photograph.resize(size), "a.jpg", **options)
    whole = load(path).image
    content = path.read_bytes()
    assert content.endswith(b"\xff\xd9")
    for cut in (content[:-2], content[:-1]):
        path.write_bytes(cut)
        loaded = load(path)
        assert loaded.image.tobytes() == whole.tobytes()
        assert loaded.damage is None


def test_a_damaged_jpeg_is_loaded_again_at_another_size(
    save: Callable[..., Path], photograph: Image.Image
) -> None:
    path = save(photograph.resize((1600, 1200)), "a.jpg")
    path.write_bytes(path.read_bytes()[:-300])
    with open_media(path) as media:
        small, large, again = (media.load(1, side).image for side in (100, 1200, 100))
    assert (small.size, large.size) == ((200, 150), (1600, 1200))
    assert again.tobytes() == small.tobytes()


def with_segment(jpeg: bytes, marker: int, body: bytes) -> bytes:
    return jpeg[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + jpeg[2:]


@pytest.mark.parametrize(
    ("marker", "body"),
    [(0xE0, b"JFIF\0"), (0xE0, b"JFIF"), (0xEE, b"Adobe"), (0xEE, b"Adobe\0"), (0xE2, b"ICC_PROFILE\0")],
)
def test_a_short_side_segment_costs_a_jpeg_nothing(
    tmp_path: Path, encoded: Callable[..., bytes], photograph: Image.Image, marker: Any, body: Any
) -> None:
    jpeg = encoded(photograph, "JPEG")
    with pytest.raises(Exception), Image.open(io.BytesIO(with_segment(jpeg, marker, body))):  # noqa: B017
        pass
    whole = load_bytes(tmp_path, jpeg, "whole.jpg")
    assert load_bytes(tmp_path, with_segment(jpeg, marker, body), "a.jpg") == whole


def test_a_repaired_jpeg_keeps_its_orientation_and_its_colours(
    tmp_path: Path, encoded: Callable[..., bytes], photograph: Image.Image
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    jpeg = encoded(photograph, "JPEG", exif=exif.tobytes(), icc_profile=swapped_profile())
    whole = load_bytes(tmp_path, jpeg, "whole.jpg")
    loaded = load_bytes(tmp_path, jpeg[:-2], "cut.jpg")
    assert loaded.image.size == (240, 320)
    assert loaded.image.tobytes() == whole.image.tobytes()


def chunk(kind: bytes, body: bytes, *, check: int | None = None) -> bytes:
    check = zlib.crc32(kind + body) if check is None else check
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def profile_chunk(profile: bytes, method: bytes = b"\0") -> bytes:
    return chunk(b"iCCP", b"icc\0" + method + zlib.compress(profile))


BIG = b"workflow " * 200_000
SPOILT = {
    "tEXt with a bad checksum": chunk(b"tEXt", b"Comment\0hello", check=1),
    "eXIf with a bad checksum": chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\0", check=1),
    "unknown chunk with a bad checksum": chunk(b"teST", b"hello", check=1),
    "tRNS with a bad checksum": chunk(b"tRNS", bytes(6), check=1),
    "short pHYs": chunk(b"pHYs", b"\0\0"),
    "short gAMA": chunk(b"gAMA", b"\0"),
    "short cHRM": chunk(b"cHRM", b"\0" * 7),
    "short acTL": chunk(b"acTL", b"\0\0\0\1"),
    "short fcTL": chunk(b"acTL", struct.pack(">II", 2, 0)) + chunk(b"fcTL", b"\0\0"),
    "short tRNS": chunk(b"tRNS", b"\0"),
    "empty sRGB": chunk(b"sRGB", b""),
    "empty iCCP": chunk(b"iCCP", b""),
    "iCCP by an unknown method": profile_chunk(b"x", method=b"\7"),
    "zTXt by an unknown method": chunk(b"zTXt", b"key\0\7" + zlib.compress(b"x")),
    "large tEXt": chunk(b"tEXt", b"prompt\0" + BIG),
    "large zTXt": chunk(b"zTXt", b"prompt\0\0" + zlib.compress(BIG)),
    "large iTXt": chunk(b"iTXt", b"prompt\0\1\0\0\0" + zlib.compress(BIG)),
    "large iCCP": profile_chunk(BIG),
    "many large texts": b"".join(
        chunk(b"zTXt", b"k%d\0\0" % i + zlib.compress(bytes(1_000_000))) for i in range(70)
    ),
}


@pytest.mark.parametrize("where", ["before the pixels", "after them"])
@pytest.mark.parametrize("what", SPOILT)
def test_a_spoilt_side_chunk_costs_a_png_nothing(
    tmp_path: Path, encoded: Callable[..., bytes], photograph: Image.Image, what: Any, where: Any
) -> None:
    png = encoded(photograph, "PNG")
    at = 33 if where == "before the pixels" else len(png) - 12
    loaded = load_bytes(tmp_path, png[:at] + SPOILT[what] + png[at:], "a.png")
    assert loaded.image.tobytes() == photograph.tobytes()
    assert loaded.damage is None


def test_sound_metadata_of_a_spoilt_png_is_kept(
    tmp_path: Path, encoded: Callable[..., bytes], photograph: Image.Image
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    # Larger than Pillow accepts, but smaller than profiles of printing presses.
    large = swapped_profile() + bytes(PngImagePlugin.MAX_TEXT_CHUNK)
    for profile in (swapped_profile(), large):
        png = encoded(photograph, "PNG", exif=exif.tobytes())
        png = png[:33] + SPOILT["short pHYs"] + profile_chunk(profile) + png[33:]
        shown = load_bytes(tmp_path, png, "a.png").image
        red, green, blue = photograph.transpose(Image.Transpose.ROTATE_270).split()
        assert right_rows(shown, Image.merge("RGB", (blue, green, red))) == 1


@pytest.mark.parametrize("packed", [False, True])
def test_an_orientation_in_xmp_survives_a_spoilt_chunk(
    tmp_path: Path, encoded: Callable[..., bytes], photograph: Image.Image, packed: bool
) -> None:
    xmp = b'<x tiff:Orientation="6"/>' + bytes(2_000_000)
    text = b"\1\0\0\0" + zlib.compress(xmp) if packed else b"\0\0\0\0" + xmp
    png = encoded(photograph, "PNG")
    png = png[:33] + chunk(b"iTXt", b"XML:com.adobe.xmp\0" + text) + png[33:]
    assert load_bytes(tmp_path, png, "a.png").image.size == (240, 320)


def test_a_profile_that_unpacks_to_a_gigabyte_takes_no_memory(
    tmp_path: Path, encoded: Callable[..., bytes], photograph: Image.Image
) -> None:
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(256)) + packer.flush()
    png = encoded(photograph, "PNG")
    found = repair(png[:33] + chunk(b"iCCP", b"icc\0\0" + bomb) + png[33:], "PNG")
    assert found is not None and found.info == {}


def test_a_bomb_behind_a_spoilt_chunk_is_refused_for_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(png_repair, "_unpacked_length", lambda *_: pytest.fail("unpacked"))
    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 1)
    png = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + SPOILT["short pHYs"]
    png += chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    with pytest.raises(UnreadableError, match="too large"):
        load_bytes(tmp_path, png, "a.png")


def test_a_spoilt_header_is_not_guessed_at(
    tmp_path: Path, encoded: Callable[..., bytes], photograph: Image.Image
) -> None:
    png = bytearray(encoded(photograph, "PNG"))
    png[17] ^= 1
    with pytest.raises(UnreadableError):
        load_bytes(tmp_path, bytes(png), "a.png")


def interlaced(image: Image.Image) -> bytes:
    """Encode a greyscale picture as an interlaced PNG, which Pillow cannot write."""
    pixels = np.asarray(image.convert("L"))
    rows = b"".join(
        b"\0" + row.tobytes()
        for x, y, step_x, step_y in
        ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
        for row in pixels[y::step_y, x::step_x]
    )  # fmt: skip
    header = struct.pack(">IIBBBBB", *image.size, 8, 0, 0, 0, 1)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(rows, 0))
        + chunk(b"IEND", b"")
    )


def test_of_a_cut_interlaced_png_the_passes_that_are_whole_are_shown(
    tmp_path: Path, photograph: Image.Image
) -> None:
    whole = interlaced(photograph)
    assert load_bytes(tmp_path, whole, "a.png").image.size == (320, 240)
    wanted = photograph.convert("L").convert("RGB").resize((80, 60))
    for share, size in ((0.8, (160, 120)), (0.3, (160, 120)), (0.2, (80, 60)), (0.05, (40, 30))):
        loaded = load_bytes(tmp_path, whole[: int(len(whole) * share)], "a.png")
        assert loaded.image.size == size
        assert (loaded.facts.width, loaded.facts.height) == (320, 240)
        if share > 0.1:
            difference = np.asarray(loaded.image.resize((80, 60)), int) - np.asarray(wanted, int)
            assert np.abs(difference).mean() < 12


@pytest.mark.parametrize(("share", "size"), [(0.8, (160, 120)), (0.4, (80, 60)), (0.2, (40, 30))])
def test_of_a_cut_interlaced_gif_the_passes_that_are_whole_are_shown(
    save: Callable[..., Path], photograph: Image.Image, share: Any, size: Any
) -> None:
    path = save(photograph.convert("L"), "a.gif", interlace=1)
    whole, content = load(path).image, path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    loaded = load(path)
    assert (loaded.image.size, loaded.damage) == (size, None)
    difference = np.asarray(loaded.image, int) - np.asarray(whole, int)[:: 240 // size[1], :: 320 // size[0]]
    assert not difference.any()


@pytest.mark.parametrize("depth", [2, 4])
def test_the_transparent_grey_of_2_and_4_bits_is_laid_on_white(tmp_path: Path, depth: int) -> None:
    per_byte, black, other = 8 // depth, 1, 2
    row = sum(black << depth * i for i in range(per_byte)).to_bytes(1) * 2
    row += sum(other << depth * i for i in range(per_byte)).to_bytes(1) * 2
    header = struct.pack(">IIBBBBB", 4 * per_byte, 4, depth, 0, 0, 0, 0)
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tRNS", struct.pack(">H", black))
        + chunk(b"IDAT", zlib.compress((b"\0" + row) * 4))
        + chunk(b"IEND", b"")
    )
    shown = load_bytes(tmp_path, png, "a.png").image
    level = other * 255 // (2**depth - 1)
    assert (shown.getpixel((0, 0)), shown.getpixel((3 * per_byte, 0))) == ((255,) * 3, (level,) * 3)


@pytest.mark.parametrize("channels", [1, 3])
def test_the_transparent_colour_of_16_bits_is_laid_on_white(tmp_path: Path, channels: int) -> None:
    key, other = 0x8001, 0x4002
    row = struct.pack(f">{4 * channels}H", *[key] * 2 * channels, *[other] * 2 * channels)
    header = struct.pack(">IIBBBBB", 4, 4, 16, 0 if channels == 1 else 2, 0, 0, 0)
    png = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tRNS", struct.pack(f">{channels}H", *[key] * channels))
        + chunk(b"IDAT", zlib.compress((b"\0" + row) * 4))
        + chunk(b"IEND", b"")
    )
    shown = load_bytes(tmp_path, png, "a.png").image
    assert (shown.getpixel((0, 0)), shown.getpixel((3, 0))) == ((255,) * 3, (0x40,) * 3)


@pytest.mark.parametrize("options", [{"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}, {"save_all": True}])
def test_an_extended_webp_that_is_cut_is_shown_as_far_as_it_goes(
    save: Callable[..., Path], photograph: Image.Image, options: dict[str, Any]
) -> None:
    frames = {"append_images": [photograph.rotate(180)]} if "save_all" in options else {}
    path = save(photograph, "a.webp", quality=90, **options, **frames)
    whole, content = load(path).image, path.read_bytes()
    path.write_bytes(content[: int(len(content) * (0.35 if frames else 0.75))])
    assert right_rows(load(path).image, whole) > 0.5


@pytest.mark.parametrize("wrong", [-20, 20])
def test_a_webp_of_another_length_than_its_header_says_is_shown(
    save: Callable[..., Path], photograph: Image.Image, wrong: int
) -> None:
    path = save(photograph, "a.webp")
    whole, content = load(path).image, path.read_bytes()
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8 + wrong) + content[8:])
    assert load(path).image.tobytes() == whole.tobytes()


@pytest.mark.parametrize("name", ["a.jp2", "a.j2k", "lossy.jp2"])
def test_a_cut_jpeg_2000_is_shown_with_the_detail_that_is_there(
    save: Callable[..., Path], photograph: Image.Image, name: str
) -> None:
    options = (
        {"irreversible": True, "quality_mode": "rates", "quality_layers": [10]} if "lossy" in name else {}
    )
    path = save(photograph, name, **options)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    shown = load(path).image.resize((40, 30), Image.Resampling.BOX)
    assert right_rows(shown, photograph.resize((40, 30), Image.Resampling.BOX)) == 1


def tiff_of_strips(image: Image.Image, spoil: Callable[[list[int]], None]) -> bytes:
    """Make a TIFF with its directory first and ten strips, whose offsets ``spoil`` may change."""
    rows, strips = image.height // 10, 10
    size = image.width * rows * 3
    start = 400
    offsets = [start + size * i for i in range(strips)]
    spoil(offsets)
    tags = [
        (256, 4, 1, image.width), (257, 4, 1, image.height), (258, 3, 3, 200), (259, 3, 1, 1 << 16),
        (262, 3, 1, 2 << 16), (273, 4, strips, 220), (277, 3, 1, 3 << 16), (278, 4, 1, rows),
        (279, 4, strips, 280),
    ]  # fmt: skip
    content = b"MM\0*\0\0\0\x08" + struct.pack(">H", len(tags))
    content += b"".join(struct.pack(">HHII", *tag) for tag in tags) + bytes(4)
    content = content.ljust(200, b"\0") + struct.pack(">HHH", 8, 8, 8)
    content = content.ljust(220, b"\0") + struct.pack(">10I", *offsets)
    content = content.ljust(280, b"\0") + struct.pack(">10I", *[size] * strips)
    return content.ljust(start, b"\0") + image.tobytes()


def test_a_strip_of_a_tiff_that_is_missing_costs_only_itself(tmp_path: Path, photograph: Image.Image) -> None:
    def spoil(offsets: list[int]) -> None:
        offsets[3] = 10_000_000

    loaded = load_bytes(tmp_path, tiff_of_strips(photograph, spoil), "a.tif")
    rows = np.abs(np.asarray(loaded.image, int) - np.asarray(photograph, int)).max((1, 2))
    assert not rows[: 3 * 24].any() and not rows[4 * 24 :].any()
    assert rows[3 * 24 : 4 * 24].all()
    assert loaded.damage is None


def test_where_no_pixel_is_left_the_first_reason_stands(
    save: Callable[..., Path], photograph: Image.Image
) -> None:
    for name, kept in (("a.jpg", 400), ("a.png", 45), ("a.gif", 790), ("a.webp", 30), ("a.qoi", 14)):
        path = save(photograph, name)
        path.write_bytes(path.read_bytes()[:kept])
        with pytest.raises(UnreadableError, match=r"the picture is (cut short|damaged)"):
            load(path)


def test_the_second_try_asks_for_memory_too(
    save: Callable[..., Path], photograph: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save(photograph, "a.jpg")
    path.write_bytes(path.read_bytes()[:-2])

    def refuse(size: int) -> AbstractContextManager[None]:
        if size > path.stat().st_size:
            raise PassingError(ReasonCode.TOO_LARGE_NOW, megabytes=1)
        return nullcontext()

    monkeypatch.setattr(image_module, "room_for_file", refuse)
    with pytest.raises(PassingError):
        load(path)


def test_a_webp_that_claims_gigabytes_is_not_filled_up(
    encoded: Callable[..., bytes], photograph: Image.Image
) -> None:
    webp = encoded(photograph, "WEBP")
    assert repair(webp[:16] + struct.pack("<I", 2**31) + webp[20:], "WEBP") is None


def test_a_sound_picture_is_read_once(
    save: Callable[..., Path], photograph: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_module, "repair", lambda *_, **__: pytest.fail("repaired"))
    for name in ("a.jpg", "a.png", "a.webp", "a.gif", "a.jp2"):
        assert load(save(photograph, name)).damage is None


def test_pillows_switch_for_the_whole_process_is_never_touched(
    save: Callable[..., Path], photograph: Image.Image
) -> None:
    path = save(photograph, "a.jpg")
    path.write_bytes(path.read_bytes()[:-900])
    load(path)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False
