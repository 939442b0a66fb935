"""The preview cache: rendered pictures for the preview, as large JPEG files."""

import io
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from PIL import Image

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.image_signatures import is_whole_jpeg
from imagefinder.domain.reasons import ReasonCode
from imagefinder.private_files import replace_file

_QUALITY = 92
_LIVES_S = 24 * 3600
_MOST_BYTES = 500_000_000
"""Two hundred or so of the size of a screen."""


def preview_file(path: Path, side: int, render: Callable[[], Image.Image]) -> Path:
    """The picture at ``path``, rendered if it is not there; at most ``side`` pixels on its longer side.

    ``render`` gives an RGB picture. The file is written whole or not at all.

    Raises:
        UnreadableError: it cannot be written, which stands for the picture here.
    """
    if is_whole_jpeg(path):
        with suppress(OSError):  # it only keeps its place among the newest
            os.utime(path)
        return path
    image = render()
    if max(image.size) > side:
        # BOX is used for the first, coarse step alone; LANCZOS keeps print and edges sharp.
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    encoded = io.BytesIO()
    # Colours at full size: print in colour frays otherwise.
    image.save(encoded, "JPEG", quality=_QUALITY, subsampling=0)
    try:
        replace_file(path, encoded.getbuffer())
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise UnreadableError(ReasonCode.PREVIEW_NOT_WRITABLE, folder=str(path.parent), error=said) from error
    return path


def tidy_previews(folder: Path, most_bytes: int = _MOST_BYTES) -> None:
    """Delete previews of the day before, and the oldest of more than ``most_bytes``; the newest always stays."""
    found = []
    # Another window may be tidying too.
    with suppress(OSError):
        for entry in os.scandir(folder):
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                found.append((status.st_mtime, status.st_size, entry.path))
    found.sort(reverse=True)
    oldest, total = time.time() - _LIVES_S, 0
    for number, (changed, size, path) in enumerate(found):
        total += size
        if changed < oldest or (total > most_bytes and number):
            with suppress(OSError):
                Path(path).unlink()
