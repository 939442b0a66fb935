"""Photoshop files of any depth, with extra channels, and in the large format."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from imagefinder.domain.errors import UnreadableError
from imagefinder.readers.reader import LoadedPart
from imagefinder.readers.reader_registry import open_media

WIDTH, HEIGHT = 45, 34
BITMAP, GREY, INDEXED, RGB, CMYK, LAB = 0, 1, 2, 3, 4, 9
BEHIND_LAYERS = b"some layers, which are passed over"


@pytest.fixture
def wanted(scene: Image.Image) -> np.ndarray:
    """Pixels of the scene at 45 x 34."""
    return np.asarray(scene.resize((WIDTH, HEIGHT)))


def packbits(row: bytes) -> bytes:
    """Encode a row with PackBits, without runs."""
    pieces = [row[start : start + 128] for start in range(0, len(row), 128)]
    return b"".join(bytes([len(piece) - 1]) + piece for piece in pieces)


def psd(
    planes: np.ndarray,
    kind: int,
    bits: int,
    *,
    is_large: bool = False,
    is_packed: bool = False,
    palette: bytes = b"",
    profile: bytes = b"",
) -> bytes:
    """Assemble a file from planes in the stored data type (for bitmaps, bytes of eight pixels)."""
    rows = [[row.astype(row.dtype.newbyteorder(">")).tobytes() for row in plane] for plane in planes]
    resource = b""
    if profile:
        resource = b"8BIM" + struct.pack(">H", 1005) + b"\x03abc" + struct.pack(">L", 3) + b"xyz\0"
        resource += b"8BIM" + struct.pack(">HHL", 1039, 0, len(profile)) + profile
    version, length = (2, ">Q") if is_large else (1, ">L")
    content = struct.pack(">4sH6xHLLHH", b"8BPS", version, len(planes), HEIGHT, WIDTH, bits, kind)
    content += struct.pack(">L", len(palette)) + palette + struct.pack(">L", len(resource)) + resource
    content += struct.pack(length, len(BEHIND_LAYERS)) + BEHIND_LAYERS + struct.pack(">H", is_packed)
    if is_packed:
        rows = [[packbits(row) for row in plane] for plane in rows]
        lengths = [len(row) for plane in rows for row in plane]
        content += struct.pack(f">{len(lengths)}{'L' if is_large else 'H'}", *lengths)
    return content + b"".join(row for plane in rows for row in plane)


def load(tmp_path: Path, content: bytes, name: str = "a.psd") -> LoadedPart:
    path = tmp_path / name
    path.write_bytes(content)
    with open_media(path) as media:
        return media.load(1, 1000)


def is_like(tmp_path: Path, content: bytes, pixels: np.ndarray, tolerance: int = 2) -> bool:
    loaded = load(tmp_path, content)
    difference = np.abs(np.asarray(loaded.image, dtype=int) - pixels)
    return loaded.damage is None and bool(difference.max() <= tolerance)


def planes_of(pixels: np.ndarray, bits: int) -> np.ndarray:
    levels = np.moveaxis(pixels, -1, 0)
    return levels.astype(np.uint16) * 257 if bits == 16 else levels


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("is_large", [False, True])
@pytest.mark.parametrize("further", [0, 1, 3])
@pytest.mark.parametrize("bits", [8, 16])
def test_colours_are_shown(
    tmp_path: Path, wanted: np.ndarray, bits: int, further: int, is_large: bool, is_packed: bool
) -> None:
    pixels = np.dstack([wanted] + [np.full((HEIGHT, WIDTH), 9, np.uint8)] * further)
    content = psd(planes_of(pixels, bits), RGB, bits, is_large=is_large, is_packed=is_packed)
    assert is_like(tmp_path, content, wanted)


@pytest.mark.parametrize("bits", [8, 16])
def test_greys_are_shown(tmp_path: Path, wanted: np.ndarray, bits: int) -> None:
    grey = wanted[..., :1]
    for planes in (grey, np.dstack((grey, grey // 2))):
        assert is_like(tmp_path, psd(planes_of(planes, bits), GREY, bits), grey.repeat(3, axis=2))


@pytest.mark.parametrize("further", [0, 1])
@pytest.mark.parametrize("bits", [8, 16])
def test_inks_are_shown(tmp_path: Path, bits: int, further: int) -> None:
    # 255 means no ink.
    pixels = np.full((HEIGHT, WIDTH, 4 + further), [0, 255, 255, 255, 33][: 4 + further], np.uint8)
    content = psd(planes_of(pixels, bits), CMYK, bits)
    assert is_like(tmp_path, content, np.full((HEIGHT, WIDTH, 3), (0, 255, 255)))


def test_lab_of_sixteen_bits_is_shown(tmp_path: Path) -> None:
    pixels = np.full((HEIGHT, WIDTH, 3), (138, 128, 128), np.uint8)
    content = psd(planes_of(pixels, 16), LAB, 16)
    assert is_like(tmp_path, content, np.full((HEIGHT, WIDTH, 3), 129), 3)


def test_a_bitmap_and_a_palette_are_shown_with_a_further_channel(tmp_path: Path) -> None:
    black = np.zeros((1, HEIGHT, (WIDTH + 7) // 8), np.uint8)
    black[0, 5] = 255
    shown = np.full((HEIGHT, WIDTH, 3), 255)
    shown[5] = 0
    assert is_like(tmp_path, psd(black, BITMAP, 1), shown)
    indexes = np.full((2, HEIGHT, WIDTH), 7, np.uint8)
    palette = bytearray(768)
    palette[7], palette[256 + 7], palette[512 + 7] = 10, 200, 90
    content = psd(indexes, INDEXED, 8, palette=bytes(palette))
    assert is_like(tmp_path, content, np.full((HEIGHT, WIDTH, 3), (10, 200, 90)))


def test_fractions_are_light(tmp_path: Path, wanted: np.ndarray) -> None:
    light = np.moveaxis((wanted / 255) ** 2.2, -1, 0).astype(np.float32)
    assert is_like(tmp_path, psd(light, RGB, 32), wanted, 14)


def test_the_profile_is_followed(tmp_path: Path, wanted: np.ndarray) -> None:
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = profile.index(b"rXYZ"), profile.index(b"bXYZ")
    profile[red : red + 4], profile[blue : blue + 4] = b"bXYZ", b"rXYZ"
    content = psd(planes_of(wanted, 16), RGB, 16, profile=bytes(profile))
    assert is_like(tmp_path, content, wanted[..., ::-1], 4)


def test_what_is_cut_is_shown_as_far_as_it_goes(tmp_path: Path, wanted: np.ndarray) -> None:
    grey = wanted[..., :1] // 2 + 64
    content = psd(planes_of(grey, 16), GREY, 16)
    loaded = load(tmp_path, content[: -WIDTH * 2 * 24])
    assert np.abs(np.asarray(loaded.image, dtype=int)[:10] - grey[:10]).max() <= 2
    assert str(loaded.damage) == "damaged: the lower part is missing"


@pytest.mark.parametrize("cut", [20, 30, 40])
def test_a_header_that_is_cut_is_refused(tmp_path: Path, wanted: np.ndarray, cut: int) -> None:
    with pytest.raises(UnreadableError):
        load(tmp_path, psd(planes_of(wanted, 16), RGB, 16)[:cut])


def test_too_few_channels_or_an_unknown_kind_are_refused(tmp_path: Path, wanted: np.ndarray) -> None:
    for content in (psd(planes_of(wanted[..., :2], 16), RGB, 16), psd(planes_of(wanted, 16), 5, 16)):
        with pytest.raises(UnreadableError):
            load(tmp_path, content)


def test_a_large_file_is_found_by_its_name(tmp_path: Path, wanted: np.ndarray) -> None:
    loaded = load(tmp_path, psd(planes_of(wanted, 8), RGB, 8, is_large=True), "a.psb")
    assert isinstance(loaded.image, Image.Image)
