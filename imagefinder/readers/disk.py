"""Opening files for readers, and mapping operating-system errors to reasons."""

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from imagefinder.domain.errors import PassingError, UnreadableError
from imagefinder.domain.reasons import Reason, ReasonCode

_CODES = {
    errno.ENOENT: ReasonCode.NOT_FOUND,
    errno.ENOTDIR: ReasonCode.NOT_FOUND,
    errno.EACCES: ReasonCode.PERMISSION_DENIED,
    errno.EPERM: ReasonCode.PERMISSION_DENIED,
    errno.EIO: ReasonCode.READ_ERROR,
    errno.ELOOP: ReasonCode.LINK_LOOP,
    errno.ENAMETOOLONG: ReasonCode.NAME_TOO_LONG,
    errno.EMFILE: ReasonCode.TOO_MANY_OPEN_FILES,
    errno.ENFILE: ReasonCode.TOO_MANY_OPEN_FILES,
    errno.EBUSY: ReasonCode.LOCKED,
    errno.ETXTBSY: ReasonCode.LOCKED,
}
READ_WHOLE = 32 * 2**20
"""Largest file, in bytes, that is read into memory at once.

Each decoding thread holds one such file. Photographs are smaller.
"""

_GONE_CODES = {
    getattr(errno, name)
    for name in (
        "ENXIO",
        "ENODEV",
        "ESTALE",
        "ETIMEDOUT",
        "EHOSTDOWN",
        "EHOSTUNREACH",
        "ENOTCONN",
        "EREMOTEIO",
    )
    if hasattr(errno, name)  # some systems lack some of these codes
}


def disk_reason(error: OSError) -> Reason:
    """Return the reason for an operating-system error."""
    number = error.errno or 0
    if number in _GONE_CODES:
        return Reason(ReasonCode.DRIVE_NOT_ANSWERING)
    if number in _CODES:
        return Reason(_CODES[number])
    return Reason(ReasonCode.SYSTEM_ERROR, {"error": error.strerror or str(error)})


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn ``OSError`` into ``PassingError``."""
    try:
        yield
    except OSError as error:
        raise PassingError(disk_reason(error)) from error


def open_regular_file(path: Path) -> io.BufferedReader:
    """Open a regular, non-empty file for reading bytes.

    Pipes, sockets and devices are never opened, because opening one can block for ever or have side effects.

    Raises:
        UnreadableError: The file cannot be opened, is empty, or is not a regular file.
    """
    with disk_errors():
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise UnreadableError(ReasonCode.NOT_A_FILE)
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableError(ReasonCode.NOT_REGULAR)
        if found.st_size == 0:
            raise UnreadableError(ReasonCode.EMPTY)
        return path.open("rb")


def open_content(path: Path) -> io.BufferedReader | io.BytesIO:
    """Open a file as ``open_regular_file`` does, reading it into memory if it has at most ``READ_WHOLE`` bytes.

    Use this for files that are read more than once. The disk is then read only once, and the hashed bytes are the
    decoded bytes even if another program writes to the file in the meantime.

    Raises:
        UnreadableError: As in ``open_regular_file``, or reading the file failed.
    """
    file = open_regular_file(path)
    if size_of(file) > READ_WHOLE:
        return file
    with file, disk_errors():
        return io.BytesIO(file.read())


def size_of(file: BinaryIO) -> int:
    """Return the size of an open file in bytes, and rewind it."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size
