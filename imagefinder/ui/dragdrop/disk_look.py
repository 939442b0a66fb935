"""Time-limited check of paths on disk, for use on the GUI thread."""

import stat
import threading
from collections.abc import Sequence
from pathlib import Path

_PATIENCE_S = 0.2


def told_apart(paths: Sequence[Path], patience_s: float = _PATIENCE_S) -> tuple[list[Path], list[Path]]:
    """Return the files and the folders among these paths. Paths that do not exist are left out.

    Paths that the disk has not reported on within ``patience_s`` seconds are assumed to exist, and to be
    folders if their names have no extension. Errors then appear when they are opened.
    """
    found: dict[Path, bool | None] = {}
    if not paths:
        return [], []
    # A daemon, because a disconnected network drive may block it for minutes and must not delay the program's exit.
    thread = threading.Thread(target=_look, args=(tuple(paths), found), name="disk-look", daemon=True)
    thread.start()
    thread.join(patience_s)
    known = {path: found.get(path, not path.suffix) for path in paths}
    files = [path for path, is_folder in known.items() if is_folder is False]
    return files, [path for path, is_folder in known.items() if is_folder]


def _look(paths: Sequence[Path], found: dict[Path, bool | None]) -> None:
    for path in paths:
        try:
            found[path] = stat.S_ISDIR(path.stat().st_mode)
        except (OSError, ValueError):
            # The path does not exist, cannot be accessed, or is invalid.
            found[path] = None
