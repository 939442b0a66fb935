"""Colour names and their anchors in the Oklab colour space.

A pixel gets the name of the nearest anchor in Oklab (Björn Ottosson, 2020,
https://bottosson.github.io/posts/oklab/), where equal distances look about equally different. Each name has a
few anchors. The names are the eleven basic terms of Berlin and Kay (1969), subdivided as in everyday language.
"""

from collections.abc import Mapping
from functools import cache

from imagefinder.embedders.embedder import FloatArray, Pixels

# Anchors as sRGB hex, chosen to match the names in photographs, where saturated colours are rare.
ANCHORS: Mapping[str, tuple[str, ...]] = {
    "black": ("000000", "16161a", "1d1714"),
    "grey": ("555555", "808080", "8d8983", "7c8288", "a3a3a3"),
    "white": ("ffffff", "f1f1f1", "e4e4e2"),
    "silver": ("c0c0c0", "c8ccd0"),
    "red": ("e00000", "ff2020", "c01018", "d03030"),
    "dark red": ("800000", "6a1018", "901c24"),
    "orange": ("ff8000", "f06a10", "ff9830"),
    "yellow": ("ffff00", "ffe000", "f8e040", "e8d020"),
    "gold": ("c89a20", "d4af37"),
    "olive": ("707028", "8a8a40", "585a28"),
    "green": ("00a000", "20c030", "308030", "4c9040", "6ca040"),
    "light green": ("90e070", "a8d860", "b4e8a0", "a0f000"),
    "dark green": ("104818", "20401c", "305428", "2c3c20"),
    "turquoise": ("20c0b0", "00a8a8", "40e0d0", "108080"),
    "light blue": ("90c8f0", "a8d4f0", "68b0e8", "b8d8f0"),
    "blue": ("0000ff", "1050e0", "2060c0", "3070c8", "4060a8"),
    "dark blue": ("101860", "182848", "0c1c40"),
    "purple": ("8020a0", "6030a0", "9050c0", "583078"),
    "lavender": ("b8a0e0", "c8b4e8"),
    "magenta": ("f000f0", "d020a0", "e0109c"),
    "pink": ("ffb0c0", "f890b0", "f06090", "f8c8d0"),
    "brown": ("704018", "5c3820", "8b5a2b", "4a2c18"),
    "tan": ("b08858", "a07850", "c09a70"),
    "beige": ("e8d8b8", "d8c4a0", "f0e4d0"),
}
NAMES = tuple(ANCHORS)

# Ottosson's matrices, linear sRGB → LMS → Oklab.
_TO_LMS = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_LMS_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_BITS = 5
# Names depend more on hue than on lightness: a shaded red is still red.
_AXES = (0.6, 1.0, 1.0)
_SOFTNESS = 0.02  # Oklab units; about the just noticeable difference


def oklab(rgb: FloatArray) -> FloatArray:
    """Convert sRGB (..., 3), 0 to 1, to Oklab (..., 3): lightness 0 to 1, green to red, and blue to yellow."""
    import numpy as np  # imported late, as in all of ``BuiltinEmbedder``: creating it does not need NumPy

    to_lms, to_lab = np.array(_TO_LMS, np.float32), np.array(_LMS_TO_LAB, np.float32)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4).astype(np.float32)
    return np.asarray(np.cbrt(linear @ to_lms.T) @ to_lab.T, np.float32)


def name_shares(pixels: Pixels) -> FloatArray:
    """Return the share of each of ``NAMES`` in sRGB pixels (n, 3) uint8: (len(NAMES),) float32, sum 1.

    Each pixel is distributed softly over the names, by its distance to the nearest anchor of each.
    """
    import numpy as np

    red, green, blue = (pixels >> (8 - _BITS)).astype(np.intp).T
    return np.asarray(_share_table()[(red << 2 * _BITS) | (green << _BITS) | blue].mean(axis=0), np.float32)


@cache
def _share_table() -> FloatArray:
    """Return the name shares of every sRGB colour of ``_BITS`` bits a channel: (2 ** (3 * _BITS), len(NAMES))."""
    import numpy as np

    levels = (np.arange(2**_BITS, dtype=np.float32) + 0.5) / 2**_BITS
    grid = np.stack(np.meshgrid(levels, levels, levels, indexing="ij"), axis=-1).reshape(-1, 3)
    axes = np.array(_AXES, np.float32)
    scaled = oklab(grid) * axes
    rgb = np.array([list(bytes.fromhex(a)) for anchors in ANCHORS.values() for a in anchors], np.float32)
    anchors_scaled = oklab(rgb / np.float32(255)) * axes
    starts = np.cumsum([0, *(len(anchors) for anchors in ANCHORS.values())])[:-1]
    distances = (scaled**2).sum(1)[:, None] - 2 * scaled @ anchors_scaled.T + (anchors_scaled**2).sum(1)
    nearest = np.minimum.reduceat(distances, starts, axis=1)
    nearest -= nearest.min(axis=1, keepdims=True)
    shares = np.exp(nearest * (-0.5 / _SOFTNESS**2))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)
