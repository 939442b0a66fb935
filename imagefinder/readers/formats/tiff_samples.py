"""Decoding of TIFF samples that Pillow does not support or misreads.

Samples may have nearly any number of bits, be integers or floats, in chunky or planar order, in strips or tiles.
Decompression, except Deflate, is left to Pillow's libtiff. Only compressions of plain bytes are supported.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from imagefinder.readers.pillow.bit_depth import scaled_to_8_bit

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _FILL_ORDER = 256, 257, 258, 259, 262, 266
_STRIP_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _STRIP_BYTES, _PLANAR, _PREDICTOR = 273, 277, 278, 279, 284, 317
_PALETTE, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_BYTES, _EXTRA = 320, 322, 323, 324, 325, 338
_SAMPLE_FORMAT, _SUBSAMPLING = 339, 530
"""TIFF tags: TIFF 6.0, appendix A."""
_UNCOMPRESSED = 1
_DEFLATE = frozenset({8, 32946})
_OF_BYTES = frozenset({_UNCOMPRESSED, 5, 8, 32773, 32946, 34925, 50000})
"""Compressions of plain bytes: none, LZW, Deflate, PackBits, LZMA and Zstandard."""
_WHITE_IS_ZERO, _INDEXED, _YCBCR, _LAB, _ICC_LAB = 0, 3, 6, 8, 9
_MODES = {
    _WHITE_IS_ZERO: "L",
    1: "L",
    2: "RGB",
    _INDEXED: "P",
    5: "CMYK",
    _YCBCR: "YCbCr",
    _LAB: "LAB",
    _ICC_LAB: "LAB",
}
"""Pillow's modes, by PhotometricInterpretation."""
_ALPHA = {1: "a", 2: "A"}
"""Suffix of Pillow's mode, by ExtraSamples: premultiplied alpha and straight alpha."""
_SIGNED, _FRACTION = 2, 3
_KNOWN_BITS = {
    1: frozenset({*range(1, 17), 24, 32, 64}),
    _SIGNED: frozenset({8, 16, 32, 64}),
    _FRACTION: frozenset({16, 32, 64}),
}
"""Supported numbers of bits, by SampleFormat; 1 is unsigned integers."""
_MOST_SAMPLES = 64
_DIFFERENCES, _DIFFERENCES_OF_BYTES = 2, 3
"""Predictors: horizontal differences, and byte-wise differences of floats."""
_ROWS_AT_ONCE = 64
_PIECE = 2**14
"""Bytes decompressed at a time. From damaged data, everything up to the last complete piece is recovered."""
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Samples:
    """Storage layout of a page's pixels."""

    mode: str
    """Pillow's mode of the decoded picture."""
    width: int
    height: int
    bits: int
    """Bits a sample."""
    kind: int
    """Value of SampleFormat."""
    count: int
    """Samples a pixel. Those that are not shown come last."""
    photometric: int
    is_planar: bool
    compression: int
    fill_order: int
    predictor: int
    is_tiled: bool
    chunk_width: int
    chunk_height: int
    """Height of a strip or tile, in pixels."""
    places: tuple[tuple[int, int], ...]
    """Offset and length in bytes of each strip or tile in the file."""
    order: str
    """Byte order: ``<`` or ``>``."""
    subsampling: tuple[int, ...]
    """Number of pixels that share one colour, horizontally and vertically."""
    palette: tuple[int, ...]

    @property
    def shown(self) -> int:
        """Number of samples a pixel that are shown."""
        return Image.getmodebands(self.mode)

    @property
    def bytes_per_pixel(self) -> int:
        """Most memory that decoding takes in addition to the picture, in bytes a pixel.

        A single strip may contain all pixels, and is in memory both compressed and decompressed.
        """
        return self.count * max(self.bits // 8, 1) * 3 + self.shown * 4

    @property
    def keeps_numbers(self) -> bool:
        """Whether samples keep their values until all are decoded, because white is not known before."""
        return self.kind == _FRACTION or (self.bits > 16 and self.mode == "L")


class _Chunk(NamedTuple):
    """A strip or tile, of all planes or of one."""

    left: int
    top: int
    width: int
    height: int
    plane: int


def samples_of(tags: Any) -> Samples | None:
    """Return the storage layout described by the tags of a page, or None if it is not supported."""
    try:
        found = _by_tags(tags)
        return found if _is_known(found, tags) else None
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def _by_tags(tags: Any) -> Samples:
    def numbers(tag: int, *otherwise: int) -> tuple[int, ...]:
        value = tags.get(tag, otherwise)
        return tuple(value) if isinstance(value, tuple | list) else (value,)

    photometric, count = numbers(_PHOTOMETRIC, 0)[0], numbers(_SAMPLES, 1)[0]
    mode = _MODES[photometric]
    if mode in ("L", "RGB") and count > Image.getmodebands(mode):
        mode += _ALPHA.get(numbers(_EXTRA, 0)[0], "")
    height = numbers(_HEIGHT)[0]
    is_tiled = _TILE_WIDTH in tags
    # Old programs wrote the offsets of tiles into the tag for strips.
    offsets = numbers(_TILE_OFFSETS) if _TILE_OFFSETS in tags else numbers(_STRIP_OFFSETS)
    lengths = numbers(_TILE_BYTES) if _TILE_BYTES in tags else numbers(_STRIP_BYTES)
    return Samples(
        mode=mode,
        width=numbers(_WIDTH)[0],
        height=height,
        bits=numbers(_BITS, 1)[0],
        kind=numbers(_SAMPLE_FORMAT, 1)[0],
        count=count,
        photometric=photometric,
        is_planar=numbers(_PLANAR, 1)[0] == 2 and count > 1,
        compression=numbers(_COMPRESSION, _UNCOMPRESSED)[0],
        fill_order=numbers(_FILL_ORDER, 1)[0],
        predictor=numbers(_PREDICTOR, 1)[0],
        is_tiled=is_tiled,
        chunk_width=numbers(_TILE_WIDTH if is_tiled else _WIDTH)[0],
        chunk_height=numbers(_TILE_HEIGHT)[0]
        if is_tiled
        else min(numbers(_ROWS_PER_STRIP, height)[0], height),
        places=tuple(zip(offsets, lengths, strict=False)),
        order="<" if tags.prefix == b"II" else ">",
        subsampling=numbers(_SUBSAMPLING, 2, 2) if photometric == _YCBCR else (1, 1),
        palette=numbers(_PALETTE) if photometric == _INDEXED else (),
    )


def _is_known(found: Samples, tags: Any) -> bool:
    """Whether this layout is supported. All samples of a pixel must have the same type."""
    across, down = found.subsampling
    return (
        found.compression in _OF_BYTES
        and found.bits in _KNOWN_BITS.get(found.kind, ())
        and all(len(set(tags.get(tag, (1,)))) == 1 for tag in (_BITS, _SAMPLE_FORMAT))
        and found.shown <= found.count <= _MOST_SAMPLES
        and min(found.width, found.height, found.chunk_width, found.chunk_height) > 0
        and bool(found.places)
        and (found.photometric != _INDEXED or (found.bits <= 16 and len(found.palette) == 3 << found.bits))
        and (across == down == 1 or (found.bits == 8 and found.count == 3 and {across, down} <= {1, 2, 4}))
    )


def decode_samples(samples: Samples, file: IO[bytes]) -> tuple[Image.Image, bool]:
    """Decode a picture; return it and whether its data was complete. Missing pixels are black.

    Integers are scaled by their nominal range. Floats, and greys of more than 16 bits, are scaled by
    ``bit_depth.scaled_to_8_bit``.
    """
    import numpy as np

    wanted = np.float32 if samples.keeps_numbers else np.uint16 if samples.palette else np.uint8
    pixels = np.zeros((samples.height, samples.width, samples.shown), wanted)
    chunks = list(_chunks(samples))
    is_whole = len(samples.places) >= len(chunks)
    for chunk, (offset, length) in zip(chunks, samples.places, strict=False):
        if chunk.plane >= samples.shown:
            break
        file.seek(offset)
        decoded, chunk_is_whole = _decoded(samples, chunk, file.read(length))
        is_whole &= chunk_is_whole
        target = pixels[chunk.top : chunk.top + chunk.height, chunk.left : chunk.left + chunk.width]
        if samples.is_planar:
            target = target[..., chunk.plane : chunk.plane + 1]
        target[...] = decoded[: target.shape[0], : target.shape[1], : target.shape[2]]
    return _picture(samples, pixels), is_whole


def _chunks(samples: Samples) -> Iterator[_Chunk]:
    """Yield the chunks in storage order."""
    for plane in range(samples.count if samples.is_planar else 1):
        for top in range(0, samples.height, samples.chunk_height):
            height = (
                samples.chunk_height if samples.is_tiled else min(samples.chunk_height, samples.height - top)
            )
            for left in range(0, samples.width, samples.chunk_width):
                yield _Chunk(left, top, samples.chunk_width, height, plane)


def _decoded(samples: Samples, chunk: _Chunk, data: bytes) -> "tuple[NDArray[Any], bool]":
    """Decode a chunk; return its scaled samples, shape (rows, columns, samples), and whether it was complete."""
    import numpy as np

    across, down = samples.subsampling
    if (across, down) == (1, 1) or (samples.is_planar and chunk.plane == 0):
        return _scaled_chunk(samples, data, chunk.width, chunk.height)
    columns, rows = -(-chunk.width // across), -(-chunk.height // down)
    if samples.is_planar:
        small, is_whole = _scaled_chunk(samples, data, columns, rows)
        return small.repeat(down, axis=0).repeat(across, axis=1), is_whole
    # TIFF 6.0, section 21: a unit has the luma of all pixels that share a colour, then the two chroma samples.
    unit = across * down + 2
    unpacked, is_whole = _unpacked(samples, data, columns * unit, rows)
    units = np.frombuffer(unpacked, np.uint8).reshape(rows, columns, unit)
    levels = units[..., :-2].reshape(rows, columns, down, across).transpose(0, 2, 1, 3)
    colours = units[..., -2:].repeat(down, axis=0).repeat(across, axis=1)
    return np.concatenate((levels.reshape(rows * down, columns * across, 1), colours), axis=2), is_whole


def _scaled_chunk(samples: Samples, data: bytes, width: int, rows: int) -> "tuple[NDArray[Any], bool]":
    import numpy as np

    count, bits = 1 if samples.is_planar else samples.count, samples.bits
    stride = (width * count * bits + 7) // 8
    unpacked, is_whole = _unpacked(samples, data, stride, rows)
    parts = [
        _in_range(
            samples, _numbers(samples, unpacked[stride * top : stride * (top + _ROWS_AT_ONCE)], stride, width)
        )
        for top in range(0, rows, _ROWS_AT_ONCE)
    ]
    return np.concatenate(parts), is_whole


def _unpacked(samples: Samples, data: bytes, stride: int, rows: int) -> tuple[bytes, bool]:
    """Decompress ``rows`` rows of ``stride`` bytes; return them, and whether they were complete."""
    size = stride * rows
    if samples.compression == _UNCOMPRESSED:
        data = data.translate(_REVERSED) if samples.fill_order == 2 else data
        return data[:size].ljust(size, b"\0"), len(data) >= size
    if samples.compression in _DEFLATE:
        # Unlike libtiff, this recovers the beginning of a damaged strip.
        data = _inflated(data, size)
        return data.ljust(size, b"\0"), len(data) == size
    # Wrap the data in a TIFF that libtiff decodes as an 8-bit greyscale picture.
    entries = (
        *((_WIDTH, stride), (_HEIGHT, rows), (_BITS, 8), (_COMPRESSION, samples.compression)),
        *((_PHOTOMETRIC, 1), (_FILL_ORDER, samples.fill_order), (_STRIP_OFFSETS, 8), (_SAMPLES, 1)),
        *((_ROWS_PER_STRIP, rows), (_STRIP_BYTES, len(data))),
    )
    directory = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in entries)
    header = struct.pack("<2sHL", b"II", 42, 8 + len(data))
    file = BytesIO(b"".join((header, data, struct.pack("<H", len(entries)), directory, bytes(4))))
    with Image.open(file, formats=["TIFF"]) as bytes_as_picture:
        try:
            bytes_as_picture.load()
        except OSError:
            bytes_as_picture.tile = []
            return bytes_as_picture.tobytes(), False
        return bytes_as_picture.tobytes(), True


def _inflated(data: bytes, most: int) -> bytes:
    unpacker, parts = zlib.decompressobj(), []
    try:
        while data and most > 0 and not unpacker.eof:
            parts.append(unpacker.decompress(data, min(most, _PIECE)))
            most -= len(parts[-1])
            data = unpacker.unconsumed_tail
    except zlib.error:
        pass
    return b"".join(parts)


def _numbers(samples: Samples, data: bytes, stride: int, width: int) -> "NDArray[Any]":
    """Unpack samples without scaling, shape (rows, columns, samples). Signed integers are returned as unsigned."""
    import numpy as np

    bits, rows = samples.bits, len(data) // stride
    count = 1 if samples.is_planar else samples.count
    if samples.predictor == _DIFFERENCES_OF_BYTES and samples.compression != _UNCOMPRESSED:
        differences = np.frombuffer(data, np.uint8).reshape(rows, -1, count)
        # A row starts with the most significant bytes of all its samples.
        planes = np.cumsum(differences, axis=1, dtype=np.uint8).reshape(rows, bits // 8, -1)
        data, order = planes.transpose(0, 2, 1).tobytes(), ">"
    else:
        order = samples.order
    if bits not in (8, 16, 24, 32, 64):
        each = np.unpackbits(np.frombuffer(data, np.uint8).reshape(rows, stride), axis=1)
        each = each[:, : width * count * bits].reshape(rows, width, count, bits)
        weights = (1 << np.arange(bits - 1, -1, -1)).astype(np.uint16)
        joined: NDArray[Any] = each @ weights
        return joined
    if bits == 24:
        each = np.frombuffer(data, np.uint8).reshape(rows, width, count, 3).astype(np.uint32)
        low, high = (0, 2) if order == "<" else (2, 0)
        return each[..., low] | each[..., 1] << 8 | each[..., high] << 16
    letter = "f" if samples.kind == _FRACTION else "u"
    numbers = np.frombuffer(data, f"{order}{letter}{bits // 8}").reshape(rows, width, count)
    numbers = numbers.astype(numbers.dtype.newbyteorder("="), copy=False)
    if samples.predictor == _DIFFERENCES and samples.compression != _UNCOMPRESSED and letter == "u":
        return np.cumsum(numbers, axis=1, dtype=numbers.dtype)
    return numbers


def _in_range(samples: Samples, numbers: "NDArray[Any]") -> "NDArray[Any]":
    """Scale integers to 0 to 255. Palette indexes are unchanged; ``keeps_numbers`` samples become float32."""
    import numpy as np

    if samples.palette:
        return numbers
    if samples.keeps_numbers:
        if samples.kind == _SIGNED:
            numbers = numbers.view(np.dtype(f"i{samples.bits // 8}"))
        with np.errstate(all="ignore"):
            return numbers.astype(np.float32)
    # 8-bit samples declared as signed are in fact unsigned.
    if samples.kind == _SIGNED and samples.bits > 8 and samples.mode != "LAB":
        numbers = numbers ^ numbers.dtype.type(1 << (samples.bits - 1))
    levels: NDArray[Any] = (
        numbers >> numbers.dtype.type(samples.bits - 8)
        if samples.bits >= 8
        else numbers * np.uint16(255) // np.uint16((1 << samples.bits) - 1)
    )
    return levels.astype(np.uint8)


def _picture(samples: Samples, pixels: "NDArray[Any]") -> Image.Image:
    import numpy as np

    mode, size = samples.mode, (samples.width, samples.height)
    if samples.keeps_numbers:
        if samples.mode != "L":  # negative values are colours outside the displayable range
            pixels = np.maximum(pixels, 0)
        pixels = scaled_to_8_bit(pixels.reshape(samples.height, -1)).reshape(pixels.shape)
    if samples.palette:
        colours = np.array(samples.palette, np.uint16).reshape(3, -1).T
        # Some programs write 8-bit palettes instead of 16-bit ones.
        mode, pixels = "RGB", (colours >> (8 if colours.max() > 255 else 0)).astype(np.uint8)[pixels[..., 0]]
    elif samples.photometric == _WHITE_IS_ZERO:
        pixels[..., 0] = 255 - pixels[..., 0]
    elif samples.photometric == _ICC_LAB:
        pixels[..., 1:] ^= 128
    return Image.frombytes(mode, size, np.ascontiguousarray(pixels).tobytes())
