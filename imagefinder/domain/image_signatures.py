"""Supported picture formats with their extensions and magic numbers.

One list for the readers and for the window, which must not import Pillow.
"""

import os
import re
from pathlib import Path
from typing import NamedTuple

HEAD_BYTES = 1024
"""Number of bytes at the beginning of a file that are examined to detect its format."""
_JPEG_END = b"\xff\xd9"


class PictureFormat(NamedTuple):
    """A picture format."""

    name: str
    """Pillow's name of the format."""
    extensions: tuple[str, ...]
    """Extensions in lower case without the dot, the usual one first."""
    magic: bytes
    """Regular expression for the beginning of a file. Empty if the format can be detected only by extension."""
    mime: str = ""
    """Media type used in drag and drop and on the clipboard. Empty if there is none."""


def _format(name: str, extensions: str, magic: bytes, mime: str = "") -> PictureFormat:
    return PictureFormat(name, tuple(extensions.split()), magic, mime)


FORMATS: tuple[PictureFormat, ...] = (
    # mpo: stereo pairs; insp: 360° pictures; thm: thumbnails that cameras store next to videos; pic: pictures stored
    # by WeChat; jpg_large and png_large: names that browsers gave to pictures from Twitter.
    _format(
        "JPEG",
        "jpg jpeg jpe jfif jif jfi pjpeg pjp mpo insp jps thm pic jpg_large",
        rb"\xff\xd8\xff",
        "image/jpeg",
    ),
    _format("PNG", "png apng pns png_large", rb"\x89PNG\r\n\x1a\n", "image/png"),
    _format("WEBP", "webp", rb"RIFF....WEBP", "image/webp"),
    # "mif1" and "msf1" do not tell HEIF from AVIF. AVIF comes first, because Pillow's AVIF reader rejects other
    # files, while pillow-heif's does not.
    _format("AVIF", "avif avifs", rb"....ftyp(avif|avis|mif1|msf1)", "image/avif"),
    _format("HEIF", "heic heif hif heics heifs", rb"....ftyp(hei[cmsx]|hev[cmsx]|mif1|msf1)", "image/heic"),
    _format("GIF", "gif", rb"GIF8[79]a", "image/gif"),
    _format("TIFF", "tif tiff", rb"II\*\0|MM\0\*|II\+\0|MM\0\+", "image/tiff"),
    # Many texts begin with these two letters, so the size of the following header is checked too.
    _format("BMP", "bmp", rb"BM.{12}[\x0c\x10-\x7c]\0\0\0", "image/bmp"),
    _format(
        "JPEG2000",
        "jp2 j2k jpx jpf j2c jpc",
        rb"\xff\x4f\xff\x51|\0\0\0\x0cjP  \r\n\x87\n",
        "image/jp2",
    ),
    _format("PPM", "pnm pbm pgm ppm pfm", rb"P[1-6f]\s+[\d#-]", "image/x-portable-anymap"),
    # At least one picture is required. Otherwise an uncompressed TGA would pass for a cursor.
    _format("ICO", "ico", rb"\0\0\x01\0[\x01-\xff]\0", "image/vnd.microsoft.icon"),
    _format("CUR", "cur", rb"\0\0\x02\0[\x01-\xff]\0"),
    _format("ICNS", "icns", rb"icns"),
    _format("QOI", "qoi", rb"qoif"),
    _format("PSD", "psd psb", rb"8BPS\0[\x01\x02]", "image/vnd.adobe.photoshop"),
    _format("PCX", "pcx", rb"\n[\0\x02-\x05]\x01[\x01\x02\x04\x08]"),
    _format("DDS", "dds", rb"DDS \x7c\0\0\0"),
    _format("SGI", "sgi", rb"\x01\xda[\0\x01][\x01\x02]"),
    _format("XBM", "xbm", rb"\s*#define[ \t]+\S*_width[ \t]+\d"),
    _format("XPM", "xpm", rb"/\* XPM \*/"),
    _format("TGA", "tga icb vda", b""),
    _format("DIB", "dib", b""),
)

EXTENSIONS = frozenset(extension for each in FORMATS for extension in each.extensions)
"""Extensions of all formats, in lower case without the dot."""


def extension_of(path: Path) -> str:
    """Return the extension of a file in lower case without the dot."""
    return path.suffix.lower().removeprefix(".")


def formats_beginning(head: bytes) -> list[PictureFormat]:
    """Return the formats that a file beginning with ``head`` may have, most likely first.

    The list is empty if the file is not a picture.
    """
    # Compiled on first use and cached by ``re``, because most runs of the program read no picture.
    return [each for each in FORMATS if each.magic and re.match(each.magic, head, re.DOTALL)]


def picture_extension(head: bytes) -> str:
    """Return the usual extension, without the dot, of a file beginning with ``head``, or an empty string."""
    return next((each.extensions[0] for each in formats_beginning(head)), "")


def is_whole_jpeg(path: Path) -> bool:
    """Return whether a file exists and ends like a JPEG. A file truncated by a full disk does not."""
    try:
        with path.open("rb") as file:
            file.seek(-len(_JPEG_END), os.SEEK_END)
            return file.read() == _JPEG_END
    except OSError:
        return False
