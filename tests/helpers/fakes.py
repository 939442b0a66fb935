"""Deterministic embedder, and pictures and PDFs generated for tests."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pymupdf
from numpy.typing import NDArray
from PIL import Image, ImageColor

from imagefinder.domain.jobs import IndexReport
from imagefinder.embedders.embedder import Embedder

FloatArray = NDArray[np.float32]
_GRID = 4


def picture(colour: str, seed: int | None = None, size: tuple[int, int] = (48, 36)) -> Image.Image:
    """Return a picture of one colour. With a seed, coarse noise makes it differ from all others."""
    image = Image.new("RGB", size, colour)
    if seed is not None:
        noise = np.random.default_rng(seed).integers(0, 256, (_GRID, _GRID, 3), np.uint8)
        image = Image.blend(image, Image.fromarray(noise).resize(size, Image.Resampling.NEAREST), 0.5)
    return image


def pdf(path: Path, pages: Sequence[str], font: str = "helv") -> Path:
    """Write a PDF with one page for each text."""
    document = pymupdf.open()
    for number, text in enumerate(pages):
        page = document.new_page(width=200, height=280)
        # A bar at a different height on each page makes the pages look different.
        page.draw_rect(pymupdf.Rect(0, 4 * number, 200, 4 * number + 8), fill=(number % 3 / 3, 0.5, 0.2))
        page.insert_textbox((10, 30, 190, 270), text, fontsize=11, fontname=font)
    document.save(path)
    document.close()
    return path


class FakeEmbedder(Embedder):
    """Embeds a picture as its colours on a 4 x 4 grid, and a colour name as a picture of that colour."""

    def __init__(self, name: str = "fake", offset: float = 0.5) -> None:
        self.name = name
        self.id = f"{name}:1"
        self.dimension = _GRID * _GRID * 3
        self.image_side = 32
        self.embedded = 0
        """Number of pictures embedded."""
        self.batches = 0
        self._offset = offset

    @property
    def device(self) -> str:
        return "cpu"

    @property
    def batch_size(self) -> int:
        return 4

    def prepare(self, image: Image.Image) -> FloatArray:
        small = image.resize((_GRID, _GRID), Image.Resampling.BOX)
        return (np.asarray(small, np.float32) / 255 - self._offset).reshape(-1)  # type: ignore[return-value]

    def encode_images(self, prepared: Sequence[FloatArray]) -> FloatArray:
        self.embedded += len(prepared)
        self.batches += 1
        if not prepared:
            return np.empty((0, self.dimension), np.float32)
        vectors = np.stack(prepared)
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-6)

    def encode_texts(self, texts: Sequence[str]) -> FloatArray:
        before = self.embedded, self.batches
        vectors = self.encode_images([self.prepare(picture(_colour(text) or "gray")) for text in texts])
        self.embedded, self.batches = before
        return vectors

    def understands(self, text: str) -> bool:
        return _colour(text) is not None


def _colour(text: str) -> str | None:
    for word in text.casefold().split():
        if word in ImageColor.colormap:
            return word
    return None


def counts(report: IndexReport) -> dict[str, int]:
    """Return the file counts of a report that are not zero."""
    names = ("indexed", "reused", "unchanged", "unreadable", "in_the_cloud", "removed", "offline", "gone")
    return {name: getattr(report, name) for name in names if getattr(report, name)}
