"""The reader interface, implemented for each family of formats."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, ClassVar, Self

from imagefinder.domain.items import PartFacts, Region
from imagefinder.domain.reasons import Reason

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True, slots=True)
class LoadedPart:
    """One decoded part of a file."""

    image: "Image.Image"
    """The picture in mode RGB: sRGB colours, upright, transparency composited on white."""
    facts: PartFacts
    damage: Reason | None = None
    """The damage if most of the part is missing, else None."""


class MediaFile(ABC):
    """An open file: a context manager that decodes one part at a time to bound memory use."""

    part_count: int
    """Number of parts. Parts are numbered from 1."""

    @abstractmethod
    def load(self, part: int, side: int) -> LoadedPart:
        """Decode one part (from 1) at the smallest cheap scale whose shorter side has at least ``side`` pixels.

        A smaller picture is not enlarged.

        Raises:
            UnreadableError: The part cannot be decoded; the message says why.
        """

    @property
    def camera(self) -> str:
        """Maker and model of the camera, or an empty string if the file does not say. Decodes no pixels."""
        return ""

    def find(self, part: int, phrase: str) -> list[Region]:  # noqa: ARG002 - pictures have no words
        """Return the regions of a part (from 1) where a phrase occurs, relative to the part as ``load`` renders it.

        Text is compared folded (``text_folding.fold``), so letter case and character forms do not matter. If there
        is no match, accents are ignored too.

        Raises:
            UnreadableError: The part cannot be read.
        """
        return []

    @abstractmethod
    def close(self) -> None:
        """Close the file. May be called more than once."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class MediaReader(ABC):
    """Reader of one family of formats. Stateless; ``open`` may be called from several threads at once."""

    extensions: ClassVar[frozenset[str]]
    """File extensions of the family, in lower case and without the dot. A scan selects files by them."""

    @abstractmethod
    def recognises(self, head: bytes) -> bool:
        """Whether a file beginning with ``head`` (up to 1024 bytes) belongs to this family, judged by content alone."""

    @abstractmethod
    def open(self, path: Path, content: BinaryIO | None = None) -> MediaFile:
        """Open a file for reading.

        Args:
            path: The file.
            content: The same file, already open. The returned object takes ownership and closes it.

        Raises:
            UnreadableError: The file is not of this family, damaged, encrypted, or too large; the message says why.
        """
