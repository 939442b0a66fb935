"""A short look at the disk from the GUI thread, which a drive that sleeps must not hold up."""

import stat
import threading
from collections.abc import Sequence
from pathlib import Path

_PATIENCE_S = 0.2


def told_apart(paths: Sequence[Path], patience_s: float = _PATIENCE_S) -> tuple[list[Path], list[Path]]:
    """The files and the folders among these paths; what is not there is left out.

    What the disk has not answered for within ``patience_s`` seconds is taken for there, and for a folder where its
    name has no extension: whoever opens it will see.
    """
    found: dict[Path, bool | None] = {}
    if not paths:
        return [], []
    # A daemon: a network drive that is gone may hold it for minutes, and must not hold the program's end.
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
            # Not there, not to be reached, or a name that no disk takes.
            found[path] = None
