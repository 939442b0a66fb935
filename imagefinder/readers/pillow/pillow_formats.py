"""Detection of a picture's format, as one of Pillow's.

The result is passed to ``Image.open(formats=...)``. This also restricts Pillow to plain picture formats and excludes
those that run another program (EPS, WMF).
"""

from collections.abc import Sequence
from pathlib import Path

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.image_signatures import EXTENSIONS as EXTENSIONS
from imagefinder.domain.image_signatures import FORMATS, formats_beginning
from imagefinder.domain.image_signatures import HEAD_BYTES as HEAD_BYTES
from imagefinder.domain.image_signatures import extension_of as extension_of
from imagefinder.domain.reasons import ReasonCode

_BY_EXTENSION = {extension: each.name for each in FORMATS if not each.magic for extension in each.extensions}


def formats_by_content(head: bytes) -> Sequence[str]:
    """Return Pillow's names of the formats that match a file beginning with ``head``."""
    return [each.name for each in formats_beginning(head)]


def formats_of(head: bytes, path: Path) -> Sequence[str]:
    """Return the formats by content, and by extension for formats that have no signature.

    Raises:
        UnreadableError: No format matches.
    """
    by_extension = _BY_EXTENSION.get(extension_of(path))
    formats = [*formats_by_content(head), *([by_extension] if by_extension else [])]
    if not formats:
        raise UnreadableError(ReasonCode.NOT_AN_IMAGE)
    return formats
