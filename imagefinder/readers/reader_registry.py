"""The registry of readers. A new format family is one line in ``READERS``."""

from pathlib import Path
from typing import BinaryIO

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.readers.disk import disk_errors, disk_reason, open_regular_file
from imagefinder.readers.image_reader import ImageReader
from imagefinder.readers.pdf.pdf_reader import PdfReader
from imagefinder.readers.pillow.pillow_formats import HEAD_BYTES, extension_of
from imagefinder.readers.reader import MediaFile, MediaReader

READERS: tuple[MediaReader, ...] = (ImageReader(), PdfReader())
"""In the order they are asked: a picture's signature stands at its very beginning, a PDF's somewhere near
it."""


def extensions() -> frozenset[str]:
    """Every extension some reader knows, lower case without the dot."""
    return frozenset().union(*(reader.extensions for reader in READERS))


def open_media(path: Path, content: BinaryIO | None = None) -> MediaFile:
    """Open a file with the reader for its content, whatever its name; by its name where the content says
    nothing.

    ``content`` is the same file, open already: it is taken over, and closed with what is returned, or at once where
    the file cannot be read.

    Raises:
        UnreadableError: no reader knows it, or its reader cannot read it; the message says why.
    """
    file = content or open_regular_file(path)
    try:
        return _reader_for(path, file).open(path, file)
    except BaseException:
        file.close()
        raise


def _reader_for(path: Path, file: BinaryIO) -> MediaReader:
    with disk_errors():
        file.seek(0)
        head = file.read(HEAD_BYTES)
    by_content = (reader for reader in READERS if reader.recognises(head))
    by_name = (reader for reader in READERS if extension_of(path) in reader.extensions)
    reader = next(by_content, None) or next(by_name, None)
    if reader is None:
        raise UnreadableError(ReasonCode.UNKNOWN_FORMAT)
    return reader


def explain(error: UnreadableError | OSError) -> Reason:
    """Why a file cannot be read, also where the system itself refused it."""
    return disk_reason(error) if isinstance(error, OSError) else error.reason
