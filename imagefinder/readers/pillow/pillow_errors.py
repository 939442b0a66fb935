"""Mapping of Pillow's exceptions to reasons."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, UnidentifiedImageError

from imagefinder.domain.errors import PassingError, UnreadableError
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.readers.disk import disk_reason
from imagefinder.readers.size_limits import MAX_PIXELS

_CUT_SHORT = re.compile(
    r"truncat|end of (file|stream|input)|eof|not enough (image )?data|only got|unexpected end", re.IGNORECASE
)
_UNSUPPORTED = re.compile(r"unsupported|not supported|not been built in|unknown (pixel )?mode", re.IGNORECASE)


@contextmanager
def picture_damage() -> Iterator[None]:
    """Turn any exception into ``UnreadableError``, or into ``PassingError`` if the file itself may be intact.

    Given garbage, Pillow and its codecs raise nearly every built-in exception, and none of these is a bug of
    imagefinder. The context must therefore enclose nothing but calls into Pillow.
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


def picture_reason(error: Exception) -> Reason:
    """Return the reason for an exception raised while decoding a picture."""
    if isinstance(error, Image.DecompressionBombError):
        pixels = re.search(r"\((\d+) pixels\)", str(error))
        limit = MAX_PIXELS // 1_000_000
        if not pixels:
            return Reason(ReasonCode.TOO_LARGE, {"limit": limit})
        return Reason(ReasonCode.TOO_LARGE, {"megapixels": round(int(pixels[1]) / 1e6), "limit": limit})
    if isinstance(error, MemoryError):
        return Reason(ReasonCode.OUT_OF_MEMORY)
    if isinstance(
        error, UnidentifiedImageError | KeyError
    ):  # for instance a pixel type missing in Pillow's tables
        return Reason(ReasonCode.DAMAGED_OR_UNSUPPORTED)
    if isinstance(error, OSError) and error.errno:
        return disk_reason(error)
    if isinstance(error, EOFError) or _CUT_SHORT.search(str(error)):
        return Reason(ReasonCode.TRUNCATED)
    if isinstance(error, NotImplementedError) or _UNSUPPORTED.search(str(error)):
        return Reason(ReasonCode.UNSUPPORTED)
    return Reason(ReasonCode.DAMAGED)
