"""Time a model on generated pictures; none of the user's files is read."""

import time
from dataclasses import dataclass

import numpy as np
from PIL import Image

from imagefinder.embedders.embedder import Embedder

PICTURES = 64
_WIDTH, _HEIGHT = 640, 480


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds."""

    first_text: float
    """The first words, with loading what understands them."""
    text: float
    """The next ones: the median of five."""
    load_images: float
    """The first picture, with loading what sees it."""
    prepare: float
    """Preparing all pictures, in one thread; while a library is indexed several threads do it."""
    embed: float
    """Embedding them."""

    @property
    def pictures_a_second(self) -> float:
        """Prepared and embedded one after the other; decoding is not in it."""
        return PICTURES / (self.prepare + self.embed)


def time_model(embedder: Embedder) -> Timing:
    """Time one query in words and ``PICTURES`` pictures. Begin with a model that is not loaded.

    Raises:
        ImageFinderError: the model does not work.
    """
    first_text = _seconds_for_text(embedder, "a red bicycle")
    text = sorted(_seconds_for_text(embedder, f"{number} dogs on a beach") for number in range(5))[2]
    pictures = made_pictures(PICTURES)
    begun = time.perf_counter()
    embedder.encode_images([embedder.prepare(pictures[0])])
    load_images = time.perf_counter() - begun
    size = embedder.batch_size  # found by trying on a graphics card, so not within the time
    begun = time.perf_counter()
    prepared = [embedder.prepare(picture) for picture in pictures]
    prepare = time.perf_counter() - begun
    begun = time.perf_counter()
    for at in range(0, PICTURES, size):
        embedder.encode_images(prepared[at : at + size])
    return Timing(first_text, text, load_images, prepare, time.perf_counter() - begun)


def made_pictures(count: int) -> list[Image.Image]:
    """RGB pictures of 640 x 480, noise over gradients, always the same."""
    random = np.random.default_rng(64)
    rows, columns = np.mgrid[0 : 1 : _HEIGHT * 1j, 0 : 1 : _WIDTH * 1j]
    pictures = []
    for _ in range(count):
        down, across, least = random.uniform(0, 90, (3, 3))
        slope = rows[..., None] * down + columns[..., None] * across + least / 3
        noisy = slope + random.integers(0, 40, (_HEIGHT, _WIDTH, 1))
        pictures.append(Image.fromarray(noisy.astype(np.uint8)))
    return pictures


def _seconds_for_text(embedder: Embedder, text: str) -> float:
    begun = time.perf_counter()
    embedder.encode_texts([text])
    return time.perf_counter() - begun
