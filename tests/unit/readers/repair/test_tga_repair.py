"""TGAs with runs that cross rows."""

import struct
from pathlib import Path

import numpy as np
import pytest

from imagefinder.domain.errors import UnreadableError
from imagefinder.readers.reader import LoadedPart
from imagefinder.readers.reader_registry import open_media

WIDTH, HEIGHT = 30, 20
COLOURS = ((200, 30, 40), (20, 180, 90), (40, 60, 220))
SHOWN = np.array([COLOURS[index // 50 % 3] for index in range(WIDTH * HEIGHT)]).reshape(HEIGHT, WIDTH, 3)
"""Every 50 pixels, which is more than a row, have one colour."""


def load(folder: Path, content: bytes) -> LoadedPart:
    path = folder / "a.tga"
    path.write_bytes(content)
    with open_media(path) as media:
        return media.load(1, 100)


def tga(kind: int, bits: int, *, palette: bytes = b"", note: bytes = b"", is_raw: bool = False) -> bytes:
    """Make a TGA from the top down, in runs of 50 pixels or uncompressed."""
    colours = len(palette) // 3
    header = struct.pack(
        "<BBBHHBHHHHBB", len(note), bool(palette), kind, 0, colours, 24, 0, 0, WIDTH, HEIGHT, bits, 0x20
    )
    content = header + note + palette
    for run in range(WIDTH * HEIGHT // 50):
        red, green, blue = COLOURS[run % 3]
        pixel = bytes([run % 3]) if palette else bytes((blue, green, red, 255)[: bits // 8])
        content += bytes([49]) + pixel * 50 if is_raw else bytes([128 + 49]) + pixel
    return content


PALETTE = b"".join(bytes(colour[::-1]) for colour in COLOURS)


@pytest.mark.parametrize("note", [b"", b"a note"])
@pytest.mark.parametrize("is_raw", [False, True])
@pytest.mark.parametrize(("kind", "bits", "palette"), [(10, 24, b""), (10, 32, b""), (9, 8, PALETTE)])
def test_runs_that_go_on_in_the_next_row_are_read(
    tmp_path: Path, kind: int, bits: int, palette: bytes, is_raw: bool, note: bytes
) -> None:
    loaded = load(tmp_path, tga(kind, bits, palette=palette, note=note, is_raw=is_raw))
    assert (np.asarray(loaded.image) == SHOWN).all()
    assert loaded.damage is None


def test_what_is_cut_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    loaded = load(tmp_path, tga(10, 24)[: 18 + 4 * 4])
    assert (np.asarray(loaded.image)[:6] == SHOWN[:6]).all()
    assert str(loaded.damage) == "damaged: the lower part is missing"


@pytest.mark.parametrize("size", [(0, 9), (30_000, 30_000)])
def test_a_size_that_the_runs_cannot_fill_is_refused(tmp_path: Path, size: tuple[int, int]) -> None:
    content = bytearray(tga(10, 24))
    content[12:16] = struct.pack("<HH", *size)
    with pytest.raises(UnreadableError):
        load(tmp_path, bytes(content))
