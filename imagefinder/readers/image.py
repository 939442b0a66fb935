"""Decoding of pictures with Pillow."""

import io
from collections.abc import Callable
from contextlib import ExitStack
from functools import cache, partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from PIL import Image, ImageFile, XbmImagePlugin

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.items import ItemKind, PartFacts
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.readers.disk import open_regular_file, size_of
from imagefinder.readers.formats.psd import register_psd
from imagefinder.readers.formats.tiff import register_tiff, tiff_pages
from imagefinder.readers.pillow.colour import to_srgb
from imagefinder.readers.pillow.exif import read_camera, read_shot
from imagefinder.readers.pillow.pillow_errors import picture_damage
from imagefinder.readers.pillow.pillow_formats import HEAD_BYTES, formats_of
from imagefinder.readers.pillow.pillow_warnings import silence_pillow
from imagefinder.readers.reader import LoadedPart, MediaFile
from imagefinder.readers.repair.salvage import (
    can_be_salvaged,
    damage_of,
    every,
    grid_of_rows,
    load_what_is_there,
    missing_rows,
    scale_transparent_colour,
)
from imagefinder.readers.repair.second_try import Repaired, fill_up, repair
from imagefinder.readers.reservations import reserved
from imagefinder.readers.size_limits import refuse_oversize, room_for_file, room_to_decode, set_pillow_limit

set_pillow_limit()
register_tiff()
register_psd()

_SCALED_BY_DRAFT = frozenset({"JPEG", "MPO"})
_READ_IN_PIECES = frozenset({"TIFF"})
"""Formats that are read piece by piece. All other decoders may hold the whole file in memory."""
_NEVER_FILLED = frozenset({"TIFF", "GIF"})
"""Formats whose decoders gain nothing from padding a truncated file with zeros."""
_FILL_BYTES_PER_PIXEL = 8
"""Bytes a pixel by which a truncated file is padded. No uncompressed format takes more."""
_SPARE_SIDES = 4
"""A picture is reduced to no less than this multiple of the requested side.

The model's own bicubic resizing, after the averaging of whole blocks of pixels, then gives vectors whose cosine to
those of the full picture is at least 0.999 (42 photographs of 12 megapixels, starter model: minimum 0.9994, median
0.9998). With a factor of three, two of them fall as low as 0.993.
"""
_AVERAGED_MODES = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
"""Modes whose pixels can be averaged directly, with colours weighted by alpha."""


class _Xbm(XbmImagePlugin.XbmImageFile):
    """XBM picture with set bits in black on white, as other programs show it. Pillow decodes them as white."""

    def load_end(self) -> None:
        super().load_end()
        self.im = self.im.chop_invert()


Image.register_open("XBM", _Xbm, XbmImagePlugin._accept)


@cache
def _know_heif() -> None:
    # Imported late, because its libraries take as long to load as Pillow.
    import pillow_heif

    pillow_heif.register_heif_opener()


class _Decoded(NamedTuple):
    """A picture, decoded as far as possible."""

    picture: ImageFile.ImageFile
    """The opened picture with its metadata."""
    pixels: Image.Image
    """The pixels to show. Smaller than the picture if, say, only every second pixel could be decoded."""
    damage: Reason | None = None
    """Damage to report; see ``LoadedPart.damage``."""


