"""Replace a file atomically: after a crash either the old or the whole new one is there."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imagefinder.private_files import create, file_mode_of

TEMPORARY_SUFFIX = ".tmp"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file beside ``path`` to write; at the end of the block it takes the place of ``path``, durably.

    It is as private as the folder.

    If the block or a later step fails, the new file is deleted and what stood at ``path`` is untouched.

    Raises:
        OSError: the file cannot be made, synced or put in place.
    """
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        create(
            temporary, file_mode_of(path.parent)
        ).close()  # a folder that is missing or read-only gets its own error, here
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - one name for what the tests break at every step
    except BaseException:
        with suppress(OSError):  # the error under way says more than this one would
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable. Windows has no such call, and NTFS journals its names itself."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_length(path: Path, expected: int) -> None:
    """Check the length, in bytes, of a file written by code that reports no write errors.

    Raises:
        OSError: ENOSPC, because a full disk or a quota is what cuts a file short without a word.
    """
    length = path.stat().st_size
    if length != expected:
        reason = f"only {length} of {expected} bytes could be written; the disk may be full"
        raise OSError(errno.ENOSPC, reason, os.fspath(path))
