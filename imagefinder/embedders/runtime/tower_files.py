"""The files of an image tower converted for OpenVINO, named by content hash."""

import zlib
from pathlib import Path

_SUFFIXES = (".bin", ".xml")


def take_in(saved: Path, folder: Path) -> str:
    """Move a tower (an ``.xml`` file and the ``.bin`` beside it) to a folder; returns its name there.

    Raises:
        OSError: it cannot be moved.
    """
    name = _name(saved)
    for suffix in _SUFFIXES:
        saved.with_suffix(suffix).replace((folder / name).with_suffix(suffix))
    return name


def is_whole(tower: Path) -> bool:
    """Whether a tower's files hold what they are named by.

    Raises:
        OSError: one of them cannot be read.
    """
    return tower.name == _name(tower)


def remove_others(folder: Path, name: str) -> list[OSError]:
    """Delete all towers of a folder but the one of this name; returns what could not be done."""
    problems = []
    for file in folder.glob("tower-*"):
        if file.with_suffix(".xml").name != name:
            try:
                file.unlink()
            except OSError as error:  # another process reads it, on Windows
                problems.append(error)
    return problems


def _name(tower: Path) -> str:
    checksum = 0
    for suffix in reversed(_SUFFIXES):
        with tower.with_suffix(suffix).open("rb") as stream:
            while block := stream.read(1 << 20):
                checksum = zlib.crc32(block, checksum)
    return f"tower-{checksum:08x}.xml"
