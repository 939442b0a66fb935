"""The program's own JPEG files: written whole or not at all, and told from those that were cut short."""

import os
import threading
from contextlib import suppress
from pathlib import Path

from imagefinder.private_files import create, make_folder

_END_OF_IMAGE = b"\xff\xd9"


def write_jpeg(path: Path, encoded: bytes | memoryview) -> None:
    """Put an encoded JPEG at ``path`` in one step, making its folder where there is none.

    Encode in memory first: an encoder that writes to the file itself may take a full disk for the end of its work.

    Raises:
        OSError: it cannot be written; what was there before is untouched.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        try:
            file = create(temporary)
        except FileNotFoundError:
            make_folder(path.parent)
            file = create(temporary)
        with file:
            file.write(encoded)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):  # there may be no folder that it could stand in
            temporary.unlink()
        raise


def is_whole_jpeg(path: Path) -> bool:
    """Whether there is a file that ends as a JPEG does; one that was cut short by a full disk does not."""
    try:
        with path.open("rb") as file:
            file.seek(-len(_END_OF_IMAGE), os.SEEK_END)
            return file.read() == _END_OF_IMAGE
    except OSError:
        return False
