"""Files of an image tower converted for OpenVINO, named by their checksum."""

import zlib
from pathlib import Path

_SUFFIXES = (".bin", ".xml")


def take_in(saved: Path, folder: Path) -> str:
    """Move a tower (an ``.xml`` file and the ``.bin`` beside it) to a folder, and return its new name.

    Raises:
        OSError: It cannot be moved.
    """
    name = _name(saved)
    for suffix in _SUFFIXES:
        saved.with_suffix(suffix).replace((folder / name).with_suffix(suffix))
    return name


def is_whole(tower: Path) -> bool:
    """Return whether the content of a tower's files matches the checksum in their name.

    Raises:
        OSError: One of them cannot be read.
    """
    return tower.name == _name(tower)


def remove_others(folder: Path, name: str) -> list[OSError]:
    """Delete all towers of a folder except the one of this name. Returns the errors that occurred."""
    problems = []
    for file in folder.glob("tower-*"):
        if file.with_suffix(".xml").name != name:
            try:
                file.unlink()
            except OSError as error:  # on Windows, while another process reads it
                problems.append(error)
    return problems


def _name(tower: Path) -> str:
    checksum = 0
    for suffix in reversed(_SUFFIXES):
        with tower.with_suffix(suffix).open("rb") as stream:
            while block := stream.read(1 << 20):
                checksum = zlib.crc32(block, checksum)
    return f"tower-{checksum:08x}.xml"
