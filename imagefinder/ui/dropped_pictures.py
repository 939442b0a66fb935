"""Pictures that came as data, kept as files while some pane searches by them."""

import hashlib
import logging
import os
from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage

from imagefinder.ui.picture_bytes import picture_extension

_LOG = logging.getLogger(__name__)


class DroppedPictures:
    """A folder of pictures, each named by the hash of its content, so that one dropped twice is one file.

    Its methods work on the disk: call them from a worker thread.
    """

    def __init__(self, folder: Path) -> None:
        """The folder is made when it is needed."""
        self.folder = folder

    def keep(self, picture: QImage | bytes) -> Path:
        """The file of a picture: bytes as they are, an image as PNG.

        Raises:
            ValueError: it is no picture.
            OSError: it cannot be written.
        """
        data = _png(picture) if isinstance(picture, QImage) else picture
        extension = picture_extension(data)
        if not extension:
            raise ValueError("not a picture")
        path = self.folder / f"{hashlib.sha256(data).hexdigest()[:32]}.{extension}"
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}")
            temporary.write_bytes(data)
            temporary.replace(path)
        return path

    def keep_only(self, paths: Collection[Path]) -> None:
        """Delete all but these."""
        names = {path.name for path in paths if path.parent == self.folder}
        if not self.folder.is_dir():
            return
        for path in self.folder.iterdir():
            if path.name in names:
                continue
            try:
                path.unlink()
            except OSError as error:
                # It is a cache: what cannot go now goes the next time.
                _LOG.info("a dropped picture stays behind: %s", error)


def _png(image: QImage) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # Little compression: the file is read once or twice, and a large one would take a second to squeeze.
    image.save(buffer, "PNG", 80)  # type: ignore[call-overload]
    buffer.close()
    return bytes(data.data())
