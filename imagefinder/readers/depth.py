"""Grey pictures of 16 bits, 32 bits or fractions, brought to 8 bits without clipping."""

from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_KNOWN_TOPS = (1, 255, 65535)
"""What white usually is where the format does not say: fractions, 8 and 16 bits."""


def to_8_bit(image: Image.Image) -> Image.Image:
    """A picture of mode I;16 (any byte order), I or F in mode L; one of any other mode as it is.

    Pillow's own ``convert("L")`` clips at 255, which turns all of these white. 16 bits are scaled by their
    nominal range. 32-bit numbers and fractions have none: the least of the usual ranges that holds every
    value is taken for white, and otherwise the picture is stretched from its darkest to its lightest value.
    """
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image
    # Imported late: it takes as long as all else that a decoder process has to import.
    import numpy as np

    if image.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return Image.fromarray(_scaled(np.asarray(image)))


def _scaled(values: "NDArray[np.float32] | NDArray[np.int32]") -> "NDArray[np.uint8]":
    import numpy as np

    low, high = _extent(values)
    for top in _KNOWN_TOPS:
        if low >= 0 and high <= top:
            low, high = 0.0, float(top)
            break
    # Garbage in a float picture overflows; what is then not a number becomes black.
    with np.errstate(all="ignore"):
        grey = np.subtract(values, np.float32(low), dtype=np.float32)
        grey *= np.float32(255.0 / max(high - low, 1e-30))
        np.nan_to_num(grey, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
        scaled: NDArray[np.uint8] = np.clip(np.rint(grey, out=grey), 0.0, 255.0, out=grey).astype(np.uint8)
        return scaled


def _extent(values: "NDArray[np.float32] | NDArray[np.int32]") -> tuple[float, float]:
    """The least and the greatest finite value; 0, 0 when there is none."""
    import numpy as np

    low, high = float(values.min()), float(values.max())
    if np.isfinite(low) and np.isfinite(high):
        return low, high
    finite = values[np.isfinite(values)]
    return (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
