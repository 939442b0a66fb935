"""Pictures that arrived as data, stored as files in a cache folder."""

import hashlib
import logging
import os
from contextlib import suppress
from pathlib import Path

from imagefinder.domain.image_signatures import HEAD_BYTES, picture_extension
from imagefinder.private_files import replace_file

_LOG = logging.getLogger(__name__)

MOST_BYTES = 1_000_000_000


class PictureCache:
    """A folder of pictures, each named by the hash of its content, so that the same one twice is one file."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """The folder is made when it is needed; beyond ``most_bytes`` the oldest pictures go."""
        self.folder = folder
        self._most_bytes = most_bytes

    def keep(self, data: bytes) -> Path:
        """The file of a picture, its bytes as they are.

        Raises:
            ValueError: it is no picture of a format that is read.
            OSError: it cannot be written.
        """
        extension = picture_extension(data[:HEAD_BYTES])
        if not extension:
            raise ValueError("not a picture")
        path = self.folder / f"{hashlib.sha256(data).hexdigest()[:32]}.{extension}"
        if not path.exists():
            replace_file(path, data)
            self._make_room()
        else:
            with suppress(OSError):  # it only keeps its place among the newest
                os.utime(path)
        return path

    def found(self) -> list[tuple[float, int, Path]]:
        """Time of change, size and path of each file."""
        found = []
        with suppress(OSError):  # no folder yet, or one that cannot be read: nothing to delete
            for path in self.folder.iterdir():
                with suppress(OSError):
                    status = path.stat()
                    found.append((status.st_mtime, status.st_size, path))
        return found

    def delete(self, path: Path) -> None:
        """Delete a file of the folder, if that can be done now."""
        try:
            path.unlink()
        except OSError as error:
            # It is a cache: what cannot go now goes the next time.
            _LOG.info("a kept picture stays behind: %s", error)

    def _make_room(self) -> None:
        total = 0
        for number, (_, size, path) in enumerate(sorted(self.found(), reverse=True)):
            total += size
            if total > self._most_bytes and number:
                self.delete(path)
