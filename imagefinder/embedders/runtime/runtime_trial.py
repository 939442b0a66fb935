"""Comparison of two runtimes on the same image tower: agreement of vectors, and speed."""

import time
from typing import Protocol

from imagefinder.embedders.embedder import FloatArray, Pixels

_COMPARED = 4
_ROUNDS = 5
_MOST_SECONDS = 3.0
"""Time limit for timing. The round in progress is completed."""
_MOST_AT_A_TIME = 16
_SECONDS_A_BATCH = 0.3


class ImageTower(Protocol):
    """Interface of an image tower."""

    def encode(self, pixels: Pixels) -> FloatArray:
        """Embed pictures as returned by ``Preprocessing``.

        Args:
            pixels: (n, height, width, 3) uint8.

        Returns:
            Vectors of any length: (n, dimension) float32.
        """
        ...


def least_cosine(ours: ImageTower, theirs: ImageTower, shape: tuple[int, int, int]) -> float:
    """Return the smallest cosine between the two towers' vectors of the same picture.

    ``shape`` is the shape of one picture: (height, width, 3).
    """
    import numpy as np

    pixels = _made_pictures(shape, _COMPARED)
    rows = [tower.encode(pixels) for tower in (ours, theirs)]
    first, second = (row / np.linalg.norm(row, axis=1, keepdims=True) for row in rows)
    # NaN must be below every bound.
    return float(np.nan_to_num((first * second).sum(axis=1), nan=-1.0).min())


def rates(ours: ImageTower, theirs: ImageTower, shape: tuple[int, int, int]) -> tuple[float, float]:
    """Return the pictures per second of both towers, measured by the fastest batch of each.

    The fastest is the most accurate, because other programs can only slow a batch down.
    """
    end = time.monotonic() + _MOST_SECONDS
    pixels = _made_pictures(shape, _MOST_AT_A_TIME)
    for tower in (ours, theirs):
        tower.encode(pixels[:1])
    pixels = pixels[: max(1, int(_SECONDS_A_BATCH / _seconds(ours, pixels[:1])))]
    for tower in (ours, theirs):
        tower.encode(pixels)  # warm-up: chooses kernels and allocates memory
    times: list[tuple[float, float]] = []
    while len(times) < _ROUNDS and (not times or time.monotonic() < end):
        times.append((_seconds(ours, pixels), _seconds(theirs, pixels)))
    count = len(pixels)
    return count / min(our for our, _ in times), count / min(their for _, their in times)


def _seconds(tower: ImageTower, pixels: Pixels) -> float:
    begun = time.perf_counter()
    tower.encode(pixels)
    return time.perf_counter() - begun


def _made_pictures(shape: tuple[int, int, int], count: int) -> Pixels:
    """Return deterministic pictures of colour patches with noise: (count, height, width, 3) uint8."""
    import numpy as np

    random = np.random.default_rng(4)
    height, width, _ = shape
    patches = random.integers(0, 200, (count, 8, 8, 3), np.uint8)
    rows, columns = (np.arange(side) * 8 // side for side in (height, width))
    noise = random.integers(0, 56, (count, height, width, 3), np.uint8)
    return np.asarray(patches[:, rows][:, :, columns] + noise, np.uint8)
