"""TIFFs whose samples Pillow does not support or misreads."""

import struct
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imagefinder.domain.errors import UnreadableError
from imagefinder.readers.reader import LoadedPart
from imagefinder.readers.reader_registry import open_media

WIDTH, HEIGHT = 45, 34
NONE, LZW, DEFLATE = 1, 5, 8


@pytest.fixture
def wanted(scene: Image.Image) -> np.ndarray:
    """Pixels of the scene at 45 x 34."""
    return np.asarray(scene.resize((WIDTH, HEIGHT)))


def load(path: Path, part: int = 1) -> LoadedPart:
    with open_media(path) as media:
        return media.load(part, 1000)


def is_like(path: Path, pixels: np.ndarray, tolerance: int = 3) -> bool:
    loaded = load(path)
    shown = np.asarray(loaded.image, dtype=int)
    return loaded.damage is None and bool(np.abs(shown - pixels).max() <= tolerance)


def packed(samples: np.ndarray, bits: int, order: str) -> bytes:
    """Pack samples by rows, each padded to whole bytes."""
    rows = samples.reshape(samples.shape[0], -1)
    if samples.dtype.kind == "f":
        return rows.astype(rows.dtype.newbyteorder(order)).tobytes()  # type: ignore[arg-type]
    if bits in (8, 16, 32, 64):
        return rows.astype(f"{order}u{bits // 8}").tobytes()
    if bits == 24:
        each = rows.astype(f"{order}u4").view(np.uint8).reshape(*rows.shape, 4)
        return np.ascontiguousarray(each[..., :3] if order == "<" else each[..., 1:]).tobytes()
    each = rows[..., None].astype(np.uint64) >> np.arange(bits - 1, -1, -1, dtype=np.uint64) & np.uint64(1)
    return np.packbits(each.astype(np.uint8).reshape(rows.shape[0], -1), axis=1).tobytes()


def lzw(data: bytes) -> bytes:
    """Compress data with libtiff's LZW, by saving it as an 8-bit picture."""
    file = BytesIO()
    Image.frombytes("L", (len(data), 1), data).save(file, "TIFF", compression="tiff_lzw")
    content = file.getvalue()
    with Image.open(file) as picture:
        offset, size = picture.tag_v2[273][0], picture.tag_v2[279][0]
    return content[offset : offset + size]


def tiff(
    chunks: list[bytes], bits: int, count: int, photometric: int, order: str = "<", **tags: Any
) -> bytes:
    """Assemble a TIFF of strips or tiles. Arguments ``tag_NUMBER`` add tags or replace the default ones."""
    content = bytearray(struct.pack(f"{order}2sHL", b"II" if order == "<" else b"MM", 42, 0))
    offsets = []
    for chunk in chunks:
        offsets.append(len(content))
        content += chunk
    lengths = [len(chunk) for chunk in chunks]
    entries = {256: [WIDTH], 257: [HEIGHT], 258: [bits] * count, 259: [NONE], 262: [photometric]}
    entries |= {273: offsets, 277: [count], 278: [HEIGHT], 279: lengths}
    entries |= {int(name.removeprefix("tag_")): values for name, values in tags.items()}
    entries = {tag: values for tag, values in entries.items() if values}
    directory = b""
    for tag, values in sorted(entries.items()):
        is_long = tag in (273, 279, 324, 325)
        body = struct.pack(f"{order}{len(values)}{'L' if is_long else 'H'}", *values)
        if len(body) > 4:
            place = len(content)
            content += body
            body = struct.pack(f"{order}L", place)
        directory += struct.pack(f"{order}HHL", tag, 4 if is_long else 3, len(values)) + body.ljust(4, b"\0")
    content[4:8] = struct.pack(f"{order}L", len(content))
    return bytes(content) + struct.pack(f"{order}H", len(entries)) + directory + bytes(4)


def written(tmp_path: Path, content: bytes) -> Path:
    path = tmp_path / "a.tif"
    path.write_bytes(content)
    return path


