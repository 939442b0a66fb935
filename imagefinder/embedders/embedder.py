"""Embedder interface: pictures and texts to vectors of one space."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from imagefinder.domain.array_types import AnyArray
from imagefinder.domain.array_types import FloatArray as FloatArray
from imagefinder.domain.array_types import Pixels as Pixels

if TYPE_CHECKING:
    from PIL import Image

Prepared = AnyArray
"""A preprocessed picture. Its form is private to each embedder."""


class Embedder(ABC):
    """A model that maps pictures and texts to unit vectors of one space."""

    name: str
    """Name of the model, as given to ``--model``."""
    id: str
    """Identifier of architecture, weights and preprocessing. Vectors with different ids must not be compared."""
    dimension: int
    is_english: bool = False
    """Whether the model was trained on English only."""
    image_side: int
    """Smallest useful length in pixels of a decoded picture's shorter side."""

    @property
    @abstractmethod
    def device(self) -> str:
        """Device in words for users, e.g. ``cpu (bfloat16)``. May load libraries."""

    @property
    @abstractmethod
    def batch_size(self) -> int:
        """Most efficient number of pictures per call of ``encode_images``. May load libraries."""

    @abstractmethod
    def prepare(self, image: "Image.Image") -> Prepared:
        """Preprocess one RGB picture for ``encode_images``. Thread-safe."""

    @abstractmethod
    def encode_images(self, prepared: Sequence[Prepared]) -> FloatArray:
        """Embed prepared pictures: (n, dimension) float32, unit length. n may be 0."""

    @abstractmethod
    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        """Embed texts: (n, dimension) float32, unit length. n may be 0."""

    @property
    def is_text_loaded(self) -> bool:
        """Whether texts can be embedded at once. Otherwise the first call loads the model for seconds."""
        return True

    @property
    def is_image_loaded(self) -> bool:
        """Whether pictures can be embedded at once."""
        return True

    @property
    def is_loaded(self) -> bool:
        """Whether both texts and pictures can be embedded at once."""
        return self.is_text_loaded and self.is_image_loaded

    def load_images(self) -> None:  # noqa: B027 - most embedders have nothing to load
        """Load what embedding pictures requires, if it is not loaded yet.

        Raises the same errors as ``encode_images``.
        """

    def release(self, idle_s: float = 0.0) -> bool:  # noqa: ARG002 - most embedders hold nothing
        """Release the memory of parts that have been idle for ``idle_s`` seconds. They are reloaded on demand.

        Safe to call while other threads embed.

        Returns:
            Whether anything was released.
        """
        return False

    def unknown_words(self, text: str) -> list[str]:  # noqa: ARG002
        """Return the words of a text that the model cannot understand and that do not affect its vector."""
        return []

    def pieces_of(self, text: str) -> int:  # noqa: ARG002 - most texts fit
        """Return the number of pieces in which ``encode_texts`` embedded a text: 1 if it fits the context."""
        return 1

    def understands(self, text: str) -> bool:  # noqa: ARG002 - most models understand any text
        """Return whether the vector of a text is meaningful. Neural text towers accept any text."""
        return True

    def close(self) -> None:  # noqa: B027 - most embedders hold nothing
        """Release all memory. The embedder must not be used afterwards."""
