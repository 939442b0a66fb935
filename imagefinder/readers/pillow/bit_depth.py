"""Convert greyscale pictures of 16 bits, 32 bits or floating point to 8 bits without clipping."""

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KNOWN_TOPS = (1, 255, 65535)
"""What white usually is where the format does not say: fractions, 8 and 16 bits."""
_LEAST_SHARE = 1 / 8
"""Of such a range, that values have to reach for it to be theirs: with less, the picture would be almost black."""
_OUTLIERS = 200
"""One value in so many, at either end, does not decide the scale: hot pixels, cosmic rays, dust on a scan."""
_FEW = 64
"""Up to so many pixels, every one of them counts."""
_SAMPLE = 1_000_000
"""Pixels looked at to find the range."""
_ALMOST_BLACK = 4096
"""A 16-bit picture whose values are nearly all below this has its values in the lower bits: a sensor of 10 or 12
bits whose file does not say so. By the nominal range it would be black."""
_BITS_PER_SAMPLE, _PHOTOMETRIC = 258, 262
"""Tags of TIFF."""
_WHITE_IS_ZERO = 0


def to_8_bit(image: Image.Image) -> Image.Image:
    """A picture of mode I;16 (any byte order), I or F in mode L, or LA where a value of it means transparent.

    A picture of any other mode is returned as it is. Pillow's own ``convert("L")`` clips at 255, which turns all of
    these white. 16 bits are scaled by their nominal range, unless that would leave them almost black. 32-bit numbers
    and fractions have none: the least of the usual ranges that holds the values is taken for white, and otherwise the
    picture is stretched from its darkest to its lightest value. A few outliers are left out of account.
    """
    if not (image.mode.startswith("I;16") or image.mode in ("I", "F")):
        return image
    # Imported late: it takes as long as all else that a decoder process has to import.
    import numpy as np

    values = np.asarray(image)
    tags = getattr(image, "tag_v2", {})
    scaled = _from_16_bits(values, tags) if image.mode.startswith("I;16") else scaled_to_8_bit(values)
    if tags.get(_PHOTOMETRIC) == _WHITE_IS_ZERO:
        scaled = 255 - scaled
    grey = Image.fromarray(scaled)
    transparent = image.info.get("transparency")
    if isinstance(transparent, int):
        # Compared before the scaling, after which other values would be the same.
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
    """Values of any range, in two dimensions, from 0 to 255."""
    import numpy as np

    low, high = _extent(values)
    for top in _KNOWN_TOPS:
        if low >= 0 and _LEAST_SHARE * top <= high <= top:
            low, high = 0.0, float(top)
            break
    # Garbage in a float picture overflows; what is then not a number becomes black.
    with np.errstate(all="ignore"):
        grey = np.subtract(values, np.float32(low), dtype=np.float32)
        grey *= np.float32(255.0 / max(high - low, 1e-30))
        np.nan_to_num(grey, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
        scaled: NDArray[np.uint8] = np.clip(np.rint(grey, out=grey), 0.0, 255.0, out=grey).astype(np.uint8)
        return scaled


def _extent(values: "NDArray[np.float32] | NDArray[np.int32] | NDArray[np.uint16]") -> tuple[float, float]:
    """The least and the greatest finite value, outliers left out; 0, 0 when there is none.

    Where nearly all values are the same, the others are the picture, and none is left out.
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