def deepened(levels: np.ndarray, bits: int) -> np.ndarray:
    """Scale 8-bit levels to ``bits`` bits."""
    return (levels.astype(object) * (2**bits - 1) // 255).astype(np.uint64)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("is_planar", [False, True])
@pytest.mark.parametrize("bits", [5, 6, 7, 8, 10, 12, 14, 16, 24, 32, 64])
def test_colours_of_any_depth_are_shown(
    tmp_path: Path, wanted: np.ndarray, bits: int, is_planar: bool, order: str
) -> None:
    deep = deepened(wanted, bits)
    planes = [deep[..., band : band + 1] for band in range(3)] if is_planar else [deep]
    chunks = [packed(plane, bits, order) for plane in planes]
    content = tiff(chunks, bits, 3, 2, order, tag_284=[1 + is_planar])
    assert is_like(written(tmp_path, content), wanted, 255 // (2**bits - 1) + 1)


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("bits", [3, 6, 10, 14, 24])
def test_greys_of_any_depth_are_shown(
    tmp_path: Path, wanted: np.ndarray, bits: int, photometric: int
) -> None:
    grey = wanted[..., :1].copy()
    grey[0, 0], grey[0, 1] = 0, 255
    stored = grey if photometric else 255 - grey
    content = tiff([packed(deepened(stored, bits), bits, "<")], bits, 1, photometric)
    assert is_like(written(tmp_path, content), grey.repeat(3, axis=2), 255 // (2**bits - 1) + 4)


@pytest.mark.parametrize("top", [1.0, 255.0, 900.0])
@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_colours_in_fractions_are_shown(tmp_path: Path, wanted: np.ndarray, kind: type, top: float) -> None:
    values = (wanted / 255 * top).astype(kind)  # type: ignore[var-annotated]
    content = tiff([packed(values, 0, "<")], 8 * values.itemsize, 3, 2, tag_339=[3, 3, 3])
    assert is_like(written(tmp_path, content), wanted, 6)


def test_colours_that_no_screen_shows_do_not_change_the_others(tmp_path: Path, wanted: np.ndarray) -> None:
    values = (wanted / 255).astype(np.float32)
    values[wanted == 0] = -0.3
    content = tiff([packed(values, 32, "<")], 32, 3, 2, tag_339=[3, 3, 3])
    assert is_like(written(tmp_path, content), wanted, 6)


@pytest.mark.parametrize("compression", [LZW, DEFLATE])
@pytest.mark.parametrize(("bits", "predictor"), [(16, 1), (16, 2), (32, 2), (32, 3), (12, 1)])
def test_what_is_compressed_is_shown(
    tmp_path: Path, wanted: np.ndarray, bits: int, predictor: int, compression: int
) -> None:
    order = ">"
    if predictor == 3:
        values = (wanted / 255).astype(">f4")
        planes = values.reshape(HEIGHT, -1, 1).view(np.uint8).reshape(HEIGHT, -1, 4).transpose(0, 2, 1)
        each = planes.reshape(HEIGHT, -1, 3)
        data = np.diff(each, axis=1, prepend=np.zeros((HEIGHT, 1, 3), np.uint8)).tobytes()
    else:
        deep = deepened(wanted, bits).astype(f"u{max(bits // 8, 2)}")
        if predictor == 2:
            deep = np.diff(deep, axis=1, prepend=np.zeros((HEIGHT, 1, 3), deep.dtype))
        data = packed(deep, bits, order)
    chunk = zlib.compress(data) if compression == DEFLATE else lzw(data)
    kinds = [3, 3, 3] if predictor == 3 else []
    content = tiff([chunk], bits, 3, 2, order, tag_259=[compression], tag_317=[predictor], tag_339=kinds)
    assert is_like(written(tmp_path, content), wanted)


@pytest.mark.parametrize("offsets", [273, 324])
def test_tiles_are_shown_whichever_tag_gives_their_places(
    tmp_path: Path, wanted: np.ndarray, offsets: int
) -> None:
    side = 16
    padded = np.zeros((48, 48, 3), np.uint8)
    padded[:HEIGHT, :WIDTH] = wanted
    tiles = [
        padded[top : top + side, left : left + side].tobytes()
        for top in range(0, HEIGHT, side)
        for left in range(0, WIDTH, side)
    ]
    places = [8 + index * side * side * 3 for index in range(len(tiles))]
    lengths = [side * side * 3] * len(tiles)
    tags: dict[str, Any] = {"tag_322": [side], "tag_323": [side]}
    if offsets == 324:
        tags |= {"tag_273": [], "tag_279": [], "tag_324": places, "tag_325": lengths}
    assert is_like(written(tmp_path, tiff(tiles, 8, 3, 2, **tags)), wanted)


@pytest.mark.parametrize(("extra", "shown"), [(0, 100), (1, 227), (2, 177)])
def test_alpha_is_laid_on_white(tmp_path: Path, extra: int, shown: int) -> None:
    half = np.full((HEIGHT, WIDTH, 4), (100, 100, 100, 128))
    content = tiff([packed(deepened(half, 16), 16, "<")], 16, 4, 2, tag_338=[extra], tag_284=[1])
    planes = [packed(deepened(half[..., band : band + 1], 16), 16, "<") for band in range(4)]
    planar = tiff(planes, 16, 4, 2, tag_338=[extra], tag_284=[2])
    for each in (content, planar):
        assert is_like(written(tmp_path, each), np.full((HEIGHT, WIDTH, 3), shown))


@pytest.mark.parametrize("bits", [8, 12, 16])
def test_inks_with_another_channel_are_shown(tmp_path: Path, bits: int) -> None:
    cyan = np.full((HEIGHT, WIDTH, 5), (255, 0, 0, 0, 77))
    content = tiff([packed(deepened(cyan, bits), bits, "<")], bits, 5, 5, tag_338=[0])
    assert is_like(written(tmp_path, content), np.full((HEIGHT, WIDTH, 3), (0, 255, 255)))


def test_a_palette_of_sixteen_bits_is_followed(tmp_path: Path, wanted: np.ndarray) -> None:
    indexes = np.arange(HEIGHT * WIDTH).reshape(HEIGHT, WIDTH, 1)
    palette = np.zeros((3, 65536), int)
    palette[:, : HEIGHT * WIDTH] = wanted.reshape(-1, 3).T.astype(int) * 257
    content = tiff([packed(indexes, 16, "<")], 16, 1, 3, tag_320=palette.ravel().tolist())
    assert is_like(written(tmp_path, content), wanted)


@pytest.mark.parametrize("compression", [NONE, DEFLATE])
def test_a_palette_of_eight_bits_in_place_of_sixteen_is_followed(tmp_path: Path, compression: int) -> None:
    indexes = bytes([7]) * (WIDTH * HEIGHT)
    palette = np.zeros((3, 256), int)
    palette[:, 7] = (10, 200, 90)
    chunk = zlib.compress(indexes) if compression == DEFLATE else indexes
    content = tiff([chunk], 8, 1, 3, tag_259=[compression], tag_320=palette.ravel().tolist())
    assert is_like(written(tmp_path, content), np.full((HEIGHT, WIDTH, 3), (10, 200, 90)))


@pytest.mark.parametrize("is_planar", [False, True])
@pytest.mark.parametrize(("across", "down"), [(1, 1), (2, 1), (2, 2), (4, 4)])
def test_colours_that_pixels_share_are_shown(tmp_path: Path, across: int, down: int, is_planar: bool) -> None:
    colour = Image.new("RGB", (1, 1), (200, 60, 90)).convert("YCbCr").getpixel((0, 0))
    columns, rows = -(-WIDTH // across), -(-HEIGHT // down)
    if is_planar:
        sizes = (WIDTH * HEIGHT, columns * rows, columns * rows)
        chunks = [bytes([level]) * size for level, size in zip(colour, sizes, strict=True)]  # type: ignore[arg-type]
    else:
        chunks = [(bytes([colour[0]]) * (across * down) + bytes(colour[1:])) * columns * rows]  # type: ignore[index]
    content = tiff(chunks, 8, 3, 6, tag_284=[1 + is_planar], tag_530=[across, down])
    assert is_like(written(tmp_path, content), np.full((HEIGHT, WIDTH, 3), (200, 60, 90)))


@pytest.mark.parametrize("compression", [NONE, DEFLATE])
def test_what_is_cut_is_shown_as_far_as_it_goes(tmp_path: Path, wanted: np.ndarray, compression: int) -> None:
    data = packed(deepened(wanted // 2 + 64, 12), 12, "<")
    for share, damage in ((0.8, "None"), (0.3, "damaged: the lower part is missing")):
        rows = int(HEIGHT * share)
        part = data[: len(data) * rows // HEIGHT]
        packer = zlib.compressobj()
        chunk = packer.compress(part) + packer.flush(zlib.Z_SYNC_FLUSH) if compression == DEFLATE else part
        loaded = load(written(tmp_path, tiff([chunk], 12, 3, 2, tag_259=[compression])))
        shown = np.asarray(loaded.image, dtype=int)
        assert np.abs(shown[:rows] - (wanted // 2 + 64)[:rows]).max() <= 3
        assert str(loaded.damage) == damage


def test_a_page_turned_by_its_orientation_is_upright(tmp_path: Path, wanted: np.ndarray) -> None:
    content = tiff([packed(deepened(wanted, 12), 12, "<")], 12, 3, 2, tag_274=[6])
    loaded = load(written(tmp_path, content))
    assert (loaded.facts.width, loaded.facts.height) == (HEIGHT, WIDTH)
    assert np.abs(np.asarray(loaded.image, dtype=int) - np.rot90(wanted, -1)).max() <= 3


@pytest.mark.parametrize(
    "tags", [{"tag_259": [34712]}, {"tag_338": [], "tag_262": [7]}, {"tag_339": [5, 5, 5]}]
)
def test_what_is_not_known_here_either_is_refused(
    tmp_path: Path, wanted: np.ndarray, tags: dict[str, Any]
) -> None:
    content = tiff([packed(deepened(wanted, 12), 12, "<")], 12, 3, 2, **tags)
    with pytest.raises(UnreadableError):
        load(written(tmp_path, content))
