"""Cache of pictures dropped or pasted as data, stored as files while a pane searches by them."""

import time
from collections.abc import Collection
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage

from imagefinder.picture_cache import MOST_BYTES, PictureCache

_LIVES_S = 24 * 3600
"""How long (seconds) pictures dropped on other windows are kept, because these may search by them."""


class DropCache:
    """A ``PictureCache`` that knows which pictures were dropped on this window.

    Its methods access the disk and should be called in a background thread.
    """

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Create the cache; for the arguments see ``PictureCache``."""
        self.folder = folder
        self._cache = PictureCache(folder, most_bytes)
        self._own: set[str] = set()
        """File names of pictures dropped on this window."""

    def keep(self, picture: QImage | bytes) -> Path:
        """Store a picture and return its file. Bytes are written unchanged, and an image as PNG.

        Raises:
            ValueError: The data is not a picture of a supported format.
            OSError: The file cannot be written.
        """
        path = self._cache.keep(_png(picture) if isinstance(picture, QImage) else picture)
        self._own.add(path.name)
        return path

    def keep_only(self, paths: Collection[Path]) -> None:
        """Delete all pictures except these and those that other windows stored within the last day."""
        names = {path.name for path in paths if path.parent == self.folder}
        oldest = time.time() - _LIVES_S
        for changed, _, path in self._cache.found():
            if path.name not in names and (path.name in self._own or changed < oldest):
                self._cache.delete(path)


def _png(image: QImage) -> bytes:
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    # Low compression: stronger compression would take a second for a large picture, and the file is read only
    # once or twice.
    image.save(buffer, "PNG", 80)  # type: ignore[call-overload]
    buffer.close()
    return bytes(data.data())
