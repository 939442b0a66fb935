"""The readers there are. A new format family is one line in ``READERS``."""

from pathlib import Path

from imagefinder.model.errors import UnreadableError
from imagefinder.readers.base import MediaFile, MediaReader
from imagefinder.readers.disk import disk_errors, disk_reason, open_regular_file
from imagefinder.readers.formats import HEAD_BYTES, extension_of
from imagefinder.readers.image import ImageReader
from imagefinder.readers.pdf import PdfReader
from imagefinder.translation import tr_later

READERS: tuple[MediaReader, ...] = (ImageReader(), PdfReader())
"""In the order they are asked: a picture's signature stands at its very beginning, a PDF's somewhere near
it."""


def extensions() -> frozenset[str]:
    """Every extension some reader knows, lower case without the dot."""
    return frozenset().union(*(reader.extensions for reader in READERS))


def open_media(path: Path) -> MediaFile:
    """Open a file with the reader for its content, whatever its name; by its name where the content says
    nothing.

    Raises:
        UnreadableError: no reader knows it, or its reader cannot read it; the message says why.
    """
    with open_regular_file(path) as file, disk_errors():
        head = file.read(HEAD_BYTES)
    by_content = (reader for reader in READERS if reader.recognises(head))
    by_name = (reader for reader in READERS if extension_of(path) in reader.extensions)
    reader = next(by_content, None) or next(by_name, None)
    if reader is None:
        raise UnreadableError(tr_later("not a picture or PDF in any known format", "reason"))
    return reader.open(path)


def explain(error: UnreadableError | OSError) -> str:
    """Why a file cannot be read, in words for the user, also where the system itself refused it."""
    return disk_reason(error) if isinstance(error, OSError) else str(error)
