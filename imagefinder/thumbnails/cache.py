"""Thumbnail cache: small JPEG files by content hash, so that moved and renamed files keep theirs."""

import io
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from imagefinder.domain.image_signatures import is_whole_jpeg
from imagefinder.paths import thumbnail_file
from imagefinder.private_files import replace_file

if TYPE_CHECKING:
    from PIL import Image

_LOG = logging.getLogger(__name__)

THUMBNAIL_SIDE = 320
"""Length of the longer side in pixels: a grid cell of 160 points on a screen with a scale factor of 2."""
LEAST_SIDE = 240
"""Length of the shorter side in pixels at which a picture should be decoded; suffices for 4:3."""
_QUALITY = 80


def thumbnail_key(digest: bytes, part: int) -> str:
    """Return the cache key of an item, from its file's content hash and its part (from 1)."""
    return f"{digest.hex()}-{part}"


class ThumbnailCache:
    """Thumbnails on disk. Safe to use from several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: str) -> Path:
        """Return the path of the thumbnail with this key, whether or not it exists."""
        return thumbnail_file(self._folder, key)

    def has(self, key: str) -> bool:
        """Whether a complete thumbnail with this key exists. A truncated one counts as missing."""
        return is_whole_jpeg(self.path(key))

    def put(self, key: str, image: "Image.Image") -> Path | None:
        """Write a thumbnail of an RGB picture, unless a complete one exists, and return its path.

        Returns None if it cannot be written, because the disk is full for example; the reason is logged.
        """
        target = self.path(key)
        if is_whole_jpeg(target):
            return target
        # Encoded in memory, because an encoder that writes to a file may mistake a full disk for success.
        encoded = io.BytesIO()
        _small(image).save(encoded, "JPEG", quality=_QUALITY)
        try:
            replace_file(target, encoded.getbuffer())
        except OSError as error:
            _LOG.warning("could not write the thumbnail %s: %s", key, error)
            return None
        return target

    def remove(self, digest: bytes) -> None:
        """Delete the thumbnails of all parts of a content."""
        hexadecimal = digest.hex()
        for path in (self._folder / hexadecimal[:2]).glob(f"{hexadecimal}-*.jpg"):
            path.unlink(missing_ok=True)


def _small(image: "Image.Image") -> "Image.Image":
    """Scale a picture down to ``THUMBNAIL_SIDE`` pixels on its longer side; return a smaller one as it is."""
    from PIL import Image

    longest = max(image.size)
    if longest <= THUMBNAIL_SIDE:
        return image
    # Rounded down, so that whole blocks of pixels can be averaged first, which takes a seventh of the time at
    # 1/2.
    width, height = (max(side * THUMBNAIL_SIDE // longest, 1) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=1.0)
