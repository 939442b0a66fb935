"""Create files and folders that only the user may read.

The mode is given to the call that creates, so that there is no moment in which another user could open the file, and a
generous umask changes nothing. What is there already keeps its mode: its owner may share a library with a group.
Windows has no such modes; there the user's own folders are private already.
"""

import os
import stat
import threading
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

FILE_MODE = 0o600
_FOLDER_MODE = 0o700


def make_folder(folder: Path, mode: int = _FOLDER_MODE) -> None:
    """Make a folder, and those above it that are missing; none that is there is changed.

    Raises:
        OSError: it cannot be made, or a file stands in its place.
    """
    try:
        try:
            folder.mkdir(mode)
        except FileNotFoundError:
            if folder.parent == folder:  # a drive that is not there
                raise
            make_folder(folder.parent)
            # Once more and no further: below /proc nothing can be made, though what is above is there.
            folder.mkdir(mode)
    except OSError:
        # Perhaps by another process just now; a drive's root says something else than that it exists.
        if not folder.is_dir():
            raise


def make_folder_like_parent(folder: Path) -> None:
    """Make a folder as private as the one that it lies in; where that is missing too, both for the user alone.

    Raises:
        OSError: it cannot be made, or a file stands in its place.
    """
    make_folder(folder.parent)
    make_folder(folder, stat.S_IMODE(folder.parent.stat().st_mode) & 0o777)


def make_file(path: Path, mode: int = FILE_MODE) -> None:
    """Make an empty file where there is none.

    Raises:
        OSError: it cannot be made.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))


def create(path: Path, mode: int = FILE_MODE) -> BinaryIO:
    """Open a new file for writing bytes, in place of what a run that died left there.

    Raises:
        OSError: it cannot be made.
    """
    path.unlink(missing_ok=True)
    opened = open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115
    return cast(BinaryIO, opened)


def replace_file(path: Path, content: bytes | memoryview, mode: int = FILE_MODE) -> None:
    """Write a file in one step, making its folder where there is none: readers see the old content or the new.

    Not synced to the disk: after a loss of power the file may be empty.

    Raises:
        OSError: it cannot be written; what was there before is untouched, and nothing else is left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        try:
            file = create(temporary, mode)
        except FileNotFoundError:
            make_folder(path.parent)
            file = create(temporary, mode)
        with file:
            file.write(content)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):  # there may be no folder that it could stand in
            temporary.unlink()
        raise


def private_opener(name: str, flags: int) -> int:
    """For ``open(…, opener=private_opener)``: a file that this makes is the user's alone."""
    return os.open(name, flags, FILE_MODE)


def file_mode_of(path: Path, otherwise: int = FILE_MODE) -> int:
    """Who may read and write a file or a folder, as a file's mode; ``otherwise`` where it is not there."""
    try:
        return stat.S_IMODE(path.stat().st_mode) & 0o666
    except OSError:
        return otherwise
