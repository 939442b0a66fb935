"""TIFFs: pages, and variants that Pillow misreads or does not support."""

from itertools import count
from typing import TYPE_CHECKING, Any

from PIL import ExifTags, Image, ImageFile, ImagePalette, TiffImagePlugin

if TYPE_CHECKING:
    from imagefinder.readers.formats.tiff_samples import Samples

_NEW_SUBFILE_TYPE, _SUBFILE_TYPE = 254, 255
_REDUCED_OR_MASK = 0b101
"""NewSubfileType bits 0 (reduced copy of another page) and 2 (transparency mask): TIFF 6.0, page 36."""
_OLD_REDUCED = 2
"""SubfileType of a reduced copy: TIFF 6.0, page 40."""

_BYTE_ORDERS = {b"II": "I;16", b"MM": "I;16B"}

_BITS, _COMPRESSION, _PHOTOMETRIC, _STRIP_OFFSETS, _PLANAR = 258, 259, 262, 273, 284
_TILE_WIDTH, _TILE_OFFSETS = 322, 324
_YCBCR = 6


class Tiff(TiffImagePlugin.TiffImageFile):
    """TIFF decoded by Pillow, or by ``tiff_samples`` if Pillow does not support or misreads its samples."""

    _samples: "Samples | None" = None

    @property
    def bytes_per_pixel(self) -> int:
        """Additional memory for decoding, in bytes a pixel; see ``size_limits.room_to_decode``."""
        return self._samples.bytes_per_pixel if self._samples else 0

    def _setup(self) -> None:
        self._samples = None
        try:
            super()._setup()
        except (SyntaxError, KeyError):
            self._samples = _samples_of(self.tag_v2)
            if self._samples is None:
                raise
            width, height = self._tile_size = self._samples.width, self._samples.height
            # Pillow turns the picture upright on loading, so its size must be the upright one.
            lies_on_its_side = self.tag_v2.get(ExifTags.Base.Orientation, 1) in (5, 6, 7, 8)
            self._size = (height, width) if lies_on_its_side else (width, height)
            self.use_load_libtiff = False
        else:
            if _is_misread(self.tag_v2):
                self._samples = _samples_of(self.tag_v2)
            if self.mode == "P" and self.palette is not None and not any(self.palette.palette):
                # Some programs write 8-bit palettes instead of 16-bit ones.
                colours = self.tag_v2[TiffImagePlugin.COLORMAP]
                self.palette = ImagePalette.raw("RGB;L", bytes(min(level, 255) for level in colours))
        if self._samples is not None:
            self._mode = "RGB" if self._samples.mode == "P" else self._samples.mode
            self.palette = None
            self.tile = [ImageFile._Tile("raw", (0, 0, *self._tile_size), 0, ())]
            if TiffImagePlugin.ICCPROFILE in self.tag_v2:
                self.info["icc_profile"] = self.tag_v2[TiffImagePlugin.ICCPROFILE]

    def load(self) -> Any:
        if self._samples is None or not self.tile:
            return super().load()
        from imagefinder.readers.formats.tiff_samples import decode_samples

        assert self.fp is not None
        self.tile = []
        picture, is_whole = decode_samples(self._samples, self.fp)
        self.im = picture.im
        self.load_end()
        if not is_whole:
            raise OSError("image file is truncated")
        return Image.Image.load(self)


def _samples_of(tags: Any) -> "Samples | None":
    # Imported late, because most TIFFs do not need it.
    from imagefinder.readers.formats.tiff_samples import samples_of

    return samples_of(tags)


def _is_misread(tags: Any) -> bool:
    """Whether Pillow would decode these samples incorrectly."""
    return (
        # Planes of 16 bits, and tiles whose offsets are in the tag for strips.
        (tags.get(_PLANAR) == 2 and max(tags.get(_BITS, (1,))) > 8)
        or (_TILE_WIDTH in tags and _STRIP_OFFSETS in tags and _TILE_OFFSETS not in tags)
        # Subsampled colours.
        or (tags.get(_PHOTOMETRIC) == _YCBCR and (tags.get(_COMPRESSION, 1) == 1 or tags.get(_PLANAR) == 2))
    )


def register_tiff() -> None:
    """Register ``Tiff`` as Pillow's decoder of TIFFs.

    Also make Pillow open greyscale pictures of 12 and 16 bits in both byte orders, with either black or white as zero.
    Pillow lists only some of these combinations, but the others are packed in the same way. ``bit_depth`` inverts
    pictures in which white is zero.
    """
    Image.register_open("TIFF", Tiff, TiffImagePlugin._accept)
    for order, mode in _BYTE_ORDERS.items():
        for photometric in (0, 1):
            for bits, opened in ((12, ("I;16", "I;12")), (16, (mode, mode))):
                TiffImagePlugin.OPEN_INFO.setdefault((order, photometric, (1,), 1, (bits,), ()), opened)


def tiff_pages(picture: ImageFile.ImageFile) -> list[int]:
    """Return the indexes (from 0) of the pages to show, without reduced copies and masks.

    If the chain of pages is broken, the index of the first unreachable page is included as the last one. Loading it
    then fails, which tells the user that pages are missing.
    """
    pages = []
    for index in count():
        try:
            picture.seek(index)
        except EOFError:
            break
        except Exception:  # noqa: BLE001 - a damaged directory raises anything; load() reports it
            pages.append(index)
            break
        if _is_page(picture):
            pages.append(index)
    return pages or [0]


def _is_page(picture: ImageFile.ImageFile) -> bool:
    tags = getattr(picture, "tag_v2", {})
    kind = tags.get(_NEW_SUBFILE_TYPE, 0)
    return not (isinstance(kind, int) and kind & _REDUCED_OR_MASK) and tags.get(_SUBFILE_TYPE) != _OLD_REDUCED
