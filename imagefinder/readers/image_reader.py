"""The reader of pictures.

Decoding is in the separate module ``image``, so that Pillow is imported only when the first picture is opened. A scan
needs only ``extensions``.
"""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from imagefinder.readers.pillow.pillow_formats import EXTENSIONS, formats_by_content
from imagefinder.readers.reader import MediaReader

if TYPE_CHECKING:
    from imagefinder.readers.image import PictureFile


class ImageReader(MediaReader):
    """Reader of all picture formats listed in ``domain.image_signatures``."""

    extensions = EXTENSIONS

    def recognises(self, head: bytes) -> bool:
        return bool(formats_by_content(head))

    def open(self, path: Path, content: BinaryIO | None = None) -> "PictureFile":
        from imagefinder.readers.image import PictureFile

        return PictureFile(path, content)
