"""Open a file for a reader, and map errors of the disk to reasons."""

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
"""Bytes of a file that is read into memory in one go; the decoding threads hold one each. Photographs are smaller."""

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
    if hasattr(errno, name)  # not every system has every code
}


def disk_reason(error: OSError) -> Reason:
    """Why the operating system failed."""
    number = error.errno or 0
    if number in _GONE_CODES:
        return Reason(ReasonCode.DRIVE_NOT_ANSWERING)
    if number in _CODES:
        return Reason(_CODES[number])
    return Reason(ReasonCode.SYSTEM_ERROR, {"error": error.strerror or str(error)})


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn what the operating system raises into ``UnreadableError``."""
    try:
        yield
    except OSError as error:
        raise PassingError(disk_reason(error)) from error


def open_regular_file(path: Path) -> io.BufferedReader:
    """Open a file for reading bytes, if it is a file with something in it.

    Pipes, sockets and devices are looked at but never opened: opening one can hang for ever, or make it act.

    Raises:
        UnreadableError: it cannot be opened, is empty, or is not an ordinary file.
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
    """As ``open_regular_file``, for who reads a file more than once: up to ``READ_WHOLE`` bytes come into memory.

    So what is hashed is what is decoded, though somebody writes to the file meanwhile, and a drive is read once.

    Raises:
        UnreadableError: as ``open_regular_file``, or the drive failed while it was read.
    """
    file = open_regular_file(path)
    if size_of(file) > READ_WHOLE:
        return file
    with file, disk_errors():
        return io.BytesIO(file.read())


def size_of(file: BinaryIO) -> int:
    """Bytes in an open file; it then stands at its beginning."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    return size
