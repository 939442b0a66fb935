"""The log file, in the user's own log folder. Nothing is sent anywhere."""

import logging
from pathlib import Path

from imagefinder.paths import default_places

_MOST_BYTES = 1_000_000


def log_file() -> Path:
    """Where the log is, or would be."""
    return default_places().logs / "imagefinder.log"


def log_to_file() -> Path | None:
    """Send the program's log records to its file from now on; returns where, or None if it cannot be written."""
    from logging.handlers import RotatingFileHandler  # imports sockets, which a command has no use for

    path = log_file()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = RotatingFileHandler(
            path, maxBytes=_MOST_BYTES, backupCount=1, encoding="utf-8", errors="replace"
        )
    except OSError:
        return None
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("imagefinder").addHandler(handler)
    return path
