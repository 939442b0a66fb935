"""Cache folder for pictures that were received as data."""

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
    """Folder of pictures named by the hash of their content. Equal pictures share one file."""

    def __init__(self, folder: Path, most_bytes: int = MOST_BYTES) -> None:
        """Create the cache. Its folder is created on first use.

        Args:
            folder: The cache folder.
            most_bytes: Total size above which the oldest pictures are deleted.
        """
        self.folder = folder
        self._most_bytes = most_bytes

    def keep(self, data: bytes) -> Path:
        """Store a picture unchanged, and return its path.

        Raises:
            ValueError: The data is not a picture in a supported format.
            OSError: The file cannot be written.
        """
        extension = picture_extension(data[:HEAD_BYTES])
        if not extension:
            raise ValueError("not a picture")
        path = self.folder / f"{hashlib.sha256(data).hexdigest()[:32]}.{extension}"
        if not path.exists():
            replace_file(path, data)
            self._make_room()
        else:
            with suppress(OSError):  # marks it as recently used; not essential
                os.utime(path)
        return path

    def found(self) -> list[tuple[float, int, Path]]:
        """Return modification time (seconds since the epoch), size in bytes and path of each file."""
        found = []
        with suppress(OSError):  # the folder does not exist or cannot be read: there is nothing to delete
            for path in self.folder.iterdir():
                with suppress(OSError):
                    status = path.stat()
                    found.append((status.st_mtime, status.st_size, path))
        return found

    def delete(self, path: Path) -> None:
        """Delete a file of the folder. A failure is logged."""
        try:
            path.unlink()
        except OSError as error:
            # This is only a cache: the file will be deleted another time.
            _LOG.info("could not delete cached picture: %s", error)

    def _make_room(self) -> None:
        total = 0
        for number, (_, size, path) in enumerate(sorted(self.found(), reverse=True)):
            total += size
            if total > self._most_bytes and number:
                self.delete(path)
