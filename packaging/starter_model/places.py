"""Paths of the training's files: photographs by short name, and the stages' outputs in the work folder."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Places:
    """The data folder, which is only read, and the work folder, which the training fills."""

    data: Path
    """Folder with ``flickr8k/NAME.jpg``, ``flickr8k_captions.json`` and ``caltech101/CLASS/NAME.jpg``."""
    work: Path

    @property
    def archives(self) -> Path:
        """Downloaded packages."""
        return self.work / "archives"

    @property
    def unpacked(self) -> Path:
        """The teachers' files, extracted from packages."""
        return self.work / "unpacked"

    @property
    def photographs(self) -> Path:
        """Photographs from packages, one folder for each package."""
        return self.work / "photographs"

    @property
    def word_vectors(self) -> Path:
        """CLIP's vectors of words, written by word_tables.py."""
        return self.work / "word_vectors.npz"

    @property
    def teacher_vectors(self) -> Path:
        """CLIP's vectors of photographs, written by clip_teacher.py."""
        return self.work / "teacher_vectors.npz"

    @property
    def sentence_vectors(self) -> Path:
        """MiniLM's vectors of sentences, written by sentences.py."""
        return self.work / "sentence_vectors.npz"

    @property
    def text_teacher(self) -> Path:
        """Result of text_teacher.py."""
        return self.work / "text_teacher.pt"

    @property
    def image_tower(self) -> Path:
        """Result of image_tower.py."""
        return self.work / "image_tower.pt"

    @property
    def text_tower(self) -> Path:
        """Result of text_tower.py."""
        return self.work / "text_tower.pt"

    @property
    def together(self) -> Path:
        """Result of together.py: both towers."""
        return self.work / "together.pt"

    @property
    def vocabulary(self) -> Path:
        """Result of vocabulary.py: both towers, the image tower as in ``together``."""
        return self.work / "vocabulary.pt"

    def photograph(self, name: str) -> Path:
        """Return the path of a photograph by short name, such as ``flickr8k/a.jpg`` or ``photographs/uikit/b.jpg``."""
        return (self.work if name.startswith("photographs/") else self.data) / name


def middle_square(path: Path, side: int) -> Pixels:
    """Load the centre of a photograph, (side, side, 3): the shorter side is scaled to ``side``, the longer cropped."""
    image: Image.Image = Image.open(path).convert("RGB")
    scale = side / min(image.size)
    width, height = (max(side, round(length * scale)) for length in image.size)
    image = image.resize((width, height), Image.Resampling.BICUBIC)
    left, top = (width - side) // 2, (height - side) // 2
    return np.asarray(image.crop((left, top, left + side, top + side)))


def squeezed(path: Path, side: int) -> Pixels:
    """Load a whole photograph, squeezed to (side, side, 3), as the program preprocesses it for the image tower."""
    image: Image.Image = Image.open(path).convert("RGB")
    return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC))


def all_squeezed(paths: Sequence[Path], side: int) -> Pixels:
    """Load many photographs with ``squeezed``, (n, side, side, 3)."""
    with ThreadPoolExecutor(2) as threads:
        return np.stack(list(threads.map(lambda path: squeezed(path, side), paths)))
