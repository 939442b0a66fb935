"""BMP variants that Pillow rejects."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagefinder.domain.errors import UnreadableError
from imagefinder.readers.reader_registry import open_media

WIDTH, HEIGHT = 27, 20


@pytest.fixture
def wanted(scene: Image.Image) -> np.ndarray:
    """Pixels of the scene at 27 x 20."""
    return np.asarray(scene.resize((WIDTH, HEIGHT)))


def shown(tmp_path: Path, content: bytes) -> np.ndarray:
    path = tmp_path / "a.bmp"
    path.write_bytes(content)
    with open_media(path) as media:
        loaded = media.load(1, 100)
    assert loaded.damage is None
    return np.asarray(loaded.image, dtype=int)


def padded(rows: np.ndarray) -> bytes:
    """Return rows of bytes from the bottom up, each padded to a multiple of four bytes."""
    rows = rows[::-1]
    return np.pad(rows, ((0, 0), (0, -rows.shape[1] % 4))).tobytes()


def bmp(header: bytes, pixels: bytes) -> bytes:
    return struct.pack("<2sLLL", b"BM", 14 + len(header) + len(pixels), 0, 14 + len(header)) + header + pixels


def with_masks(
    pixels: np.ndarray, bits: int, masks: list[int], *, size: int = 40, compression: int = 3
) -> bytes:
    """Make a BMP from 8-bit levels, one channel for each mask."""
    stored = np.zeros((HEIGHT, WIDTH), np.uint64)
    for band, mask in enumerate(masks):
        if mask:
            shift = (mask & -mask).bit_length() - 1
            top = mask >> shift
            stored |= (np.rint(pixels[..., band] / 255 * top).astype(np.uint64)) << np.uint64(shift)
    rows = stored.astype(f"<u{bits // 8}").view(np.uint8).reshape(HEIGHT, -1)
    header = struct.pack("<LllHHL20x", size, WIDTH, HEIGHT, 1, bits, compression)
    header = (header + struct.pack(f"<{len(masks)}L", *masks)).ljust(size, b"\0")
    return bmp(header, padded(rows))


@pytest.mark.parametrize(
    ("bits", "masks"),
    [
        (16, [0xF00, 0xF0, 0xF]),
        (16, [0xFC00, 0x3F0, 0xF]),
        (32, [0x3FF00000, 0xFFC00, 0x3FF]),
        (32, [0xFF000000, 0xFF0000, 0xFF00]),
        (32, [0x3F, 0xFC0, 0x3F000]),
    ],
)
@pytest.mark.parametrize("size", [40, 52, 108, 124])
def test_any_masks_are_followed(
    tmp_path: Path, wanted: np.ndarray, bits: int, masks: list[int], size: int
) -> None:
    steps = min(mask.bit_count() for mask in masks)
    masks = masks if size < 56 else [*masks, 0]
    found = shown(tmp_path, with_masks(wanted, bits, masks, size=size))
    assert np.abs(found - wanted).max() <= 255 / (2**steps - 1) / 2 + 1


@pytest.mark.parametrize(("size", "compression"), [(108, 3), (40, 6)])
@pytest.mark.parametrize(
    ("bits", "masks"), [(16, [0xF00, 0xF0, 0xF, 0xF000]), (32, [0xFC0000, 0xFC00, 0xFC, 0xFF000000])]
)
def test_alpha_is_laid_on_white(
    tmp_path: Path, bits: int, masks: list[int], size: int, compression: int
) -> None:
    half = np.full((HEIGHT, WIDTH, 4), (102, 102, 102, 136))
    found = shown(tmp_path, with_masks(half, bits, masks, size=size, compression=compression))
    assert np.abs(found - 173).max() <= 3


def test_alpha_that_is_zero_everywhere_is_none(tmp_path: Path, wanted: np.ndarray) -> None:
    pixels = np.dstack((wanted, np.zeros((HEIGHT, WIDTH), np.uint8)))
    found = shown(tmp_path, with_masks(pixels, 32, [0xFF, 0xFF00, 0xFF0000, 0x3F000000], size=108))
    assert (found == wanted).all()


def test_a_small_file_that_says_it_is_large_is_refused(tmp_path: Path, wanted: np.ndarray) -> None:
    content = bytearray(with_masks(wanted, 32, [0x3FF00000, 0xFFC00, 0x3FF]))
    content[18:26] = struct.pack("<ll", 9_000, 9_000)
    with pytest.raises(UnreadableError):
        shown(tmp_path, bytes(content))


@pytest.mark.parametrize("size", [12, 16, 40])
def test_two_bits_a_pixel_are_read(tmp_path: Path, size: int) -> None:
    colours = np.array([(0, 0, 0), (250, 20, 30), (40, 200, 60), (255, 255, 255)], np.uint8)
    indexes = np.add.outer(np.arange(HEIGHT), np.arange(WIDTH)) % 4
    each = np.pad(indexes, ((0, 0), (0, 1))).reshape(HEIGHT, -1, 4)
    rows = (each[..., 0] << 6 | each[..., 1] << 4 | each[..., 2] << 2 | each[..., 3]).astype(np.uint8)
    fields = "<LHHHH" if size == 12 else "<LllHH"
    header = struct.pack(fields, size, WIDTH, HEIGHT, 1, 2).ljust(size, b"\0")
    for red, green, blue in colours:
        header += bytes((blue, green, red)) + (b"\0" if size == 40 else b"")
    assert (shown(tmp_path, bmp(header, padded(rows))) == colours[indexes]).all()


@pytest.mark.parametrize("size", [16, 24, 44, 66])
def test_headers_of_odd_lengths_are_read(tmp_path: Path, wanted: np.ndarray, size: int) -> None:
    header = struct.pack("<LllHH", size, WIDTH, HEIGHT, 1, 24).ljust(size, b"\0")
    rows = wanted[..., ::-1].reshape(HEIGHT, -1)
    assert (shown(tmp_path, bmp(header, padded(rows))) == wanted).all()


def test_more_colours_than_can_be_used_are_left_alone(
    tmp_path: Path, save: Callable[..., Path], scene: Image.Image
) -> None:
    small = scene.resize((WIDTH, HEIGHT)).quantize(200)
    content = bytearray(save(small, "b.bmp").read_bytes())
    content[46:50] = struct.pack("<L", 300)
    offset = struct.unpack_from("<L", content, 10)[0]
    content[offset:offset] = bytes(4 * (300 - (offset - 54) // 4))
    content[10:14] = struct.pack("<L", 54 + 4 * 300)
    assert (shown(tmp_path, bytes(content)) == np.asarray(small.convert("RGB"))).all()


def test_a_picture_that_is_cut_is_shown_as_far_as_it_goes(tmp_path: Path, wanted: np.ndarray) -> None:
    content = with_masks(wanted, 32, [0x3FF00000, 0xFFC00, 0x3FF])
    found = shown(tmp_path, content[: -WIDTH * 4 * 5])
    assert np.abs(found[5:] - wanted[5:]).max() <= 1
    assert (found[:5] == 0).all()


@pytest.mark.parametrize("size", [(0, 5), (5, 0), (2**31 - 1, 2**31 - 1), (-5, 5)])
def test_a_senseless_size_is_refused(tmp_path: Path, wanted: np.ndarray, size: tuple[int, int]) -> None:
    content = bytearray(with_masks(wanted, 32, [0x3FF00000, 0xFFC00, 0x3FF]))
    content[18:26] = struct.pack("<ll", *size)
    with pytest.raises(UnreadableError):
        shown(tmp_path, bytes(content))


def test_a_sound_picture_is_not_repaired(
    save: Callable[..., Path], scene: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "imagefinder.readers.repair.second_try.repair_bmp", lambda _: pytest.fail("was repaired")
    )
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        with open_media(save(scene.convert(mode), f"{mode}.bmp")) as media:
            assert isinstance(media.load(1, 100).image, Image.Image)
