"""The registry of readers. To add a family of formats, add a line to ``READERS``."""

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
"""All readers, in the order in which they are tried.

Pictures come first, because their signature is at the very beginning of the file, while that of a PDF may follow later.
"""


def extensions() -> frozenset[str]:
    """Return the file extensions of all readers, in lower case and without the dot."""
    return frozenset().union(*(reader.extensions for reader in READERS))


def open_media(path: Path, content: BinaryIO | None = None) -> MediaFile:
    """Open a file with the reader that recognises its content, or else its extension.

    Args:
        path: The file.
        content: The same file, already open. The returned object takes ownership and closes it. It is closed at once
            if the file cannot be read.

    Raises:
        UnreadableError: No reader recognises the file, or its reader cannot read it; the message says why.
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
    """Return the reason why a file cannot be read, for errors of readers and of the operating system."""
    return disk_reason(error) if isinstance(error, OSError) else error.reason
