"""Preprocessing of pictures by Pillow and NumPy alone, equal to open_clip's transforms.

They stand in open_clip/transform.py and are built of torchvision's, whose import takes longer than a whole search.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from imagefinder.embedders.embedder import Pixels
from imagefinder.embedders.spec import JsonDict

if TYPE_CHECKING:
    from PIL import Image  # imported late: a search by words has no picture

# Beyond this ratio of sides, only the middle is resized: a 1 x 5000 picture would become 256 x 1,280,000.
_LONGEST_ASPECT = 16
_FILTERS = ("bilinear", "bicubic")


class Preprocessing:
    """Brings pictures to a model's input size. Its pixels, of 1, then lose ``mean`` and are divided by ``std``."""

    def __init__(self, config: JsonDict) -> None:
        """``config``: as open_clip's ``PreprocessCfg``; all its keys must be there."""
        size = config["size"]
        self._height, self._width = (size, size) if isinstance(size, int) else map(int, size)
        self._mode: str = config["resize_mode"]
        self._filter: str = config["interpolation"] if config["interpolation"] in _FILTERS else "bicubic"
        self._fill = int(config["fill_color"])
        self.mean, self.std = _per_channel(config["mean"]), _per_channel(config["std"])
        """By channel."""

    @property
    def shape(self) -> tuple[int, int, int]:
        """Of what it makes of a picture: (height, width, 3)."""
        return self._height, self._width, 3

    def __call__(self, picture: "Image.Image") -> Pixels:
        """An RGB picture resized and cropped: (height, width, 3) uint8."""
        if self._mode == "squash":
            return _pixels(picture.resize((self._width, self._height), _resampling(self._filter)))
        resized = self._resized(_without_extreme_length(picture))
        return _pixels(self._cropped(resized))

    def _resized(self, picture: "Image.Image") -> "Image.Image":
        width, height = picture.size
        if self._mode == "shortest" and self._height == self._width:
            # torchvision cuts the fraction off.
            short, long = self._width, int(self._width * max(width, height) / min(width, height))
            size = (short, long) if width <= height else (long, short)
            return picture if picture.size == size else picture.resize(size, _resampling(self._filter))
        ratios = width / self._width, height / self._height
        is_longest = self._mode == "longest"
        ratio = max(ratios) if is_longest else min(ratios)
        # open_clip names no filter for the shorter side of an oblong: then it is bicubic.
        chosen = _resampling(self._filter if is_longest else "bicubic")
        return picture.resize((round(width / ratio), round(height / ratio)), chosen)

    def _cropped(self, picture: "Image.Image") -> "Image.Image":
        """The middle of it, on a ground of the fill colour where it is smaller."""
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
    """For red, green and blue; one value stands for all three.

    Raises:
        ValueError: there are neither one nor three.
    """
    given = list(values) if isinstance(values, Sequence) else [values]
    red, green, blue = map(float, given * 3 if len(given) == 1 else given)
    return red, green, blue


def _without_extreme_length(picture: "Image.Image") -> "Image.Image":
    """The middle of a picture far longer than wide; any other picture as it is."""
    width, height = picture.size
    longest = min(picture.size) * _LONGEST_ASPECT
    if max(picture.size) <= longest:
        return picture
    if width > height:
        left = (width - longest) // 2
        return picture.crop((left, 0, left + longest, height))
    top = (height - longest) // 2
    return picture.crop((0, top, width, top + longest))
