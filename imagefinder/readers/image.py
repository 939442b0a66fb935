"""Pictures: photographs, drawings and scans, through Pillow."""

from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile

from imagefinder.model.errors import UnreadableError
from imagefinder.model.items import ItemKind, PartFacts
from imagefinder.readers.base import LoadedPart, MediaFile
from imagefinder.readers.colour import to_srgb
from imagefinder.readers.damage import picture_damage
from imagefinder.readers.disk import open_regular_file, size_of
from imagefinder.readers.exif import read_camera, read_shot
from imagefinder.readers.formats import HEAD_BYTES, formats_of
from imagefinder.readers.limits import refuse_oversize, room_for_file, room_to_decode, set_pillow_limit
from imagefinder.readers.quiet import silence_pillow
from imagefinder.readers.scaling import reduced
from imagefinder.readers.tiff import tiff_pages
from imagefinder.translation import tr_later

set_pillow_limit()

_SCALED_BY_DRAFT = frozenset({"JPEG", "MPO"})
_READ_IN_PIECES = frozenset({"TIFF"})
"""Every other decoder may hold the whole file in memory."""


@cache
def _know_heif() -> None:
    # Imported late: its libraries take as long to load as Pillow.
    import pillow_heif

    pillow_heif.register_heif_opener()


class PictureFile(MediaFile):
    """An open picture. One thread at a time.

    Of an animation the first frame, of several pictures in one file the primary one; a TIFF has a part for
    every page.
    """

    def __init__(self, path: Path, content: BinaryIO | None = None) -> None:
        self._file = content or open_regular_file(path)
        self._held = ExitStack()
        self._held.callback(self._file.close)
        try:
            with picture_damage():
                self._file.seek(0)
                head = self._file.read(HEAD_BYTES)
                self._formats = formats_of(head, path)
                if not _READ_IN_PIECES.issuperset(self._formats):
                    self._held.enter_context(room_for_file(size_of(self._file)))
                picture = self._open()
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
        return Image.open(self._file, formats=list(self._formats))

    def load(self, part: int, side: int) -> LoadedPart:
        """See ``MediaFile``. A JPEG is decoded at 1/2, 1/4 or 1/8 where that suffices; a picture of another format
        that is far too large is made smaller once it is decoded.

        Raises:
            UnreadableError: also when there is no such part, as when the file has changed since it was
            indexed.
        """
        if not 1 <= part <= self.part_count:
            text = tr_later("it has no part {part} (it has {count})", "reason")
            raise UnreadableError(text.format(part=part, count=self.part_count))
        with picture_damage():
            picture = self._at(self._pages[part - 1])
            width, height = picture.size
            refuse_oversize(width, height)
            is_scaled = picture.format in _SCALED_BY_DRAFT
            if is_scaled:
                picture.draft(None, (side, side))
            with room_to_decode(picture, width, height):
                picture.load()
                shot = read_shot(picture)
                # Twice, because pixels of some kinds can be averaged only once they are RGB.
                image = to_srgb(picture) if is_scaled else reduced(to_srgb(reduced(picture, side)), side)
                image = shot.upright(image)
        if shot.lies_on_its_side:
            width, height = height, width
        return LoadedPart(image, PartFacts(ItemKind.PICTURE, width, height, shot.taken_at))

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
