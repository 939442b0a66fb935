"""What goes wrong inside Pillow, said in words for the user."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from imagefinder.model.errors import PassingError, UnreadableError
from imagefinder.readers.disk import disk_reason
from imagefinder.readers.limits import MAX_PIXELS

_CUT_SHORT = re.compile(
    r"truncat|end of (file|stream|input)|eof|not enough (image )?data|only got|unexpected end", re.IGNORECASE
)
_UNSUPPORTED = re.compile(r"unsupported|not supported|not been built in|unknown (pixel )?mode", re.IGNORECASE)


@contextmanager
def picture_damage() -> Iterator[None]:
    """Turn whatever decoding raises into ``UnreadableError``.

    Fed with garbage, Pillow and its codecs raise nearly every built-in exception there is; none of them is
    our bug. So only calls into Pillow belong inside.
    """
    try:
        yield
    except UnreadableError:
        raise
    except Exception as error:
        kind = (
            PassingError
            if isinstance(error, MemoryError) or getattr(error, "errno", None)
            else UnreadableError
        )
        raise kind(picture_reason(error)) from error


def picture_reason(error: Exception) -> str:
    """Why Pillow could not decode a picture."""
    if isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"\((\d+) pixels\)", str(error))
        size = f"{int(pixels[1]) / 1e6:.0f} megapixels; " if pixels else ""
        return f"too large ({size}the limit is {MAX_PIXELS // 1_000_000} megapixels)"
    if isinstance(error, MemoryError):
        return "there is not enough free memory to decode it. Close other programs and try again"
    if isinstance(error, UnidentifiedImageError):
        return "the picture is damaged: its header makes no sense"
    if isinstance(error, OSError) and error.errno:
        return disk_reason(error)
    if isinstance(error, EOFError) or _CUT_SHORT.search(str(error)):
        return "the picture is cut short (the file ends too early)"
    if _UNSUPPORTED.search(str(error)):
        return "the picture is in a variant of its format that is not supported"
    return "the picture is damaged"
