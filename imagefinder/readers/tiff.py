"""The pages of a TIFF."""

from itertools import count

from PIL import ImageFile, TiffImagePlugin

_NEW_SUBFILE_TYPE, _SUBFILE_TYPE = 254, 255
_REDUCED_OR_MASK = 0b101
"""NewSubfileType bits 0 (a smaller copy of another page) and 2 (a transparency mask): TIFF 6.0, page 36."""
_OLD_REDUCED = 2
"""SubfileType of a smaller copy: TIFF 6.0, page 40."""

_BYTE_ORDERS = {b"II": "I;16", b"MM": "I;16B"}


def register_deep_greys() -> None:
    """Have Pillow open grey TIFFs of 12 and 16 bits in either byte order, whichever of black and white is zero.

    It knows only some of these; what it lacks is in no way packed otherwise. ``depth`` makes white of what is white.
    """
    for order, mode in _BYTE_ORDERS.items():
        for photometric in (0, 1):
            for bits, opened in ((12, ("I;16", "I;12")), (16, (mode, mode))):
                TiffImagePlugin.OPEN_INFO.setdefault((order, photometric, (1,), 1, (bits,), ()), opened)


def tiff_pages(picture: ImageFile.ImageFile) -> list[int]:
    """Indexes (from 0) of the pages worth showing: previews and masks are left out.

    Where the chain of pages is broken, the index of the first page that cannot be reached is the last one
    given, so that asking for it tells the user that something is missing."""
    pages = []
    for index in count():
        try:
            picture.seek(index)
        except EOFError:
            break
        except Exception:  # noqa: BLE001 - a damaged directory raises anything; load() meets it again and says so
            pages.append(index)
            break
        if _is_page(picture):
            pages.append(index)
    return pages or [0]


def _is_page(picture: ImageFile.ImageFile) -> bool:
    tags = getattr(picture, "tag_v2", {})
    kind = tags.get(_NEW_SUBFILE_TYPE, 0)
    return not (isinstance(kind, int) and kind & _REDUCED_OR_MASK) and tags.get(_SUBFILE_TYPE) != _OLD_REDUCED
