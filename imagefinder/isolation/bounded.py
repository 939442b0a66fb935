"""Selection of files that are decoded in the main process: those whose size bounds decoding time and memory.

A decoder process takes a fifth of a second to start and some milliseconds a file. Photographs should not pay for that.
"""

import io
import struct
from typing import BinaryIO

from imagefinder.readers.disk import READ_WHOLE, size_of

_MOST_PIXELS = 100_000_000
_MOST_WORK = 400_000_000
"""Limit of pixels times scans of a progressive JPEG. It takes two seconds, and is far above what cameras write."""
_MOST_SEGMENTS = 4_096
"""Limit of JPEG segments or PNG chunks. Pillow processes each in Python, holding the GIL. The chunks of a PNG of 32 MB
have 8 KB and more."""
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive JPEG with Huffman codes: ITU T.81, table B.1."""
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_START_OF_SCAN = 0xDA


def is_bounded(content: BinaryIO) -> bool:
    """Whether the time and memory for decoding this picture are bounded by its size. Rewinds ``content``."""
    if size_of(content) > READ_WHOLE:
        return False
    head = content.read(len(_PNG))
    content.seek(0)
    if not head.startswith((_JPEG, _PNG)):
        return False
    # ``BytesIO.getvalue`` makes no copy.
    data = content.getvalue() if isinstance(content, io.BytesIO) else content.read()
    content.seek(0)
    return _is_bounded_jpeg(data) if data.startswith(_JPEG) else _is_bounded_png(data)


def _is_bounded_jpeg(data: bytes) -> bool:
    """Whether a JPEG has one frame of a common type, few pixels and few scans, judged by its markers.

    Compressed data never contains the start-of-scan marker, so counting the marker finds every scan. It may also count
    scans of an embedded thumbnail.
    """
    at = 2
    frame: tuple[int, int, int] | None = None
    for _ in range(_MOST_SEGMENTS):
        at = data.find(b"\xff", at)
        if at < 0 or at + 4 > len(data):
            return False
        marker = data[at + 1]
        if marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD8:  # fill bytes, or markers without a length
            at += 1 if marker == 0xFF else 2
            continue
        if marker == _START_OF_SCAN:
            break
        if marker in _START_OF_FRAME:
            if marker not in _HUFFMAN or frame is not None or at + 9 > len(data):
                return False
            frame = struct.unpack_from(">BHH", data, at + 4)
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    else:
        return False
    if frame is None:
        return False
    bits, height, width = frame
    scans = data.count(b"\xff\xda", at)
    return bits == 8 and width * height <= _MOST_PIXELS and width * height * scans <= _MOST_WORK


def _is_bounded_png(data: bytes) -> bool:
    """Whether a PNG has few pixels, which bounds decompression, and few chunks, which bounds parsing."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        return False
    width, height = struct.unpack_from(">II", data, 16)
    at = len(_PNG)
    for _ in range(_MOST_SEGMENTS):
        if at + 12 > len(data):
            return bool(width * height <= _MOST_PIXELS)
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return False
