"""Layout features of the built-in embedder: colours on a grid, and edge directions."""

from imagefinder.embedders.colour.colour_space import oklab
from imagefinder.embedders.embedder import FloatArray

LAYOUT_CELLS, SHAPE_CELLS, ORIENTATIONS = 4, 6, 8
LAYOUT_SIZE = LAYOUT_CELLS**2 * 3
SHAPE_SIZE = SHAPE_CELLS**2 * ORIENTATIONS

# Oklab colour of an average photograph, and the weights of lightness and colour: photographs are far from saturated.
_MIDDLE = (0.55, 0.0, 0.02)
_SPREAD = (1.0, 2.5, 2.5)
# Differences of lightness (0 to 1) below this are noise or soft gradients, not edges.
_FAINT = 0.02


def box_means(pixels: FloatArray, cells: int) -> FloatArray:
    """Return means over a grid: (side, side, n) to (cells, cells, n).

    ``side`` must be a multiple of ``cells``.
    """
    import numpy as np

    step = pixels.shape[0] // cells
    grid = pixels.reshape(cells, step, cells, step, -1)
    return np.asarray(grid.mean(axis=(1, 3), dtype=np.float32), np.float32)


def colour_layout(pixels: FloatArray) -> FloatArray:
    """Return mean Oklab colours on a 4 x 4 grid, relative to an average photograph: (LAYOUT_SIZE,) float32.

    Args:
        pixels: sRGB, (side, side, 3), 0 to 1.

    Returns:
        A vector of unit length, or zero.
    """
    import numpy as np

    means = oklab(box_means(pixels, LAYOUT_CELLS)).reshape(-1, 3)
    return unit(((means - np.array(_MIDDLE, np.float32)) * np.array(_SPREAD, np.float32)).ravel())


def edge_shape(pixels: FloatArray) -> FloatArray:
    """Return histograms of gradient orientation on a 6 x 6 grid: (SHAPE_SIZE,) float32.

    Based on HOG (Dalal and Triggs, 2005), with square roots instead of block normalisation, and centred, so
    that two pictures are not similar merely because both have many edges.

    Args:
        pixels: sRGB, (side, side, 3), 0 to 1.

    Returns:
        A vector of unit length, or zero.
    """
    import numpy as np

    grey = pixels.mean(axis=2)
    side = grey.shape[0]
    across, down = np.zeros_like(grey), np.zeros_like(grey)
    across[:, 1:-1] = grey[:, 2:] - grey[:, :-2]
    down[1:-1] = grey[2:] - grey[:-2]
    strength = np.hypot(across, down)
    strength[strength < _FAINT] = 0
    position = (np.arctan2(down, across) % np.pi) * (ORIENTATIONS / np.pi)
    lower = position.astype(np.intp)
    share = position - lower
    row = np.arange(side) * SHAPE_CELLS // side
    cell = (row[:, None] * SHAPE_CELLS + row) * ORIENTATIONS
    histogram = np.bincount(
        (cell + lower % ORIENTATIONS).ravel(), (strength * (1 - share)).ravel(), SHAPE_SIZE
    )
    histogram += np.bincount(
        (cell + (lower + 1) % ORIENTATIONS).ravel(), (strength * share).ravel(), SHAPE_SIZE
    )
    rooted = np.sqrt(histogram)
    return unit(np.asarray(rooted - rooted.mean(), np.float32))


def unit(vector: FloatArray) -> FloatArray:
    """Return the vector scaled to unit length. A zero vector stays zero."""
    import numpy as np

    length = float(np.linalg.norm(vector))
    return vector / np.float32(length) if length > 1e-6 else np.zeros_like(vector)
