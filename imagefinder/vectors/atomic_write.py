"""Atomic replacement of files: after a crash, either the old file or the complete new one exists."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from imagefinder.private_files import create, file_mode_of

TEMPORARY_SUFFIX = ".tmp"


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside ``path``, and durably rename it to ``path`` at the end of the block.

    The new file is as private as the folder. If the block or a later step fails, the new file is deleted, and
    an existing file at ``path`` is not touched.

    Raises:
        OSError: the file cannot be created, synced or renamed.
    """
    temporary = path.with_name(path.name + TEMPORARY_SUFFIX)
    try:
        create(
            temporary, file_mode_of(path.parent)
        ).close()  # raises here if the folder is missing or read-only
        yield temporary
        with temporary.open("r+b") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105 - tests let each of these calls fail by its name
    except BaseException:
        with suppress(OSError):  # the original error says more than this one
            temporary.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in ``folder`` durable. Does nothing on Windows, where NTFS journals names itself."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def require_length(path: Path, expected: int) -> None:
    """Check the length in bytes of a file written by code that reports no write errors.

    Raises:
        OSError: the file is shorter or longer. The error is ENOSPC, because a full disk or a quota is the
            usual cause.
    """
    length = path.stat().st_size
    if length != expected:
        reason = f"only {length} of {expected} bytes could be written; the disk may be full"
        raise OSError(errno.ENOSPC, reason, os.fspath(path))
