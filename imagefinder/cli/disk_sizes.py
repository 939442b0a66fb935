"""File sizes and free disk space, formatted for messages."""

import os
import shutil
from pathlib import Path

from imagefinder.translation import tr


def path_and_size(path: Path) -> str:
    """Return the path of a file or folder with its size, for display."""
    if not path.exists():
        return tr("{path} (not there yet)", path=path)
    return f"{path} ({readable_size(size_of(path))})"


def size_of(path: Path) -> int:
    """Return the size in bytes of a file, or of all files in a folder."""
    if not path.is_dir():
        return path.stat().st_size
    size = 0
    for parent, _, names in os.walk(path):
        for name in names:
            try:
                size += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 - faster for many files
            except OSError:
                continue  # deleted meanwhile
    return size


def readable_size(count: float) -> str:
    """Format a number of bytes, for instance ``605 MB``."""
    unit = "bytes"
    for larger in ("kB", "MB", "GB"):
        if count < 1000:
            break
        count, unit = count / 1000, larger
    return f"{count:.1f} {unit}" if unit == "GB" and count < 10 else f"{count:.0f} {unit}"


def room_for(folder: Path) -> int:
    """Return the free bytes on the disk of a folder, which need not exist.

    Raises:
        OSError: The disk does not respond.
    """
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(nearest).free
