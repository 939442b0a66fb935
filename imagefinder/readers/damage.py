"""What goes wrong inside Pillow, said in words for the user."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from imagefinder.model.errors import PassingError, UnreadableError
from imagefinder.readers.disk import disk_reason
from imagefinder.readers.limits import MAX_PIXELS
from imagefinder.readers.reservations import NO_MEMORY
from imagefinder.translation import tr_later

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
        limit = MAX_PIXELS // 1_000_000
        if not pixels:
            return tr_later("too large (the limit is {limit} megapixels)", "reason").format(limit=limit)
        text = tr_later("too large ({size} megapixels; the limit is {limit} megapixels)", "reason")
        return text.format(size=f"{int(pixels[1]) / 1e6:.0f}", limit=limit)
    if isinstance(error, MemoryError):
        return NO_MEMORY
    if isinstance(error, UnidentifiedImageError | KeyError):  # a kind of pixels that is in no table, say
        return tr_later(
            "the picture is damaged, or in a variant of its format that is not supported", "reason"
        )
    if isinstance(error, OSError) and error.errno:
        return disk_reason(error)
    if isinstance(error, EOFError) or _CUT_SHORT.search(str(error)):
        return tr_later("the picture is cut short (the file ends too early)", "reason")
    if isinstance(error, NotImplementedError) or _UNSUPPORTED.search(str(error)):
        return tr_later("the picture is in a variant of its format that is not supported", "reason")
    return tr_later("the picture is damaged", "reason")
