"""Repair of damaged files in memory, after normal decoding has failed.

No pixels are decoded here. The data needed for decoding is kept, and of everything else only what is intact.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from imagefinder.readers.repair.bmp_repair import repair_bmp
from imagefinder.readers.repair.png_repair import repair_png
from imagefinder.readers.repair.tga_repair import repair_tga

_LARGEST_GROWTH = 16
"""A truncated file is padded to at most this multiple of its size. With more lost, nothing would be recognisable."""

_END_OF_IMAGE = b"\xff\xd9"
_START_OF_SCAN = 0xDA
_TABLES = frozenset({0xDB, 0xC4, 0xCC, 0xDD, *range(0xC0, 0xD0)} - {0xC8})
"""JPEG segments that decoding needs: DQT, DHT, DAC, DRI, SOF."""
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_STUFFED = frozenset({0x00, 0xFF})
_SIDE_SEGMENTS = {0xE0: (b"JFIF\0", 14), 0xE1: (b"", 0), 0xE2: (b"ICC_PROFILE\0", 14), 0xEE: (b"Adobe", 12)}
"""Beginning and least length of the segments that colours and orientation need, by marker: APP0, 1, 2 and 14."""

_WEBP_PIXELS = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
_WEBP_FLAGS = {b"ICCP": 0x20, b"EXIF": 0x08, b"XMP ": 0x04}
"""Header flags that announce chunks of an extended WebP. The file is invalid if an announced chunk is missing."""


@dataclass(frozen=True, slots=True)
class Repaired:
    """A repaired, decodable file."""

    content: bytes
    info: dict[str, Any] = field(default_factory=dict)
    """Entries for ``Image.info``: intact metadata that Pillow would not read from the repaired file."""
    is_filled: bool = False
    """Whether the content was changed in a way that hides missing data from the decoder, for instance by padding."""
    missing: float = 0.0
    """Share of the data that was added, if the file says how much there should be."""
    grid: int = 1
    """Spacing of the available pixels in both directions; more than 1 in a truncated interlaced picture."""


def repair(content: bytes, format_name: str) -> Repaired | None:
    """Repair a damaged file of one of Pillow's formats; return None if it cannot be repaired."""
    way = _WAYS.get(format_name)
    try:
        return way(content) if way else None
    except (struct.error, IndexError, ValueError):
        return None


def fill_up(content: bytes, size: int) -> Repaired:
    """Pad a truncated file with ``size`` zeros, for decoders that return either all pixels or none."""
    is_text = content[:2] in (b"P1", b"P2", b"P3")
    return Repaired(content + (b" 0" * size if is_text else bytes(size)), is_filled=True)


def _repair_jpeg(content: bytes) -> Repaired | None:
    """Append the end marker, and drop the segments needed neither for decoding nor for colours and orientation."""
    kept, at = [content[:2]], 2
    while True:
        at = content.find(b"\xff", at)
        if at < 0 or at + 4 > len(content):
            return None
        marker = content[at + 1]
        if marker == _START_OF_SCAN:
            break
        if marker in _STUFFED:
            at += 1
            continue
        length = 0 if marker in _NO_LENGTH else int.from_bytes(content[at + 2 : at + 4])
        segment = content[at : at + 2 + length]
        if _is_needed(marker, segment[4:]):
            kept.append(segment)
        at += len(segment)
    return Repaired(b"".join((*kept, memoryview(content)[at:], _END_OF_IMAGE)), is_filled=True)


def _is_needed(marker: int, body: bytes) -> bool:
    beginning, least = _SIDE_SEGMENTS.get(marker, (None, 0))
    return marker in _TABLES or (beginning is not None and body.startswith(beginning) and len(body) >= least)


def _repair_webp(content: bytes) -> Repaired | None:
    """Keep the complete chunks. A truncated pixel chunk is padded and is the last one."""
    kept, kinds, at, missing = [], set(), 12, 0.0
    while at + 8 <= len(content):
        kind, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        if end > len(content) and kind not in _WEBP_PIXELS:
            break
        filled = _filled_to(content[at:end], end - at)
        if filled is None:
            return None
        kept.append(filled.content)
        kinds.add(kind)
        at, missing = end, filled.missing
    if kept and kept[0].startswith(b"VP8X"):
        flags = kept[0][8]
        for kind, flag in _WEBP_FLAGS.items():
            if kind not in kinds:
                flags &= ~flag
        kept[0] = b"".join((kept[0][:8], bytes([flags]), kept[0][9:]))
    body = b"WEBP" + b"".join(kept)
    return Repaired(b"RIFF" + struct.pack("<I", len(body)) + body, is_filled=missing > 0, missing=missing)


def _repair_jpeg2000(content: bytes) -> Repaired | None:
    """Pad a truncated tile with zeros, which decode as packets without data."""
    at = content.find(b"\xff\x4f\xff\x51")
    if at < 0:
        return None
    at += 2
    while content[at : at + 2] != b"\xff\x90":  # skip to the first tile-part
        at += 2 + max(2, int.from_bytes(content[at + 2 : at + 4]))
        if at >= len(content):
            return None
    end = at
    while content[end : end + 2] == b"\xff\x90" and end + 12 <= len(content):
        length = int.from_bytes(content[end + 6 : end + 10])
        if length < 12:  # 0 means up to the end of the file
            end = len(content)
            break
        end += length
    filled = _filled_to(content, end)
    # ``missing`` is not set: data is ordered by resolution, so the share of data is not the share of rows.
    return Repaired(filled.content + _END_OF_IMAGE, is_filled=True) if filled else None


def _repair_boxes(content: bytes) -> Repaired | None:
    """Pad the truncated box of an AVIF or HEIF. Codecs decode the zeros as best they can."""
    at = 0
    while at + 16 <= len(content):
        size = int.from_bytes(content[at : at + 4])
        if size == 1:
            size = int.from_bytes(content[at + 8 : at + 16])
        if size < 8:
            return None
        if at + size > len(content):
            filled = _filled_to(content, at + size)
            share = (at + size - len(content)) / size
            return filled and replace(filled, missing=share)
        at += size
    return None


def _filled_to(content: bytes, size: int) -> Repaired | None:
    if size > len(content) * _LARGEST_GROWTH:
        return None
    lacking = max(0, size - len(content))
    return Repaired(content + bytes(lacking), is_filled=lacking > 0, missing=lacking / max(size, 1))


def _repair_png(content: bytes) -> Repaired | None:
    found = repair_png(content)
    return Repaired(found.content, found.info, grid=found.grid) if found else None


def _repair_bmp(content: bytes) -> Repaired | None:
    found = repair_bmp(content)
    return Repaired(found, is_filled=True) if found else None


def _repair_tga(content: bytes) -> Repaired | None:
    found = repair_tga(content)
    return Repaired(found, is_filled=True) if found else None


_WAYS: dict[str, Callable[[bytes], Repaired | None]] = {
    "JPEG": _repair_jpeg,
    "PNG": _repair_png,
    "BMP": _repair_bmp,
    "TGA": _repair_tga,
    "WEBP": _repair_webp,
    "JPEG2000": _repair_jpeg2000,
    "AVIF": _repair_boxes,
    "HEIF": _repair_boxes,
}
