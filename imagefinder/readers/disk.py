"""Opening a file for a reader, and saying in plain words why the disk would not give it."""

import errno
import io
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from imagefinder.model.errors import PassingError, UnreadableError
from imagefinder.translation import tr_later

_WORDS = {
    errno.ENOENT: tr_later("it is no longer there", "reason"),
    errno.ENOTDIR: tr_later("it is no longer there", "reason"),
    errno.EACCES: tr_later("you have no permission to read it", "reason"),
    errno.EPERM: tr_later("you have no permission to read it", "reason"),
    errno.EIO: tr_later("the drive reports a read error", "reason"),
    errno.ELOOP: tr_later("it is a link that leads back to itself", "reason"),
    errno.ENAMETOOLONG: tr_later("its name is longer than the system allows", "reason"),
    errno.EMFILE: tr_later("too many files are open at once", "reason"),
    errno.ENFILE: tr_later("too many files are open at once", "reason"),
    errno.EBUSY: tr_later("another program keeps it locked", "reason"),
    errno.ETXTBSY: tr_later("another program keeps it locked", "reason"),
}
READ_WHOLE = 32 * 2**20
"""Bytes of a file that is read into memory in one go; the decoding threads hold one each. Photographs are smaller."""

_GONE = tr_later("its drive or network folder does not answer", "reason")
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


def disk_reason(error: OSError) -> str:
    """Why the operating system failed, in words for the user."""
    code = error.errno or 0
    if code in _GONE_CODES:
        return _GONE
    otherwise = tr_later("the system cannot read it ({error})", "reason")
    return _WORDS.get(code) or otherwise.format(error=error.strerror or error)


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
            raise UnreadableError(tr_later("it is a folder, not a file", "reason"))
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableError(
                tr_later("it is not an ordinary file but a pipe, a socket or a device", "reason")
            )
        if found.st_size == 0:
            raise UnreadableError(tr_later("the file is empty", "reason"))
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
