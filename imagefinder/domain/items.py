"""Files, items, and their metadata."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from imagefinder.domain.reasons import Reason

_LEAST_INTEGER, _GREATEST_INTEGER = -(2**63), 2**63 - 1


class ItemKind(StrEnum):
    """What an item is a picture of."""

    PICTURE = "picture"
    PAGE = "page"


class FileStat(NamedTuple):
    """A file as a scan sees it, without opening it. A tuple, because a scan makes millions: a third of a dataclass's
    time."""

    path: str
    """As the system gives it; bytes that are not text stand as surrogates (PEP 383)."""
    size: int
    """Bytes."""
    mtime_ns: int
    """Last change, nanoseconds since the epoch, within the range of ``bounded``."""

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> "FileStat":
        """What the system says of a file."""
        size, mtime_ns = status.st_size, status.st_mtime_ns
        if size <= _GREATEST_INTEGER and _LEAST_INTEGER <= mtime_ns <= _GREATEST_INTEGER:
            return cls(path, size, mtime_ns)  # at once, with no further call: a scan asks for every file
        return cls(path, bounded(size), bounded(mtime_ns))


def bounded(number: int) -> int:
    """The nearest number that a signed 64-bit column holds: file systems date files beyond 2262, for instance."""
    return min(max(number, _LEAST_INTEGER), _GREATEST_INTEGER)


@dataclass(frozen=True, slots=True)
class PartFacts:
    """What a reader learned of one part of a file besides its pixels."""

    kind: ItemKind
    width: int
    """Pixels as shown upright; for a page, points (1/72 inch)."""
    height: int
    taken_at: str | None = None
    """When the photograph was taken, ``YYYY-MM-DD HH:MM:SS`` by the camera's clock, if it says so."""
    text: str = ""
    """The words on a page."""


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file, or parts of one, that could not be read."""

    path: Path
    why: Reason

    @property
    def reason(self) -> str:
        """Why, in the language in use."""
        return str(self.why)

    @property
    def code(self) -> str:
        """Why, for programs: see ``ReasonCode``."""
        return self.why.code


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle on a picture or page, as fractions (0 to 1) of its width and height from the upper left."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class ItemDetails:
    """What the preview shows of an item besides its pixels."""

    path: Path
    part: int
    parts: int
    kind: ItemKind
    size: int
    """Bytes of the file."""
    mtime_ns: int
    width: int
    """Pixels as shown upright; for a page, points (1/72 inch)."""
    height: int
    taken_at: str | None = None
    camera: str = ""
    """Maker and model of the camera, if the file says so."""
    copies: tuple[Path, ...] = ()
    """Other files of the library with this very content."""
