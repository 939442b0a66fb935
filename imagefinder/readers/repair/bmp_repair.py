"""Rewriting of BMP variants that Pillow rejects: arbitrary bit masks, unusual headers, two bits a pixel."""

import struct

_FILE_HEADER, _OS2_HEADER, _SHORT_HEADER, _USUAL_HEADER, _ALPHA_HEADER = 14, 12, 16, 40, 108
_WITH_ALPHA_MASK = 56
"""Size in bytes of the smallest header that contains an alpha mask."""
_MOST_HEADER = 1024
_PLAIN, _BIT_FIELDS, _ALPHA_BIT_FIELDS = 0, 3, 6
_USUAL_MASKS = {16: (0x7C00, 0x3E0, 0x1F, 0), 32: (0xFF0000, 0xFF00, 0xFF, 0)}
"""Default masks of red, green, blue and alpha, by bits a pixel."""
_MOST_PIXELS = 2**28
_LARGEST_GROWTH = 16
"""Largest ratio of the pixel data that the header declares to the data present."""


def repair_bmp(content: bytes) -> bytes | None:
    """Rewrite a BMP with a common header, and with 32 bits a pixel if it uses bit masks.

    Returns None if the file cannot be repaired.

    Raises:
        struct.error: The header is truncated.
    """
    offset, size = struct.unpack_from("<LL", content, 10)
    if size == _OS2_HEADER:
        width, height, _, bits = struct.unpack_from("<HHHH", content, 18)
        compression = colours = 0
    elif _SHORT_HEADER <= size <= _MOST_HEADER:
        # Fields missing from a short header are zero.
        fields = content[18 : _FILE_HEADER + min(size, _USUAL_HEADER)].ljust(36, b"\0")
        width, height, _, bits, compression, colours = struct.unpack("<llHHL12xL4x", fields)
    else:
        return None
    pixels = content[offset:]
    if not (width > 0 < abs(height) and width * abs(height) <= _MOST_PIXELS):
        return None
    if width * abs(height) * bits // 8 > _LARGEST_GROWTH * len(pixels):
        return None
    if bits in _USUAL_MASKS and compression in (_BIT_FIELDS, _ALPHA_BIT_FIELDS):
        masks = struct.unpack_from("<LLLL", content, _FILE_HEADER + _USUAL_HEADER)
        if size < _WITH_ALPHA_MASK and compression == _BIT_FIELDS:
            masks = (*masks[:3], 0)
        return _of_32_bits(pixels, width, height, bits, masks)
    if compression != _PLAIN or bits not in (1, 2, 4, 8, 24):
        return None
    # Palettes after OS/2 headers have entries of three bytes, or of four if there is room for them.
    each = 3 if size < _USUAL_HEADER and offset - size - _FILE_HEADER < 4 << bits else 4
    palette = _palette(content[_FILE_HEADER + size : offset], each, bits, colours) if bits <= 8 else b""
    if bits == 2:
        pixels, bits = _of_4_bits(pixels), 4
    return _bmp(width, height, bits, palette, pixels)


def _palette(entries: bytes, each: int, bits: int, colours: int) -> bytes:
    most = min(colours or 1 << bits, 1 << bits, len(entries) // each)
    return b"".join(entries[each * index : each * index + 3] + b"\0" for index in range(most))


def _of_4_bits(pixels: bytes) -> bytes:
    """Expand pixels from two to four bits.

    Rows may become longer than necessary, but their length remains a multiple of four bytes.
    """
    twice = [
        (byte >> 6 & 3) << 12 | (byte >> 4 & 3) << 8 | (byte >> 2 & 3) << 4 | byte & 3 for byte in range(256)
    ]
    return b"".join(twice[byte].to_bytes(2) for byte in pixels)


def _of_32_bits(pixels: bytes, width: int, height: int, bits: int, masks: tuple[int, ...]) -> bytes:
    """Convert masked pixels to a BMP of blue, green, red and alpha in eight bits each. Missing rows are black."""
    import numpy as np

    rows, stride = abs(height), (width * bits // 8 + 3) // 4 * 4
    data = pixels[: rows * stride].ljust(rows * stride, b"\0")
    stored = np.frombuffer(data, f"<u{bits // 8}").reshape(rows, -1)[:, :width]
    channels = np.zeros((rows, width, 4), np.uint8)
    for place, mask in zip((2, 1, 0, 3), masks, strict=True):
        shift = (mask & -mask).bit_length() - 1 if mask else 0
        top = mask >> shift
        if top:
            # A mask may have up to 32 bits, so the product needs 64.
            channels[..., place] = (
                ((stored & mask) >> shift).astype(np.uint64) * np.uint64(255) // np.uint64(top)
            )
    if not channels[..., 3].any():  # like browsers, treat a fully transparent picture as opaque
        channels[..., 3] = 255
    return _bmp(width, height, 32, b"", channels.tobytes())


def _bmp(width: int, height: int, bits: int, palette: bytes, pixels: bytes) -> bytes:
    """Assemble a BMP file. Pixels of 32 bits include alpha."""
    has_alpha = bits == 32
    size = _ALPHA_HEADER if has_alpha else _USUAL_HEADER
    offset = _FILE_HEADER + size + len(palette)
    file_header = struct.pack("<2sLLL", b"BM", offset + len(pixels), 0, offset)
    compression = _BIT_FIELDS if has_alpha else _PLAIN
    header = struct.pack("<LllHHL12xL4x", size, width, height, 1, bits, compression, len(palette) // 4)
    masks = struct.pack("<LLLL", 0xFF0000, 0xFF00, 0xFF, 0xFF000000) if has_alpha else b""
    return b"".join((file_header, (header + masks).ljust(size, b"\0"), palette, pixels))
