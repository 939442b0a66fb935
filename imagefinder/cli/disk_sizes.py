"""File sizes and free disk space, formatted for messages."""

import os
import shutil
from pathlib import Path

from imagefinder.translation import tr


def path_and_size(path: Path) -> str:
    """A file or folder as a person reads it, with what it holds."""
    if not path.exists():
        return tr("{path} (not there yet)", path=path)
    return f"{path} ({readable_size(size_of(path))})"


def size_of(path: Path) -> int:
    """Bytes of a file, or of what is in a folder."""
    if not path.is_dir():
        return path.stat().st_size
    size = 0
    for parent, _, names in os.walk(path):
        for name in names:
            try:
                size += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 - many of them
            except OSError:
                continue  # deleted meanwhile
    return size


def readable_size(count: float) -> str:
    """Bytes in words, such as ``605 MB``."""
    unit = "bytes"
    for larger in ("kB", "MB", "GB"):
        if count < 1000:
            break
        count, unit = count / 1000, larger
    return f"{count:.1f} {unit}" if unit == "GB" and count < 10 else f"{count:.0f} {unit}"


def room_for(folder: Path) -> int:
    """Bytes that are free on the disk where a folder is, or would be.

    Raises:
        OSError: the disk does not answer.
    """
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(nearest).free
