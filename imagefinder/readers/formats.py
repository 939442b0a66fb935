"""Which picture format a file is in, by its first bytes.

The list is also what keeps Pillow to formats that are only pictures: handed on as
``Image.open(formats=...)``, it shuts out those that run another program (EPS, WMF) or are hardly ever a
photograph.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from imagefinder.model.errors import UnreadableError
from imagefinder.translation import tr_later

HEAD_BYTES = 1024
"""How much of a file's beginning is looked at."""

EXTENSIONS = frozenset(
    "jpg jpeg jpe jfif png apng webp gif bmp dib tif tiff jp2 j2k jpx pnm pbm pgm ppm ico tga qoi "
    "avif avifs heic heif hif".split()
)

# Pillow's name of the format, and how such a file begins. "mif1" and "msf1" say only that some picture is
# inside; AVIF stands first, because Pillow's reader passes on what is not for it and pillow-heif's does not.
_MAGIC: tuple[tuple[str, re.Pattern[bytes]], ...] = tuple(
    (name, re.compile(pattern, re.DOTALL))
    for name, pattern in (
        ("JPEG", rb"\xff\xd8\xff"),
        ("PNG", rb"\x89PNG\r\n\x1a\n"),
        ("WEBP", rb"RIFF....WEBP"),
        ("AVIF", rb"....ftyp(avif|avis|mif1|msf1)"),
        ("HEIF", rb"....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)"),
        ("GIF", rb"GIF8[79]a"),
        ("TIFF", rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
        ("BMP", rb"BM"),
        ("JPEG2000", rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n"),
        ("PPM", rb"P[1-6]\s"),
        ("ICO", rb"\x00\x00\x01\x00"),
        ("QOI", rb"qoif"),
    )
)

# Formats whose beginning is just numbers: nothing but the name tells them from noise.
_BY_EXTENSION = {"tga": "TGA", "dib": "DIB"}


def extension_of(path: Path) -> str:
    """A file's extension, lower case, without the dot."""
    return path.suffix.lower().removeprefix(".")


def formats_by_content(head: bytes) -> Sequence[str]:
    """Pillow's names of the formats that a file beginning with ``head`` can be in; empty when it is none."""
    return [name for name, magic in _MAGIC if magic.match(head)]


def formats_of(head: bytes, path: Path) -> Sequence[str]:
    """As ``formats_by_content``, and the format of the extension where only that can tell.

    Raises:
        UnreadableError: there is none.
    """
    by_extension = _BY_EXTENSION.get(extension_of(path))
    formats = [*formats_by_content(head), *([by_extension] if by_extension else [])]
    if not formats:
        raise UnreadableError(tr_later("not a picture in any known format", "reason"))
    return formats
