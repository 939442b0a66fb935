"""Decode pictures with Pillow."""

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
"""Every other decoder may hold the whole file in memory."""
_NEVER_FILLED = frozenset({"TIFF", "GIF"})
"""Formats whose decoders make nothing of a file filled up with zeros."""
_FILL_BYTES_PER_PIXEL = 8
"""Bytes to fill a file up with: no format that is not compressed takes more."""
_SPARE_SIDES = 4
"""Times the side asked for that are kept. The model's own bicubic resizing, after averaging whole blocks of pixels,
then gives vectors whose cosine to those of the full picture is at least 0.999 (42 photographs of 12 megapixels, the
starter model: least 0.9994, median 0.9998); with three times, two of them fall as low as 0.993."""
_AVERAGED_MODES = frozenset({"L", "LA", "RGB", "RGBA", "CMYK"})
"""Those whose pixels can be averaged as they are, with alpha weighing the colours."""


class _Xbm(XbmImagePlugin.XbmImageFile):
    """An XBM with black ones on white, as all other programs show it: Pillow takes them for white."""

    def load_end(self) -> None:
        super().load_end()
        self.im = self.im.chop_invert()


Image.register_open("XBM", _Xbm, XbmImagePlugin._accept)


@cache
def _know_heif() -> None:
    # Imported late: its libraries take as long to load as Pillow.
    import pillow_heif

    pillow_heif.register_heif_opener()


class _Decoded(NamedTuple):
    """A picture, decoded as far as that goes."""

    picture: ImageFile.ImageFile
    """With the metadata."""
    pixels: Image.Image
    """What is to be seen of it; smaller where only every second pixel is there, say."""
    damage: Reason | None = None
    """See ``LoadedPart``."""


class PictureFile(MediaFile):
    """An open picture. One thread at a time.

    Of an animation the first frame, of several pictures in one file the primary one; a TIFF has a part for
    every page. What Pillow refuses is tried again, repaired in memory: a fault in metadata costs no pixel, and of
    pixels that are cut short, those that are there are shown.
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
        # In a TIFF of many pages, finding the way to each of them from the start would take ever longer. A plain
        # picture is opened anew for each load but the first: ``draft`` can be asked for only once, and decoders hold
        # memory. The pages of a TIFF have been walked through already.
        self._paged = picture if self.part_count > 1 else None
        self._fresh = picture if picture.format != "TIFF" else None

    def _open(self) -> ImageFile.ImageFile:
        """Read the header.

        Handed a file object and no name, Pillow maps no memory: a file that shrinks while it is read raises,
        and does not kill the process.
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
        """Put repaired content in place of the file's, where there is a way to repair it."""
        if not can_be_salvaged(refusal):
            return False
        self._refusal = refusal
        return any(self._replace(partial(repair, format_name=name)) for name in self._formats)

    def _replace(self, mend: Callable[[bytes], Repaired | None]) -> bool:
        if _READ_IN_PIECES.issuperset(self._formats):
            return False
        # What is mended lies beside the content until it takes its place.
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
        """The repaired picture. Where that is refused too, the first refusal is the one that says most."""
        try:
            return self._open()
        except Exception as error:  # noqa: BLE001 - as in ``picture_damage``, into which it goes
            raise (self._refusal if can_be_salvaged(error) and self._refusal else error) from None

    def load(self, part: int, side: int) -> LoadedPart:
        """See ``MediaFile``. A JPEG is decoded at 1/2, 1/4 or 1/8 where that suffices; a picture of another format
        that is far too large is made smaller once it is decoded.

        Raises:
            UnreadableError: also when there is no such part, as when the file has changed since it was
            indexed.
        """
        if not 1 <= part <= self.part_count:
            raise UnreadableError(ReasonCode.NO_SUCH_PART, number=part, count=self.part_count)
        with picture_damage():
            picture = self._at(self._pages[part - 1])
            width, height = picture.size
            with ExitStack() as room:
                found = self._decoded(picture, side, room)
                shot = read_shot(found.picture)
                # Twice, because pixels of some kinds can be averaged only once they are RGB.
                is_scaled = found.picture.format in _SCALED_BY_DRAFT
                pixels = found.pixels if is_scaled else _reduced(found.pixels, side)
                image = to_srgb(pixels) if is_scaled else _reduced(to_srgb(pixels), side)
                image = shot.upright(image)
        if shot.lies_on_its_side:
            width, height = height, width
        return LoadedPart(image, PartFacts(ItemKind.PICTURE, width, height, shot.taken_at), found.damage)

    def _decoded(self, picture: ImageFile.ImageFile, side: int, room: ExitStack) -> _Decoded:
        """``room`` keeps its memory reserved."""
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
        """What is there of a picture; ``has_failed``: whether a first try ended in an error.

        Raises:
            Exception: nothing is there. It is what Pillow said of the file as it was.
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
        """See ``MediaFile``."""
        with picture_damage():
            return read_camera(self._open())

    def _at(self, page: int) -> ImageFile.ImageFile:
        """The picture with its decoder at a page (from 0) that it has not decoded yet.

        Asked again for a page it has failed on, Pillow would hand out what little it had decoded.
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
    """Refuse a picture that is too large, have a JPEG decoded no larger than needed, and reserve the memory.

    ``room`` holds the reservation; what it held for an earlier try is given back.
    """
    width, height = picture.size
    refuse_oversize(width, height)
    if picture.format in _SCALED_BY_DRAFT:
        picture.draft(None, (side, side))
    room.close()
    room.enter_context(room_to_decode(picture, width, height))
    scale_transparent_colour(picture)


def _reduced(picture: Image.Image, side: int) -> Image.Image:
    """A picture at 1/2, 1/3, ... of its size, as long as its shorter side stays ``4 * side`` pixels; else as it is.

    For the formats whose decoders cannot scale. Turning the colours of 12 megapixels into sRGB, and resizing them to a
    model's input and again to a thumbnail, took 130 ms; this and the same of what it leaves take 40.
    """
    factor = min(picture.size) // (_SPARE_SIDES * side)
    # Of a colour that stands for transparency, an average would be another.
    if factor < 2 or picture.mode not in _AVERAGED_MODES or "transparency" in picture.info:
        return picture
    return picture.reduce(factor)
