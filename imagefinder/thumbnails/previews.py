"""Pictures rendered for the preview: large JPEG files in a folder of the window's, made once."""

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from PIL import Image

from imagefinder.model.errors import UnreadableError
from imagefinder.translation import tr_later

_QUALITY = 92


def preview_file(path: Path, side: int, render: Callable[[], Image.Image]) -> Path:
    """The picture at ``path``, rendered if it is not there; at most ``side`` pixels on its longer side.

    ``render`` gives an RGB picture. The file is written whole or not at all.

    Raises:
        UnreadableError: it cannot be written, which stands for the picture here.
    """
    if path.exists():
        return path
    image = render()
    if max(image.size) > side:
        # BOX is used for the first, coarse step alone; LANCZOS keeps print and edges sharp.
        image.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=3.0)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Colours at full size: print in colour frays otherwise.
        image.save(temporary, "JPEG", quality=_QUALITY, subsampling=0)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # it may never have come to be
            temporary.unlink()
        raise UnreadableError(
            tr_later("the preview cannot be written to {folder} ({error})", "reason").format(
                folder=path.parent, error=(error.strerror or str(error)).lower()
            )
        ) from error
    return path
