"""The thumbnail cache: small JPEG files by content hash, so that moves and renames cost nothing."""

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
"""Pixels of the longer side: a 160-point grid cell on a screen of double density."""
LEAST_SIDE = 240
"""Pixels of the shorter side that a picture should be decoded at for its thumbnail: enough for 4:3."""
_QUALITY = 80


def thumbnail_key(digest: bytes, part: int) -> str:
    """The name of an item's thumbnail, from its file's content hash and its part (from 1)."""
    return f"{digest.hex()}-{part}"


class ThumbnailCache:
    """Thumbnails on disk. Safe to use from several threads and processes at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def path(self, key: str) -> Path:
        """Where the thumbnail of this key is, or would be."""
        return thumbnail_file(self._folder, key)

    def has(self, key: str) -> bool:
        """Whether there is a whole thumbnail of this key; one that was cut short is to be made again."""
        return is_whole_jpeg(self.path(key))

    def put(self, key: str, image: "Image.Image") -> Path | None:
        """Write a thumbnail of an RGB picture, unless there is one that is whole; returns its path.

        A cache may fail (a full disk, a folder that cannot be written): then None, and the log says why.
        """
        target = self.path(key)
        if is_whole_jpeg(target):
            return target
        # In memory first: an encoder that writes to the file may take a full disk for the end of its work.
        encoded = io.BytesIO()
        _small(image).save(encoded, "JPEG", quality=_QUALITY)
        try:
            replace_file(target, encoded.getbuffer())
        except OSError as error:
            _LOG.warning("no thumbnail written for %s: %s", key, error)
            return None
        return target

    def remove(self, digest: bytes) -> None:
        """Delete the thumbnails of all parts of this content."""
        hexadecimal = digest.hex()
        for path in (self._folder / hexadecimal[:2]).glob(f"{hexadecimal}-*.jpg"):
            path.unlink(missing_ok=True)


def _small(image: "Image.Image") -> "Image.Image":
    """The picture with its longer side at ``THUMBNAIL_SIDE`` pixels; one that is no larger as it is."""
    from PIL import Image

    longest = max(image.size)
    if longest <= THUMBNAIL_SIDE:
        return image
    # Rounded down, so that whole blocks of pixels can be averaged first, which is a seventh of the work at 1/2.
    width, height = (max(side * THUMBNAIL_SIDE // longest, 1) for side in image.size)
    return image.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=1.0)
