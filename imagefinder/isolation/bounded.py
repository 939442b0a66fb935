"""Decide which files may be decoded in this process: those whose time and memory are bounded by their size.

A decoder process costs a fifth of a second to start and some milliseconds a file, which photographs shall not pay for.
"""

import io
import struct
from typing import BinaryIO

from imagefinder.readers.disk import READ_WHOLE, size_of

_MOST_PIXELS = 100_000_000
_MOST_WORK = 400_000_000
"""Pixels times the scans that a progressive JPEG is built up in: two seconds, and far above what cameras write."""
_MOST_SEGMENTS = 4_096
"""Each is a step of Pillow's, holding the interpreter's lock. Chunks of a PNG of 32 MB have 8 KB and more."""
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_HUFFMAN = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive JPEG with Huffman codes: ITU T.81, table B.1."""
_START_OF_FRAME = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_START_OF_SCAN = 0xDA


def is_bounded(content: BinaryIO) -> bool:
    """Whether decoding this picture is bounded by its size alone; it then stands at its beginning again."""
    if size_of(content) > READ_WHOLE:
        return False
    head = content.read(len(_PNG))
    content.seek(0)
    if not head.startswith((_JPEG, _PNG)):
        return False
    # Of what is in memory this makes no copy.
    data = content.getvalue() if isinstance(content, io.BytesIO) else content.read()
    content.seek(0)
    return _is_bounded_jpeg(data) if data.startswith(_JPEG) else _is_bounded_png(data)


def _is_bounded_jpeg(data: bytes) -> bool:
    """By a walk along its markers: one frame of a common kind, and few scans.

    In compressed data 0xFF is never followed by what begins a scan, so counting that finds every scan and at most some
    too many (of a small picture within).
    """
    at = 2
    frame: tuple[int, int, int] | None = None
    for _ in range(_MOST_SEGMENTS):
        at = data.find(b"\xff", at)
        if at < 0 or at + 4 > len(data):
            return False
        marker = data[at + 1]
        if marker in (0x00, 0xFF) or 0xD0 <= marker <= 0xD8:  # filling, or without a length
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
    """Its pixels bound what is inflated of it; the number of its chunks, the steps."""
    if len(data) < 33 or data[12:16] != b"IHDR":
        return False
    width, height = struct.unpack_from(">II", data, 16)
    at = len(_PNG)
    for _ in range(_MOST_SEGMENTS):
        if at + 12 > len(data):
            return bool(width * height <= _MOST_PIXELS)
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return False
