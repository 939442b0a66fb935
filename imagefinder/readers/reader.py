"""The reader interface: what every format family offers the engine."""

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
    """One part of a file, decoded."""

    image: "Image.Image"
    """Mode RGB, sRGB colours, upright, alpha laid on white."""
    facts: PartFacts
    damage: Reason | None = None
    """What of it is missing, where that is most of it; None where the part is all right."""


class MediaFile(ABC):
    """An open file: a context manager that gives its parts one at a time, so memory stays flat."""

    part_count: int
    """Parts are numbered from 1 to this."""

    @abstractmethod
    def load(self, part: int, side: int) -> LoadedPart:
        """Decode one part (from 1), at the smallest cheap scale whose shorter side is at least ``side`` pixels.

        A picture that is smaller than that is given as it is.

        Raises:
            UnreadableError: this part cannot be decoded; the message says why.
        """

    @property
    def camera(self) -> str:
        """Maker and model of the camera, if the file says so; decodes nothing."""
        return ""

    def find(self, part: int, phrase: str) -> list[Region]:  # noqa: ARG002 - pictures have no words
        """Where a phrase stands on a part (from 1), on the part as ``load`` shows it.

        It is found in any form and case (``text_folding.fold``); with other accents where it does not stand as it is.

        Raises:
            UnreadableError: this part cannot be read.
        """
        return []

    @abstractmethod
    def close(self) -> None:
        """Let go of the file. Harmless when called again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class MediaReader(ABC):
    """One family of formats. Stateless; ``open`` may be called from several threads at once."""

    extensions: ClassVar[frozenset[str]]
    """Lower case, without the dot: which files of a folder are taken for this family."""

    @abstractmethod
    def recognises(self, head: bytes) -> bool:
        """Whether a file that begins with ``head`` (up to 1024 bytes) is of this family, whatever its name."""

    @abstractmethod
    def open(self, path: Path, content: BinaryIO | None = None) -> MediaFile:
        """Open a file for reading.

        ``content`` is the same file, open already: it is taken over, and closed with what is returned.

        Raises:
            UnreadableError: it is not of this family, is damaged, encrypted, or too large; the message says why.
        """
