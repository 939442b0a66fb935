"""Preprocessing of pictures with Pillow and NumPy only, equivalent to open_clip's transforms.

Those are in open_clip/transform.py and use torchvision, whose import takes longer than a whole search.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imagefinder.embedders.embedder import Pixels
from imagefinder.embedders.spec import JsonDict

if TYPE_CHECKING:
    from PIL import Image  # imported late: a search by words needs no pictures

# Above this aspect ratio, only the middle is resized: a picture of 1 x 5000 pixels would become 256 x 1,280,000.
_LONGEST_ASPECT = 16
_FILTERS = ("bilinear", "bicubic")


class Preprocessing:
    """Resizes and crops pictures to a model's input size.

    The tower then scales pixels to 0..1, subtracts ``mean`` and divides by ``std``.
    """

    def __init__(self, config: JsonDict) -> None:
        """Create it from open_clip's ``PreprocessCfg``. All its keys are required."""
        size = config["size"]
        self._height, self._width = (size, size) if isinstance(size, int) else map(int, size)
        self._mode: str = config["resize_mode"]
        self._filter: str = config["interpolation"] if config["interpolation"] in _FILTERS else "bicubic"
        self._fill = int(config["fill_color"])
        self.mean, self.std = _per_channel(config["mean"]), _per_channel(config["std"])
        """Values for red, green and blue."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of preprocessed pictures: (height, width, 3)."""
        return self._height, self._width, 3

    def __call__(self, picture: "Image.Image") -> Pixels:
        """Return an RGB picture resized and cropped: (height, width, 3) uint8."""
        if self._mode == "squash":
            return _pixels(picture.resize((self._width, self._height), _resampling(self._filter)))
        resized = self._resized(_without_extreme_length(picture))
        return _pixels(self._cropped(resized))

    def _resized(self, picture: "Image.Image") -> "Image.Image":
        width, height = picture.size
        if self._mode == "shortest" and self._height == self._width:
            # torchvision truncates fractions.
            short, long = self._width, int(self._width * max(width, height) / min(width, height))
            size = (short, long) if width <= height else (long, short)
            return picture if picture.size == size else picture.resize(size, _resampling(self._filter))
        ratios = width / self._width, height / self._height
        is_longest = self._mode == "longest"
        ratio = max(ratios) if is_longest else min(ratios)
        # open_clip specifies no filter for the shorter side of a non-square input, so it is bicubic.
        chosen = _resampling(self._filter if is_longest else "bicubic")
        return picture.resize((round(width / ratio), round(height / ratio)), chosen)

    def _cropped(self, picture: "Image.Image") -> "Image.Image":
        """Return the centre of the picture, padded with the fill colour if it is too small."""
        fill = self._fill if self._mode == "longest" else 0
        if picture.width < self._width or picture.height < self._height:
            size = max(picture.width, self._width), max(picture.height, self._height)
            from PIL import Image

            ground = Image.new("RGB", size, (fill, fill, fill))
            ground.paste(picture, ((size[0] - picture.width) // 2, (size[1] - picture.height) // 2))
            picture = ground
        left = round((picture.width - self._width) / 2)
        top = round((picture.height - self._height) / 2)
        return picture.crop((left, top, left + self._width, top + self._height))


def _resampling(name: str) -> "Image.Resampling":
    from PIL import Image

    return Image.Resampling[name.upper()]


def _pixels(picture: "Image.Image") -> Pixels:
    import numpy as np

    return np.asarray(picture.convert("RGB"))


def _per_channel(values: float | Sequence[float]) -> tuple[float, float, float]:
    """Return values for red, green and blue. A single value is used for all three.

    Raises:
        ValueError: There are neither one nor three values.
    """
    given = list(values) if isinstance(values, Sequence) else [values]
    red, green, blue = map(float, given * 3 if len(given) == 1 else given)
    return red, green, blue


def _without_extreme_length(picture: "Image.Image") -> "Image.Image":
    """Return the middle of an extremely long picture, or any other picture unchanged."""
    width, height = picture.size
    longest = min(picture.size) * _LONGEST_ASPECT
    if max(picture.size) <= longest:
        return picture
    if width > height:
        left = (width - longest) // 2
        return picture.crop((left, 0, left + longest, height))
    top = (height - longest) // 2
    return picture.crop((0, top, width, top + longest))
