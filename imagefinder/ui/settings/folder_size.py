"""How much a folder holds; for a thread, as it may take a while."""

import os
from collections.abc import Callable
from pathlib import Path


def folder_size(folder: Path, is_stopped: Callable[[], bool]) -> tuple[int, int]:
    """Bytes and files below a folder; what was counted until then, once it is stopped."""
    size = files = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if is_stopped():
                return size, files
            try:
                size += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 - many of them
            except OSError:
                continue  # deleted meanwhile
            files += 1
    return size, files
