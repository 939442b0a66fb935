"""The reader of pictures.

It stands apart from ``image``, which does the reading, so that Pillow is imported with the first picture that is
opened: a scan, which only asks for ``extensions``, needs none of it.
"""

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from imagefinder.readers.pillow.pillow_formats import EXTENSIONS, formats_by_content
from imagefinder.readers.reader import MediaReader

if TYPE_CHECKING:
    from imagefinder.readers.image import PictureFile


class ImageReader(MediaReader):
    """Reads every picture format of ``formats``."""

    extensions = EXTENSIONS

    def recognises(self, head: bytes) -> bool:
        return bool(formats_by_content(head))

    def open(self, path: Path, content: BinaryIO | None = None) -> "PictureFile":
        from imagefinder.readers.image import PictureFile

        return PictureFile(path, content)
