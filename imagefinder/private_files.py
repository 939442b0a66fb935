"""Creation of files and folders that only the current user may access.

The mode is passed to the system call that creates the file or folder. Therefore no other user can open it at
any moment, whatever the umask. Existing files and folders keep their mode, since their owner may share a
library with a group. Windows has no such modes, but the user's own folders are private there anyway.
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
    """Create a folder and its missing parents. Existing folders are left unchanged.

    Raises:
        OSError: The folder cannot be created, or a file of that name exists.
    """
    try:
        try:
            folder.mkdir(mode)
        except FileNotFoundError:
            if folder.parent == folder:  # the drive does not exist
                raise
            make_folder(folder.parent)
            # Tried only once more, without recursion: in /proc nothing can be created, although the parent exists.
            folder.mkdir(mode)
    except OSError:
        # Another process may just have created it. For the root of a drive, the error is not FileExistsError.
        if not folder.is_dir():
            raise


def make_folder_like_parent(folder: Path) -> None:
    """Create a folder with the mode of its parent. If the parent is missing, both are created private.

    Raises:
        OSError: The folder cannot be created, or a file of that name exists.
    """
    make_folder(folder.parent)
    make_folder(folder, stat.S_IMODE(folder.parent.stat().st_mode) & 0o777)


def make_file(path: Path, mode: int = FILE_MODE) -> None:
    """Create an empty file if it does not exist.

    Raises:
        OSError: The file cannot be created.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode))


def create(path: Path, mode: int = FILE_MODE) -> BinaryIO:
    """Create a file and open it for writing bytes. An existing file, as left behind by a crash, is deleted first.

    Raises:
        OSError: The file cannot be created.
    """
    path.unlink(missing_ok=True)
    opened = open(path, "xb", opener=lambda name, flags: os.open(name, flags, mode))  # noqa: SIM115
    return cast(BinaryIO, opened)


def replace_file(path: Path, content: bytes | memoryview, mode: int = FILE_MODE) -> None:
    """Write a file atomically, creating its folder if necessary. Readers see either the old or the new content.

    The content is not synced to disk: after a power failure the file may be empty.

    Raises:
        OSError: The file cannot be written. The old file is unchanged, and no temporary file is left behind.
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
        with suppress(OSError):  # its folder may not exist
            temporary.unlink()
        raise


def private_opener(name: str, flags: int) -> int:
    """Opener for ``open(..., opener=private_opener)`` that creates files with private mode."""
    return os.open(name, flags, FILE_MODE)


def file_mode_of(path: Path, otherwise: int = FILE_MODE) -> int:
    """Return the read and write bits of a file's or folder's mode, or ``otherwise`` if it does not exist."""
    try:
        return stat.S_IMODE(path.stat().st_mode) & 0o666
    except OSError:
        return otherwise
