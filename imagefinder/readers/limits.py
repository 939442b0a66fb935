"""How large a picture may be: decided from its header alone, before a pixel is decoded."""

import psutil
from PIL import Image, ImageFile

from imagefinder.model.errors import PassingError, UnreadableError
from imagefinder.translation import tr_later

MAX_PIXELS = 500_000_000
"""Pixels of one picture. Stitched panoramas and scans reach 200 to 300 million; a header that claims more
than this is far likelier damaged, or a decompression bomb (a small file made to fill the memory), than a
photograph."""

MEMORY_SHARE = 0.5
"""The part of the memory free right now that decoding one picture may take. Several are decoded at a time,
but large ones seldom meet, and each is measured against what the others have left."""

_ALWAYS_FITS = 64 * 2**20
"""Bytes for which the free memory is not even asked."""

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


def _in_megapixels(width: int, height: int) -> str:
    return f"{width * height / 1e6:.0f}"


def refuse_oversize(width: int, height: int) -> None:
    """Raise ``UnreadableError`` when a picture of this size is beyond ``MAX_PIXELS``."""
    if width * height > MAX_PIXELS:
        text = tr_later(
            "too large: {width} x {height} pixels ({size} megapixels; the limit is {limit})", "reason"
        )
        size, limit = _in_megapixels(width, height), MAX_PIXELS // 1_000_000
        raise UnreadableError(text.format(width=width, height=height, size=size, limit=limit))


def refuse_beyond_memory(picture: ImageFile.ImageFile, width: int, height: int) -> None:
    """Raise ``UnreadableError`` when decoding would take too much of the memory that is free.

    ``width`` and ``height`` are those of the file; ``picture.size`` may be smaller where ``draft`` scaled it.
    """
    codec = _CODEC_BYTES_PER_PIXEL.get(picture.format or "", 0)
    needed = picture.size[0] * picture.size[1] * (_BYTES_PER_PIXEL + codec)
    if picture.info.get("progressive"):
        needed += width * height * _PROGRESSIVE_BYTES_PER_PIXEL
    if not fits(needed):
        text = tr_later(
            "too large for the memory that is free: {width} x {height} pixels ({size} megapixels). "
            "Close other programs and try again",
            "reason",
        )
        raise PassingError(text.format(width=width, height=height, size=_in_megapixels(width, height)))


def refuse_large_file(size: int) -> None:
    """Raise ``UnreadableError`` when a file that is read whole (bytes) would take too much memory."""
    if not fits(size):
        text = tr_later("too large for the memory that is free: a file of {size} megabytes", "reason")
        raise PassingError(text.format(size=f"{size / 1e6:.0f}"))


def fits(needed: int) -> bool:
    """Whether so many bytes may be taken now."""
    return needed <= _ALWAYS_FITS or needed <= psutil.virtual_memory().available * MEMORY_SHARE
