"""Limits of picture size, checked against the header before any pixel is decoded."""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile

from imagefinder.domain.errors import PassingError, UnreadableError
from imagefinder.domain.reasons import ReasonCode
from imagefinder.readers.reservations import reserved

MAX_PIXELS = 500_000_000
"""Largest number of pixels in one picture.

Stitched panoramas and scans reach 200 to 300 million. A header that claims more than this limit is more likely damaged
or a decompression bomb (a small file that expands to fill the memory) than a photograph.
"""

# Bytes a pixel at the peak of decoding and conversion: Pillow stores RGB in 4 bytes, and conversion holds up to three
# pictures at once. Measured as the growth of resident memory for pictures of 20 megapixels, rounded up: 12 with alpha
# and 8 without, JPEG 2000 20, WebP 16 to 20, AVIF 11, HEIF 9, TIFF up to 17 (floating point).
_BYTES_PER_PIXEL = 12
_CODEC_BYTES_PER_PIXEL = {"JPEG2000": 12, "WEBP": 8, "AVIF": 4, "HEIF": 4, "TIFF": 6}
# All coefficients of a progressive JPEG are kept until its last scan, in 2 bytes for each of three components.
_PROGRESSIVE_BYTES_PER_PIXEL = 6


def set_pillow_limit() -> None:
    """Set Pillow's own size limit to ``MAX_PIXELS``.

    Pillow raises an error above twice ``Image.MAX_IMAGE_PIXELS`` and warns above that value itself. By default it
    rejects more than 179 million pixels, which a large genuine panorama has. Its check stays enabled, because it also
    covers sizes that are not in the header, such as pictures within an icon and the tiles of a TIFF. The warning is
    silenced by ``pillow_warnings``.
    """
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2


def _in_megapixels(width: int, height: int) -> int:
    return round(width * height / 1e6)


def refuse_oversize(width: int, height: int) -> None:
    """Raise ``UnreadableError`` if a picture of this size has more than ``MAX_PIXELS`` pixels."""
    if width * height > MAX_PIXELS:
        size, limit = _in_megapixels(width, height), MAX_PIXELS // 1_000_000
        raise UnreadableError(ReasonCode.TOO_LARGE, width=width, height=height, megapixels=size, limit=limit)


@contextmanager
def room_to_decode(picture: ImageFile.ImageFile, width: int, height: int) -> Iterator[None]:
    """Reserve the memory needed to decode a picture, inside the context.

    ``width`` and ``height`` are those in the file; ``picture.size`` may be smaller because of ``draft``. If the
    picture has an attribute ``bytes_per_pixel``, that many more bytes are reserved for each pixel.

    Raises:
        PassingError: Decoding would use too much of the free memory.
    """
    codec = _CODEC_BYTES_PER_PIXEL.get(picture.format or "", 0)
    codec += getattr(picture, "bytes_per_pixel", 0)
    needed = picture.size[0] * picture.size[1] * (_BYTES_PER_PIXEL + codec)
    if picture.info.get("progressive"):
        needed += width * height * _PROGRESSIVE_BYTES_PER_PIXEL
    with reserved(needed) as is_granted:
        if not is_granted:
            size = _in_megapixels(width, height)
            raise PassingError(ReasonCode.TOO_LARGE_NOW, width=width, height=height, megapixels=size)
        yield


@contextmanager
def room_for_file(size: int) -> Iterator[None]:
    """Reserve ``size`` bytes, inside the context, for a file that its decoder reads into memory.

    Raises:
        PassingError: The file would use too much of the free memory.
    """
    with reserved(size) as is_granted:
        if not is_granted:
            raise PassingError(ReasonCode.TOO_LARGE_NOW, megabytes=round(size / 1e6))
        yield
