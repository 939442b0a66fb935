"""Conversion of greyscale pictures in 16 bits, 32 bits or floating point to 8 bits without clipping."""

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KNOWN_TOPS = (1, 255, 65535)
"""Common values of white where the format does not define it: for fractions, 8 and 16 bits."""
_LEAST_SHARE = 1 / 8
"""Share of a range that the highest value must reach for that range to be used.

Otherwise the picture would be almost black.
"""
_OUTLIERS = 200
"""One in this many values at either end is ignored as an outlier: hot pixels, cosmic rays, dust on a scan."""
_FEW = 64
"""In pictures of up to this many pixels, no value is ignored."""
_SAMPLE = 1_000_000
"""Approximate number of pixels sampled to find the range."""
_ALMOST_BLACK = 4096
"""A 16-bit picture with nearly all values below this has its values in the lower bits.

It comes from a sensor of 10 or 12 bits, which the file does not say. Scaled by the nominal range, it would be black.
"""
_BITS_PER_SAMPLE, _PHOTOMETRIC = 258, 262
"""TIFF tags."""
_WHITE_IS_ZERO = 0


def to_8_bit(image: Image.Image) -> Image.Image:
    """Convert a picture of mode I;16 (any byte order), I or F to mode L, or to LA if one value means transparent.

    Pictures of other modes are returned unchanged. Pillow's own ``convert("L")`` clips at 255, which turns such
    pictures white. 16-bit values are scaled by their nominal range, unless the picture would be almost black. 32-bit
    integers and floats have no nominal range. They are scaled by the smallest common range that contains the values,
    or else from the darkest to the lightest value. A few outliers are ignored.
    """
    if not (image.mode.startswith("I;16") or image.mode in ("I", "F")):
        return image
    # Imported late, because it takes as long as all other imports of a decoder process.
    import numpy as np

    values = np.asarray(image)
    tags = getattr(image, "tag_v2", {})
    scaled = _from_16_bits(values, tags) if image.mode.startswith("I;16") else scaled_to_8_bit(values)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        scaled = 255 - scaled
    grey = Image.fromarray(scaled)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        # Compared before scaling, because scaling maps different values to the same level.
        alpha = Image.fromarray(np.where(values == transparent, 0, 255).astype(np.uint8))
        return Image.merge("LA", (grey, alpha))
    return grey


def _from_16_bits(values: "NDArray[np.uint16]", tags: dict[int, object]) -> "NDArray[np.uint8]":
    import numpy as np

    if tags.get(_BITS_PER_SAMPLE) == (12,):
        top = _ALMOST_BLACK - 1
    else:
        _, highest = _extent(values)
        if highest >= _ALMOST_BLACK:
            return (values >> 8).astype(np.uint8)
        top = max(2 ** int(highest).bit_length() - 1, 255)
    scaled = np.minimum(values, top).astype(np.uint32)
    scaled *= 255
    scaled //= top
    return scaled.astype(np.uint8)


def scaled_to_8_bit(values: "NDArray[np.float32] | NDArray[np.int32]") -> "NDArray[np.uint8]":
    """Scale a two-dimensional array of any value range to 0 to 255."""
    import numpy as np

    low, high = _extent(values)
    for top in _KNOWN_TOPS:
        if low >= 0 and _LEAST_SHARE * top <= high <= top:
            low, high = 0.0, float(top)
            break
    # Garbage in a float picture may overflow; the resulting NaNs become black.
    with np.errstate(all="ignore"):
        grey = np.subtract(values, np.float32(low), dtype=np.float32)
        grey *= np.float32(255.0 / max(high - low, 1e-30))
        np.nan_to_num(grey, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
        scaled: NDArray[np.uint8] = np.clip(np.rint(grey, out=grey), 0.0, 255.0, out=grey).astype(np.uint8)
        return scaled


def _extent(values: "NDArray[np.float32] | NDArray[np.int32] | NDArray[np.uint16]") -> tuple[float, float]:
    """Return the lowest and highest finite value without outliers, or (0, 0) if there is no finite value.

    If nearly all values are equal, the others are the picture's content, so no value is treated as an outlier.
    """
    import numpy as np

    step = max(1, int((values.size / _SAMPLE) ** 0.5))
    sample = values[::step, ::step].ravel()
    if values.dtype.kind == "f":
        sample = sample[np.isfinite(sample)]
    if not sample.size:
        return 0.0, 0.0
    low, high = float(sample.min()), float(sample.max())
    left_out = max(1, sample.size // _OUTLIERS)
    if sample.size <= _FEW or (low >= 0 and high <= _KNOWN_TOPS[0]):
        return low, high
    ordered = np.partition(sample, (left_out, sample.size - 1 - left_out))
    usual_low, usual_high = float(ordered[left_out]), float(ordered[-1 - left_out])
    return (usual_low, usual_high) if usual_low < usual_high else (low, high)
