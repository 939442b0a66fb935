"""Limits of picture size, checked from the header before a pixel is decoded."""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile

from imagefinder.domain.errors import PassingError, UnreadableError
from imagefinder.domain.reasons import ReasonCode
from imagefinder.readers.reservations import reserved

MAX_PIXELS = 500_000_000
"""Pixels of one picture. Stitched panoramas and scans reach 200 to 300 million; a header that claims more
than this is far likelier damaged, or a decompression bomb (a small file made to fill the memory), than a
photograph."""

# Bytes a pixel takes at the peak of decoding and conversion: Pillow keeps RGB in 4 bytes, and conversion holds up
# to three pictures at once. Measured, as growth of the resident memory for pictures of 20 megapixels, and rounded
# up: 12 with alpha and 8 without, JPEG 2000 20, WebP 16 to 20, AVIF 11, HEIF 9, TIFF up to 17 (fractions).
_BYTES_PER_PIXEL = 12
_CODEC_BYTES_PER_PIXEL = {"JPEG2000": 12, "WEBP": 8, "AVIF": 4, "HEIF": 4, "TIFF": 6}
# A progressive JPEG's coefficients are all kept until its last scan: 2 bytes for each of three components.
_PROGRESSIVE_BYTES_PER_PIXEL = 6


def set_pillow_limit() -> None:
    """Make Pillow's own guard agree with ours.

    Pillow refuses above twice ``Image.MAX_IMAGE_PIXELS`` and warns above once; its default refuses at 179
    million, which is a large but honest panorama. The guard stays on: it also watches sizes that no header
    shows us (a picture within an icon, the tiles of a TIFF). The warning is silenced by ``quiet``.
    """
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2


def _in_megapixels(width: int, height: int) -> int:
    return round(width * height / 1e6)


def refuse_oversize(width: int, height: int) -> None:
    """Raise ``UnreadableError`` when a picture of this size is beyond ``MAX_PIXELS``."""
    if width * height > MAX_PIXELS:
        size, limit = _in_megapixels(width, height), MAX_PIXELS // 1_000_000
        raise UnreadableError(ReasonCode.TOO_LARGE, width=width, height=height, megapixels=size, limit=limit)


@contextmanager
def room_to_decode(picture: ImageFile.ImageFile, width: int, height: int) -> Iterator[None]:
    """Inside, the memory that decoding takes is reserved.

    ``width`` and ``height`` are those of the file; ``picture.size`` may be smaller where ``draft`` scaled it.
    A picture with an attribute ``bytes_per_pixel`` takes so many more.

    Raises:
        PassingError: it would take too much of the memory that is free.
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
    """Inside, so many bytes are reserved for a file that its decoder reads whole.

    Raises:
        PassingError: it would take too much of the memory that is free.
    """
    with reserved(size) as is_granted:
        if not is_granted:
            raise PassingError(ReasonCode.TOO_LARGE_NOW, megabytes=round(size / 1e6))
        yield
