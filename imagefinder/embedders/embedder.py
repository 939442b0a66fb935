"""The embedder interface: pictures and texts into one vector space."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imagefinder.domain.array_types import AnyArray
from imagefinder.domain.array_types import FloatArray as FloatArray
from imagefinder.domain.array_types import Pixels as Pixels

if TYPE_CHECKING:
    from PIL import Image

Prepared = AnyArray
"""What an embedder made of one picture; of use to that embedder alone."""


class Embedder(ABC):
    """A model that puts pictures and words into one space of unit vectors."""

    name: str
    """What the user types for ``--model`` to get it."""
    id: str
    """Names architecture, weights and preprocessing: vectors of two ids never mix."""
    dimension: int
    is_english: bool = False
    """Whether it was taught English alone."""
    image_side: int
    """Pixels: the shorter side a picture should at least be decoded at."""

    @property
    @abstractmethod
    def device(self) -> str:
        """What it computes on, in words a user understands, e.g. ``cpu (bfloat16)``. May load libraries."""

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """How many pictures it takes at a time most efficiently. May load libraries."""

    @abstractmethod
    def prepare(self, image: "Image.Image") -> Prepared:
        """Preprocess one RGB picture for ``encode_images``. Safe to call from several threads at once."""

    @abstractmethod
    def encode_images(self, prepared: Sequence[Prepared]) -> FloatArray:
        """Embed what ``prepare`` gave: (n, dimension) float32, unit length. n may be 0."""

    @abstractmethod
    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts: (n, dimension) float32, unit length. n may be 0."""

    @property
    def is_text_loaded(self) -> bool:
        """Whether it can embed texts at once; else the first begins with loading, which may take seconds."""
        return True

    @property
    def is_image_loaded(self) -> bool:
        """Whether it can embed pictures at once."""
        return True

    @property
    def is_loaded(self) -> bool:
        """Whether it can do both at once."""
        return self.is_text_loaded and self.is_image_loaded

    def load_images(self) -> None:  # noqa: B027 - most embedders have nothing to load
        """Load what the first picture would have to wait for; does nothing where it is there already.

        Raises:
            What ``encode_images`` raises.
        """

    def release(self, idle_s: float = 0.0) -> bool:  # noqa: ARG002 - most embedders hold nothing
        """Give back the memory of what did no work for so many seconds; it loads again when it is needed.

        Returns whether anything was given back. Safe while other threads embed.
        """
        return False

    def unknown_words(self, text: str) -> list[str]:  # noqa: ARG002
        """The words of a text that it can make nothing of, and that play no part in its vector."""
        return []

    def pieces_of(self, text: str) -> int:  # noqa: ARG002 - most texts fit
        """In how many pieces a text was read that ``encode_texts`` has embedded: 1 where it fits the context."""
        return 1

    def understands(self, text: str) -> bool:  # noqa: ARG002 - a model that understands words needs no look at them
        """Whether the vector of ``text`` says anything. A neural text tower always tries."""
        return True

    def close(self) -> None:  # noqa: B027 - most embedders hold nothing
        """Give memory back. The embedder is not used afterwards."""
