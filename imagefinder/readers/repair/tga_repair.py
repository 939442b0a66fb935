"""Decompression of run-length encoded TGAs whose runs cross rows.

Old programs wrote such files, and Pillow rejects them.
"""

_RUN_LENGTH = 8
"""Bit of the image type that marks run-length encoding."""
_HEADER = 18
_LARGEST_GROWTH = 128
"""Largest ratio of decompressed pixels to the file. A run has at most 128 pixels."""


def repair_tga(content: bytes) -> bytes | None:
    """Return the picture without run-length encoding, or None if it has none. Missing pixels are zero."""
    if len(content) < _HEADER or not content[2] & _RUN_LENGTH:
        return None
    width, height, bits = (int.from_bytes(content[at : at + 2], "little") for at in (12, 14, 16))
    each = ((bits & 255) + 7) // 8
    colours = int.from_bytes(content[5:7], "little") * ((content[7] + 7) // 8) if content[1] else 0
    at = _HEADER + content[0] + colours
    size = width * height * each
    if not 0 < size <= _LARGEST_GROWTH * len(content):
        return None
    pixels = bytearray()
    while at < len(content) and len(pixels) < size:
        count, is_run = (content[at] & 127) + 1, content[at] > 127
        taken = each if is_run else each * count
        pixels += content[at + 1 : at + 1 + taken] * (count if is_run else 1)
        at += 1 + taken
    header = bytearray(content[: _HEADER + content[0] + colours])
    header[2] &= ~_RUN_LENGTH
    return bytes(header + pixels[:size].ljust(size, b"\0"))
