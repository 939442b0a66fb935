"""Copying files into a folder chosen by the user. Runs in a background thread."""

import errno
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from imagefinder.translation import tr

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class CopyReport:
    """Result of copying files."""

    folder: Path
    copied: int
    """Number of files copied."""
    failures: tuple[tuple[Path, str], ...] = ()
    """Files that could not be copied, each with the reason as a text for the user."""


class _GivenUpError(Exception):
    pass


def copy_files(paths: Sequence[Path], folder: Path, is_given_up: Callable[[], bool]) -> CopyReport:
    """Copy files into a folder, with their modification times and permissions.

    Existing files are not overwritten: a file whose name is taken is copied as ``name (2).jpg``. Copying
    stops once ``is_given_up`` returns True, and an incomplete file is removed.
    """
    copied = 0
    failures: list[tuple[Path, str]] = []
    for path in paths:
        try:
            _copy(path, folder, is_given_up)
        except _GivenUpError:
            break
        except OSError as error:
            failures.append((path, _reason(error)))
        else:
            copied += 1
    return CopyReport(folder, copied, tuple(failures))


def _reason(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return tr("no space left on the disk", "copying a file")
        case errno.EROFS:
            return tr("the folder is read-only", "copying a file")
        case errno.EACCES | errno.EPERM:
            return tr("permission denied", "copying a file")
        case errno.ENOENT | errno.ENOTDIR:
            return tr("file or folder not found", "copying a file")
        case _:
            return error.strerror or str(error)


def _copy(path: Path, folder: Path, is_given_up: Callable[[], bool]) -> None:
    with path.open("rb") as source:
        target, destination = _create(path, folder)
        try:
            with destination:
                _pour(source, destination, is_given_up)
        except BaseException:
            target.unlink()  # do not leave an incomplete file
            raise
    with suppress(OSError):  # not supported by some file systems, and the copy is complete without it
        shutil.copystat(path, target)


def _pour(source: BinaryIO, destination: BinaryIO, is_given_up: Callable[[], bool]) -> None:
    while block := source.read(_BLOCK):
        if is_given_up():
            raise _GivenUpError
        destination.write(block)


def _create(path: Path, folder: Path) -> tuple[Path, BinaryIO]:
    """Create a file under a free name. Opening it exclusively makes this safe with concurrent copies."""
    number = 1
    while True:
        name = path.name if number == 1 else f"{path.stem} ({number}){path.suffix}"
        try:
            target = folder / name
            return target, target.open("xb")
        except FileExistsError:
            number += 1