class PictureFile(MediaFile):
    """An open picture file, for use by one thread at a time.

    A TIFF has one part for each page. Any other file has one part: the first frame of an animation, or the primary
    picture of several. A file that Pillow rejects is repaired in memory and decoded again, so faulty metadata does
    not cost pixels, and the remaining pixels of a truncated picture are shown.
    """

    def __init__(self, path: Path, content: BinaryIO | None = None) -> None:
        self._file = content or open_regular_file(path)
        self._repaired: Repaired | None = None
        self._refusal: Exception | None = None
        self._held = ExitStack()
        self._held.callback(lambda: self._file.close())
        try:
            with picture_damage():
                self._file.seek(0)
                head = self._file.read(HEAD_BYTES)
                self._formats = formats_of(head, path)
                if not _READ_IN_PIECES.issuperset(self._formats):
                    self._held.enter_context(room_for_file(size_of(self._file)))
                picture = self._open_or_repair()
                self._pages = tiff_pages(picture) if picture.format == "TIFF" else [0]
        except BaseException:
            self._held.close()
            raise
        self.part_count = len(self._pages)
        # A multi-page TIFF stays open, because seeking to each page from the start would take longer and longer. A
        # single picture is reopened for every load but the first: ``draft`` works only once, and decoders hold
        # memory. A single-page TIFF is always reopened, because ``tiff_pages`` has already moved past its page.
        self._paged = picture if self.part_count > 1 else None
        self._fresh = picture if picture.format != "TIFF" else None

    def _open(self) -> ImageFile.ImageFile:
        """Open the picture, reading its header only.

        Pillow gets a file object rather than a name, so that it does not map the file into memory. A file that
        shrinks while it is read then raises an exception instead of killing the process.
        """
        silence_pillow()
        if "HEIF" in self._formats:
            _know_heif()
        picture = Image.open(self._file, formats=list(self._formats))
        if self._repaired is not None:
            picture.info.update(self._repaired.info)
        return picture

    def _open_or_repair(self) -> ImageFile.ImageFile:
        try:
            return self._open()
        except Exception as error:
            if not self._repair(error):
                raise
            return self._reopened()

    def _repair(self, refusal: Exception) -> bool:
        """Replace the content by a repaired version; return False if it cannot be repaired."""
        if not can_be_salvaged(refusal):
            return False
        self._refusal = refusal
        return any(self._replace(partial(repair, format_name=name)) for name in self._formats)

    def _replace(self, mend: Callable[[bytes], Repaired | None]) -> bool:
        if _READ_IN_PIECES.issuperset(self._formats):
            return False
        # The repaired content is in memory together with the original until it replaces it.
        with room_for_file(2 * size_of(self._file)):
            self._file.seek(0)
            repaired = mend(self._file.read())
        if repaired is None:
            return False
        self._held.enter_context(room_for_file(len(repaired.content)))
        self._file.close()
        self._file, self._repaired = io.BytesIO(repaired.content), repaired
        return True

    def _fill_up(self, picture: ImageFile.ImageFile) -> bool:
        size = picture.width * picture.height * _FILL_BYTES_PER_PIXEL
        if picture.format in _NEVER_FILLED:
            return False
        with reserved(2 * size) as is_granted:
            return is_granted and self._replace(partial(fill_up, size=size))

    def _reopened(self) -> ImageFile.ImageFile:
        """Open the repaired picture; if that fails too, raise the first error, which is the more informative."""
        try:
            return self._open()
        except Exception as error:  # noqa: BLE001 - ``picture_damage`` handles it
            raise (self._refusal if can_be_salvaged(error) and self._refusal else error) from None

    def load(self, part: int, side: int) -> LoadedPart:
        """Decode one part; see ``MediaFile.load``.

        A JPEG is decoded at 1/2, 1/4 or 1/8 of its size if that suffices. Very large pictures of other formats are
        reduced after decoding.

        Raises:
            UnreadableError: The part cannot be decoded, or does not exist, for instance because the file has
                changed since it was indexed.
        """
        if not 1 <= part <= self.part_count:
            raise UnreadableError(ReasonCode.NO_SUCH_PART, number=part, count=self.part_count)
        with picture_damage():
            picture = self._at(self._pages[part - 1])
            width, height = picture.size
            with ExitStack() as room:
                found = self._decoded(picture, side, room)
                shot = read_shot(found.picture)
                # Reduced twice, because pixels of some modes can be averaged only after conversion to RGB.
                is_scaled = found.picture.format in _SCALED_BY_DRAFT
                pixels = found.pixels if is_scaled else _reduced(found.pixels, side)
                image = to_srgb(pixels) if is_scaled else _reduced(to_srgb(pixels), side)
                image = shot.upright(image)
        if shot.lies_on_its_side:
            width, height = height, width
        return LoadedPart(image, PartFacts(ItemKind.PICTURE, width, height, shot.taken_at), found.damage)

    def _decoded(self, picture: ImageFile.ImageFile, side: int, room: ExitStack) -> _Decoded:
        """Decode a picture, repairing it if needed. ``room`` holds the memory reservation."""
        _prepare(picture, side, room)
        if self._repaired is not None:
            return self._salvaged(picture, room, has_failed=False)
        try:
            picture.load()
        except Exception as error:
            if not can_be_salvaged(error):
                raise
            if not self._repair(error):
                return self._salvaged(picture, room, has_failed=True)
            picture = self._reopened()
            _prepare(picture, side, room)
            return self._salvaged(picture, room, has_failed=False)
        return _Decoded(picture, picture)

    def _salvaged(self, picture: ImageFile.ImageFile, room: ExitStack, *, has_failed: bool) -> _Decoded:
        """Decode the pixels that a damaged picture still has.

        Args:
            picture: The opened picture, repaired if possible.
            room: Holds the memory reservation.
            has_failed: Whether ``picture.load()`` has already raised.

        Raises:
            Exception: There are no pixels. This is Pillow's error for the original file.
        """
        repaired = self._repaired or Repaired(b"")
        pixels: Image.Image = picture
        try:
            is_whole = load_what_is_there(picture, has_failed=has_failed)
            above, below = 0.0, 0.0
            if not is_whole or repaired.is_filled:
                pixels = every(picture, repaired.grid if self._repaired else grid_of_rows(picture))
                above, below = missing_rows(pixels)
        except Exception as error:
            if not can_be_salvaged(error):
                raise
            below = 1.0
        if below < 1:
            return _Decoded(picture, pixels, damage_of(above, max(below, repaired.missing)))
        if self._repaired is None and self._fill_up(picture):
            filled = self._reopened()
            _prepare(filled, 1, room)
            return self._salvaged(filled, room, has_failed=False)
        assert self._refusal is not None
        raise self._refusal

    @property
    def camera(self) -> str:
        """Maker and model of the camera; see ``MediaFile.camera``."""
        with picture_damage():
            return read_camera(self._open())

    def _at(self, page: int) -> ImageFile.ImageFile:
        """Return the picture positioned at a page (from 0), ready to decode it from scratch.

        The picture is reopened if it is already at that page: after a failed decode, Pillow would otherwise return
        the few pixels it has decoded.
        """
        if self._paged is not None and self._paged.tell() != page:
            self._paged.seek(page)
            return self._paged
        picture, self._fresh = self._fresh or self._open(), None
        if page:
            picture.seek(page)
        if self._paged is not None:
            self._paged = picture
        return picture

    def close(self) -> None:
        self._held.close()


def _prepare(picture: ImageFile.ImageFile, side: int, room: ExitStack) -> None:
    """Reject an oversized picture, set the scale at which a JPEG is decoded, and reserve memory.

    ``room`` holds the reservation; a reservation of an earlier attempt is released first.
    """
    width, height = picture.size
    refuse_oversize(width, height)
    if picture.format in _SCALED_BY_DRAFT:
        picture.draft(None, (side, side))
    room.close()
    room.enter_context(room_to_decode(picture, width, height))
    scale_transparent_colour(picture)


def _reduced(picture: Image.Image, side: int) -> Image.Image:
    """Return a picture at 1/2, 1/3, ... of its size, with a shorter side of at least ``4 * side`` pixels.

    Returns the picture itself if it is not large enough or cannot be averaged. This is for formats whose decoders
    cannot scale. For 12 megapixels, conversion to sRGB and resizing to a model's input and to a thumbnail took
    130 ms; with this reduction, all of it takes 40 ms.
    """
    factor = min(picture.size) // (_SPARE_SIDES * side)
    # Averaging would change the key colour that marks transparent pixels.
    if factor < 2 or picture.mode not in _AVERAGED_MODES or "transparency" in picture.info:
        return picture
    return picture.reduce(factor)
