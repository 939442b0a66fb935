"""Preview cache: rendered pictures for the preview, as large JPEG files."""

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
"""About two hundred previews of the size of a screen."""


def preview_file(path: Path, side: int, render: Callable[[], Image.Image]) -> Path:
    """Return ``path`` after rendering the picture there, if it does not exist. The file is written atomically.

    Args:
        path: path of the preview.
        side: maximum length of the longer side in pixels.
        render: renders the picture in RGB.

    Raises:
        UnreadableError: the file cannot be written.
    """
    if is_whole_jpeg(path):
        with suppress(OSError):  # only marks the file as recently used
            os.utime(path)
        return path
    image = render()
    if max(image.size) > side:
        # BOX is used only for the first, coarse step; LANCZOS keeps text and edges sharp.
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    encoded = io.BytesIO()
    # No chroma subsampling, which blurs coloured text.
    image.save(encoded, "JPEG", quality=_QUALITY, subsampling=0)
    try:
        replace_file(path, encoded.getbuffer())
    except OSError as error:
        said = (error.strerror or str(error)).lower()
        raise UnreadableError(ReasonCode.PREVIEW_NOT_WRITABLE, folder=str(path.parent), error=said) from error
    return path


def tidy_previews(folder: Path, most_bytes: int = _MOST_BYTES) -> None:
    """Delete previews older than a day, and the oldest ones above ``most_bytes``. The newest is always kept."""
    found = []
    # Another process may be deleting files, too.
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
