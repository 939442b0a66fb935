"""The log file, in the user's log folder. It is never sent anywhere."""

import logging
from io import TextIOWrapper
from pathlib import Path
from typing import cast

from imagefinder.paths import default_places
from imagefinder.printable import PrintableFormatter
from imagefinder.private_files import make_folder, private_opener

_MOST_BYTES = 1_000_000


def log_file() -> Path:
    """Return the path of the log file. It need not exist."""
    return default_places().logs / "imagefinder.log"


def log_to_file() -> Path | None:
    """Write the program's log records to the log file from now on.

    Returns:
        The path of the log file, or None if it cannot be written.
    """
    from logging.handlers import (
        RotatingFileHandler,  # imported late: it imports sockets, which commands do not need
    )

    class PrivateHandler(RotatingFileHandler):
        def _open(self) -> TextIOWrapper:
            opened = open(  # noqa: SIM115 - Path.open has no opener; logging closes the file
                self.baseFilename,
                self.mode,
                encoding=self.encoding,
                errors=self.errors,
                opener=private_opener,
            )
            return cast(TextIOWrapper, opened)

    path = log_file()
    try:
        make_folder(path.parent)
        handler = PrivateHandler(
            path, maxBytes=_MOST_BYTES, backupCount=1, encoding="utf-8", errors="replace"
        )
    except OSError:
        return None
    handler.setFormatter(PrintableFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.getLogger("imagefinder").addHandler(handler)
    return path
