"""Timing of a model on generated pictures. The user's files are not read."""

import time
from dataclasses import dataclass

import numpy as np
from PIL import Image

from imagefinder.embedders.embedder import Embedder

PICTURES = 64
_WIDTH, _HEIGHT = 640, 480


@dataclass(frozen=True, slots=True)
class Timing:
    """Measured times in seconds."""

    first_text: float
    """First text, including loading the text tower."""
    text: float
    """Following texts: the median of five."""
    load_images: float
    """First picture, including loading the image tower."""
    prepare: float
    """Preprocessing of all pictures in one thread. Indexing uses several threads."""
    embed: float
    """Embedding of all pictures."""

    @property
    def pictures_a_second(self) -> float:
        """Pictures a second for preprocessing and embedding in sequence, without decoding."""
        return PICTURES / (self.prepare + self.embed)


def time_model(embedder: Embedder) -> Timing:
    """Time text queries and ``PICTURES`` pictures, with a model that is not loaded yet.

    Raises:
        ImageFinderError: The model does not work.
    """
    first_text = _seconds_for_text(embedder, "a red bicycle")
    text = sorted(_seconds_for_text(embedder, f"{number} dogs on a beach") for number in range(5))[2]
    pictures = made_pictures(PICTURES)
    begun = time.perf_counter()
    embedder.encode_images([embedder.prepare(pictures[0])])
    load_images = time.perf_counter() - begun
    size = embedder.batch_size  # on a graphics card it is found by trying, so read it outside the timing
    begun = time.perf_counter()
    prepared = [embedder.prepare(picture) for picture in pictures]
    prepare = time.perf_counter() - begun
    begun = time.perf_counter()
    for at in range(0, PICTURES, size):
        embedder.encode_images(prepared[at : at + size])
    return Timing(first_text, text, load_images, prepare, time.perf_counter() - begun)


def made_pictures(count: int) -> list[Image.Image]:
    """Return the same ``count`` RGB pictures of 640 x 480 each time: noise over gradients."""
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
