"""Selection of pictures that are decoded in the main process."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from helpers.fakes import picture
from helpers.hostile_files import endless_page, many_scans
from PIL import Image

from imagefinder.isolation.bounded import is_bounded


def _saved(format_name: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture("red", 1, (640, 480)).save(buffer, format_name, **options)
    return buffer.getvalue()


def _png(width: int, height: int, chunks: int = 1) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"tEXt", b"a\0b") * chunks + chunk(b"IDAT", b"")


@pytest.mark.parametrize(
    "data",
    [
        _saved("JPEG"),
        _saved("JPEG", progressive=True),
        _saved("JPEG", exif=b"Exif\0\0" + bytes(60_000), icc_profile=bytes(3000), comment=b"\xff\xda" * 10),
        _saved("JPEG", restart_marker_blocks=1),
        _saved("PNG"),
        _png(10_000, 10_000),
    ],
)
def test_plain_pictures_are(data: bytes) -> None:
    content = io.BytesIO(data)
    assert is_bounded(content)
    assert content.tell() == 0


@pytest.mark.parametrize(
    "data",
    [
        many_scans(2000, 500),
        many_scans(200, 60_000),
        _saved("JPEG")[:100],
        _saved("JPEG").replace(b"\xff\xc0", b"\xff\xc3", 1),  # lossless
        _saved("JPEG").replace(b"\xff\xc0", b"\xff\xc9", 1),  # arithmetic coding
        b"\xff\xd8" + b"\xff\xe1\0\2" * 5000 + _saved("JPEG")[2:],
        b"\xff\xd8\xff\xe1\xff",
        b"\xff\xd8\xff" + bytes(1000),
        _png(10_001, 10_000),
        _png(10, 10, chunks=5000),
        _saved("PNG")[:20],
        _saved("WEBP"),
        _saved("GIF"),
        endless_page(),
        b"",
        b"\xff",
    ],
)
def test_all_else_is_not(data: bytes) -> None:
    content = io.BytesIO(data)
    assert not is_bounded(content)
    assert content.tell() == 0


def test_a_large_file_is_not_even_read(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (8, 8)).save(path)
    with path.open("rb+") as file:
        file.truncate(33 * 2**20)
    with path.open("rb") as content:
        assert not is_bounded(content)
    with path.open("rb+") as file:
        file.truncate(1000)
    with path.open("rb") as content:
        assert is_bounded(content)
        assert content.tell() == 0
