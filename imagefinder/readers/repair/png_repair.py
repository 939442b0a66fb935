"""Repair of damaged PNGs by dropping every chunk that decoding does not need."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from imagefinder.readers.size_limits import MAX_PIXELS

_MAX_METADATA = 4 * 2**20
"""Largest decompressed metadata, in bytes. Pillow itself rejects a picture with more than one million."""
_SIGNATURE_BYTES = 8
_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT"})
_TRANSPARENCY_BYTES = {0: 2, 2: 6}
"""Size of a tRNS chunk with a key colour, by colour type. For a palette it has up to 256 bytes."""
_RAW_EXIF = "Raw profile type exif"
"""Keyword of the text chunk in which ImageMagick stores EXIF."""
_XMP = "XML:com.adobe.xmp"

_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""Passes of an interlaced picture: first column, first row, column step, row step (PNG specification, section 8.2)."""
_GRID_AFTER = {1: 8, 3: 4, 5: 2, 7: 1}
"""Spacing of the decoded pixels in both directions, by the number of complete passes."""


@dataclass(frozen=True, slots=True)
class RepairedPng:
    """A repaired, decodable PNG."""

    content: bytes
    info: dict[str, Any] = field(default_factory=dict)
    """Intact metadata, with the keys of ``Image.info``."""
    grid: int = 1
    """Spacing of the available pixels in both directions; more than 1 in a truncated interlaced picture."""


class _Chunk(NamedTuple):
    kind: bytes
    body: memoryview
    is_whole: bool
    """Whether the chunk is complete."""
    is_sound: bool
    """Whether it is complete and its checksum matches. Always False for IDAT, whose checksum is not computed."""


def repair_png(content: bytes) -> RepairedPng | None:
    """Return the header, palette, transparency and pixels with the intact metadata; None if there are no pixels."""
    kept: list[bytes | memoryview] = [content[:_SIGNATURE_BYTES]]
    info: dict[str, Any] = {}
    header = b""
    pixels: list[memoryview] = []
    for chunk in _chunks(content):
        if chunk.kind == b"IHDR" and not header:
            if not chunk.is_sound or len(chunk.body) != 13:
                return None
            header = bytes(chunk.body)
        elif chunk.kind == b"IDAT":
            pixels.append(chunk.body)
        elif chunk.is_sound:
            info.update(_metadata(chunk))
        if chunk.kind in _KEPT and _is_fit(chunk, header):
            kept += _packed(chunk.kind, chunk.body)
    if not (header and pixels):
        return None
    kept += _packed(b"IEND", memoryview(b""))
    return RepairedPng(b"".join(kept), info, _grid(header, pixels) if header[12] else 1)


def _chunks(content: bytes) -> Iterator[_Chunk]:
    """Yield the chunks up to the end of the picture or the first invalid chunk type."""
    data, at = memoryview(content), _SIGNATURE_BYTES
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND" or not kind.isalpha():
            return
        body = data[at + 8 : at + 8 + length]
        check = data[at + 8 + length : at + 12 + length]
        is_whole = len(body) == length
        # The zlib stream of the pixels has its own checksum; IDAT chunks are kept as they are.
        is_sound = (
            is_whole
            and kind != b"IDAT"
            and bytes(check) == struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
        )
        yield _Chunk(kind, body, is_whole, is_sound)
        at += 12 + length


def _is_fit(chunk: _Chunk, header: bytes) -> bool:
    if chunk.kind == b"tRNS":
        wanted = _TRANSPARENCY_BYTES.get(header[9]) if header else None
        size = len(chunk.body)
        return chunk.is_sound and (size == wanted if wanted else size <= 256)
    return chunk.is_whole or chunk.kind == b"IDAT"


def _packed(kind: bytes, body: memoryview) -> list[bytes | memoryview]:
    check = zlib.crc32(body, zlib.crc32(kind))
    return [struct.pack(">I4s", len(body), kind), body, struct.pack(">I", check)]


def _metadata(chunk: _Chunk) -> dict[str, Any]:
    """Return metadata that affects colours and orientation, in the form of ``Image.info``."""
    body = bytes(chunk.body) if len(chunk.body) <= _MAX_METADATA else b""
    name, _, rest = body.partition(b"\0")
    keyword = name.decode("latin-1")
    if chunk.kind == b"eXIf" and body:
        return {"exif": b"Exif\0\0" + body}
    if chunk.kind == b"gAMA" and len(body) == 4:
        return {"gamma": int.from_bytes(body) / 100_000}
    if chunk.kind == b"sRGB" and len(body) == 1:
        return {"srgb": body[0]}
    if chunk.kind == b"iCCP" and (profile := _unpacked(rest)):
        return {"icc_profile": profile}
    if keyword == _RAW_EXIF and chunk.kind in (b"tEXt", b"zTXt"):
        text = _unpacked(rest) if chunk.kind == b"zTXt" else rest
        return {_RAW_EXIF: text.decode("latin-1")} if text else {}
    if keyword == _XMP and chunk.kind == b"iTXt" and len(rest) > 2:
        packed, text = rest[0], rest[2:].split(b"\0", 2)[-1]
        text = _unpacked(rest[1:2] + text) if packed else text
        return {"xmp": text} if text else {}
    return {}


def _unpacked(packed: bytes) -> bytes:
    """Decompress data that follows a method byte (0); return nothing if it is damaged or too large."""
    if packed[:1] != b"\0":
        return b""
    unpacker = zlib.decompressobj()
    try:
        data = unpacker.decompress(packed[1:], _MAX_METADATA)
    except zlib.error:
        return b""
    return data if unpacker.eof else b""


def _grid(header: bytes, pixels: list[memoryview]) -> int:
    """Return the spacing of the available pixels of an interlaced picture."""
    width, height, depth, colour = struct.unpack_from(">IIBB", header)
    if width * height > MAX_PIXELS:
        return 1  # such a picture is rejected later, and decompressing it would take minutes
    bits = depth * _CHANNELS.get(colour, 1)
    ends, total = [], 0
    for x, y, step_x, step_y in _PASSES:
        columns, rows = max(0, -((x - width) // step_x)), max(0, -((y - height) // step_y))
        total += rows * (1 + (columns * bits + 7) // 8) if columns else 0
        ends.append(total)
    have = _unpacked_length(pixels, total)
    done = sum(have >= end for end in ends)
    return next((grid for passes, grid in reversed(_GRID_AFTER.items()) if done >= passes), 8)


def _unpacked_length(pixels: list[memoryview], most: int) -> int:
    """Return how many bytes of pixels can be decompressed, up to ``most``, without keeping them."""
    unpacker, length = zlib.decompressobj(), 0
    try:
        for body in pixels:
            waiting: bytes | memoryview = body
            while waiting and length < most and not unpacker.eof:
                length += len(unpacker.decompress(waiting, 2**20))
                waiting = unpacker.unconsumed_tail
    except zlib.error:
        pass
    return length
