"""Pictures that came as data, kept as files while some pane searches by them."""

import hashlib
import logging
import os
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QIODevice
from PySide6.QtGui import QImage

from imagefinder.model.image_signatures import picture_extension

_LOG = logging.getLogger(__name__)

_MOST_BYTES = 1_000_000_000
_LIVES_S = 24 * 3600
"""Seconds that a picture stays which was not dropped on this window: another may search by it."""


class DroppedPictures:
    """A folder of pictures, each named by the hash of its content, so that one dropped twice is one file.

    Its methods work on the disk: call them from a worker thread.
    """

    def __init__(self, folder: Path, most_bytes: int = _MOST_BYTES) -> None:
        """The folder is made when it is needed; beyond ``most_bytes`` the oldest pictures go."""
        self.folder = folder
        self._most_bytes = most_bytes
        self._own: set[str] = set()
        """Names of what was dropped on this window."""

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
        self._own.add(name := f"{hashlib.sha256(data).hexdigest()[:32]}.{extension}")
        path = self.folder / name
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.{os.getpid()}")
            temporary.write_bytes(data)
            temporary.replace(path)
            self._make_room()
        else:
            with suppress(OSError):  # it only keeps its place among the newest
                os.utime(path)
        return path

    def keep_only(self, paths: Collection[Path]) -> None:
        """Delete all but these and what others dropped within a day."""
        names = {path.name for path in paths if path.parent == self.folder}
        oldest = time.time() - _LIVES_S
        for changed, _, path in self._found():
            if path.name not in names and (path.name in self._own or changed < oldest):
                _delete(path)

    def _make_room(self) -> None:
        total = 0
        for number, (_, size, path) in enumerate(sorted(self._found(), reverse=True)):
            total += size
            if total > self._most_bytes and number:
                _delete(path)

    def _found(self) -> list[tuple[float, int, Path]]:
        """Time of change, size and path of each file."""
        found = []
        with suppress(OSError):  # no folder yet, or one that cannot be read: nothing to delete
            for path in self.folder.iterdir():
                with suppress(OSError):
                    status = path.stat()
                    found.append((status.st_mtime, status.st_size, path))
        return found


def _delete(path: Path) -> None:
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
