"""Files, items and their metadata."""

import os
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from imagefinder.domain.reasons import Reason

_LEAST_INTEGER, _GREATEST_INTEGER = -(2**63), 2**63 - 1


class ItemKind(StrEnum):
    """Kind of an item."""

    PICTURE = "picture"
    PAGE = "page"


class FileStat(NamedTuple):
    """A file as seen by a scan, without opening it.

    A named tuple rather than a dataclass, because a scan creates millions: it takes a third of the time.
    """

    path: str
    """Path as returned by the operating system. Undecodable bytes are lone surrogates (PEP 383)."""
    size: int
    """Size in bytes."""
    mtime_ns: int
    """Modification time in nanoseconds since the epoch, limited by ``bounded``."""

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> "FileStat":
        """Create a ``FileStat`` from the result of ``os.stat``."""
        size, mtime_ns = status.st_size, status.st_mtime_ns
        if size <= _GREATEST_INTEGER and _LEAST_INTEGER <= mtime_ns <= _GREATEST_INTEGER:
            return cls(
                path, size, mtime_ns
            )  # fast path without further calls, because a scan runs this for every file
        return cls(path, bounded(size), bounded(mtime_ns))


def bounded(number: int) -> int:
    """Return the nearest number that fits a signed 64-bit column. File systems may have dates beyond 2262."""
    return min(max(number, _LEAST_INTEGER), _GREATEST_INTEGER)


@dataclass(frozen=True, slots=True)
class PartFacts:
    """Metadata of one part of a file, as found by a reader."""

    kind: ItemKind
    width: int
    """Width in pixels, upright as displayed. For a page, in points (1/72 inch)."""
    height: int
    """Height, in the unit of ``width``."""
    taken_at: str | None = None
    """When the photograph was taken, as ``YYYY-MM-DD HH:MM:SS`` by the camera's clock. None if not recorded."""
    text: str = ""
    """Words on the page. Empty for a picture."""


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file that could not be read, in whole or in part."""

    path: Path
    why: Reason
    """The reason."""

    @property
    def reason(self) -> str:
        """The reason as a clause in the current language."""
        return str(self.why)

    @property
    def code(self) -> str:
        """The reason as a code for programs; see ``ReasonCode``."""
        return self.why.code


@dataclass(frozen=True, slots=True)
class Region:
    """Rectangle on a picture or page.

    Coordinates are fractions (0 to 1) of width and height, from the upper left corner.
    """

    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class ItemDetails:
    """Metadata of an item, shown beside its preview."""

    path: Path
    part: int
    parts: int
    kind: ItemKind
    size: int
    """Size of the file in bytes."""
    mtime_ns: int
    """Modification time of the file in nanoseconds since the epoch."""
    width: int
    """Width in pixels, upright as displayed. For a page, in points (1/72 inch)."""
    height: int
    """Height, in the unit of ``width``."""
    taken_at: str | None = None
    camera: str = ""
    """Manufacturer and model of the camera. Empty if not recorded."""
    copies: tuple[Path, ...] = ()
    """Other files of the library with the same content."""
