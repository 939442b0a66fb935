"""Pictures dropped or pasted as data, stored as files while a pane searches by them."""

import time
from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage

from imagefinder.picture_cache import MOST_BYTES, PictureCache

_LIVES_S = 24 * 3600
"""Seconds that a picture stays which was not dropped on this window: another may search by it."""


class DropCache:
    """A ``PictureCache`` that knows which pictures came by this window.

    Its methods work on the disk: call them from a worker thread.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """See ``PictureCache``."""
        self.folder = folder
        self._cache = PictureCache(folder, most_bytes)
        self._own: set[str] = set()
        """Names of what was dropped on this window."""

    def keep(self, picture: QImage | bytes) -> Path:
        """The file of a picture: bytes as they are, an image as PNG.

        Raises:
            ValueError: it is no picture.
            OSError: it cannot be written.
        """
        path = self._cache.keep(_png(picture) if isinstance(picture, QImage) else picture)
        self._own.add(path.name)
        return path

    def keep_only(self, paths: Collection[Path]) -> None:
        """Delete all but these and what others dropped within a day."""
        names = {path.name for path in paths if path.parent == self.folder}
        oldest = time.time() - _LIVES_S
        for changed, _, path in self._cache.found():
            if path.name not in names and (path.name in self._own or changed < oldest):
                self._cache.delete(path)


def _png(image: QImage) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # Little compression: the file is read once or twice, and a large one would take a second to squeeze.
    image.save(buffer, "PNG", 80)  # type: ignore[call-overload]
    buffer.close()
    return bytes(data.data())
