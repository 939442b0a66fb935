"""Decoding of the composite picture of Photoshop files (PSD, PSB) of any depth and number of channels.

Source: Adobe Photoshop File Formats Specification, 2019.
"""

import struct
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageFile, PsdImagePlugin

if TYPE_CHECKING:
    from imagefinder.readers.formats.tiff_samples import Samples

_HEADER = ">4sH6xHLLHH"
_LARGE = 2
"""Version of a PSB, in which some length fields are twice as long."""
_RAW, _PACKBITS = 0, 1
_PROFILE = 1039
_COMPRESSIONS = {_RAW: 1, _PACKBITS: 32773}
"""TIFF compression numbers, by those of PSD."""
_BITMAP, _GREY, _INDEXED, _RGB, _CMYK, _MULTICHANNEL, _DUOTONE, _LAB = 0, 1, 2, 3, 4, 7, 8, 9
_KINDS = {
    _BITMAP: ("L", 0),
    _GREY: ("L", 1),
    _INDEXED: ("P", 3),
    _RGB: ("RGB", 2),
    _CMYK: ("CMYK", 5),
    _MULTICHANNEL: ("L", 1),
    _DUOTONE: ("L", 1),
    _LAB: ("LAB", 9),
}
"""Pillow's mode and TIFF's PhotometricInterpretation, by colour mode of PSD."""
_MOST_RESOURCES = 2**25


class Psd(PsdImagePlugin.PsdImageFile):
    """Photoshop file, decoded by Pillow if it has eight bits and no extra channels, else by ``tiff_samples``.

    Extra channels are ignored. The first may be alpha, but the composite picture is already blended with white.
    """

    _samples: "Samples | None" = None

    @property
    def bytes_per_pixel(self) -> int:
        """Additional memory for decoding, in bytes a pixel; see ``size_limits.room_to_decode``."""
        return self._samples.bytes_per_pixel if self._samples else 0

    def _open(self) -> None:
        assert self.fp is not None
        head = self.fp.read(struct.calcsize(_HEADER))
        self.fp.seek(0)
        try:
            signature, version, channels, height, width, bits, kind = struct.unpack(_HEADER, head)
            mode, photometric = _KINDS[kind]
        except (struct.error, KeyError) as error:
            raise SyntaxError("not a PSD file") from error
        if version == 1 and bits == 8 and channels == Image.getmodebands(mode):
            super()._open()
            return
        if signature != b"8BPS" or version not in (1, _LARGE) or channels < Image.getmodebands(mode):
            raise SyntaxError("not a PSD file")
        self.fp.seek(len(head))
        palette = self._block()
        profile = _profile(self._block())
        self._skip_layers(version)
        compression, places = self._channels(version, channels, height, -(-width * bits // 8))
        # Imported late, because most files do not need it.
        from imagefinder.readers.formats.tiff_samples import Samples

        self._samples = Samples(
            mode=mode,
            width=width,
            height=height,
            bits=bits,
            kind=3 if bits == 32 else 1,
            count=channels,
            photometric=photometric,
            is_planar=True,
            compression=compression,
            fill_order=1,
            predictor=1,
            is_tiled=False,
            chunk_width=width,
            chunk_height=height,
            places=places,
            order=">",
            subsampling=(1, 1),
            palette=tuple(level * 257 for level in palette[:768]) if mode == "P" else (),
        )
        self._mode, self._size = "RGB" if mode == "P" else mode, (width, height)
        self.tile = [ImageFile._Tile("raw", (0, 0, width, height), 0, ())]
        if profile:
            self.info["icc_profile"] = profile
        elif bits == 32:
            self.info["gamma"] = 1.0

    def _block(self) -> bytes:
        """Read a block preceded by its length."""
        assert self.fp is not None
        (length,) = struct.unpack(">L", self.fp.read(4))
        found: bytes = self.fp.read(min(length, _MOST_RESOURCES))
        self.fp.seek(length - len(found), 1)
        return found

    def _skip_layers(self, version: int) -> None:
        assert self.fp is not None
        form = ">Q" if version == _LARGE else ">L"
        (length,) = struct.unpack(form, self.fp.read(struct.calcsize(form)))
        self.fp.seek(length, 1)

    def _channels(
        self, version: int, count: int, height: int, stride: int
    ) -> tuple[int, tuple[tuple[int, int], ...]]:
        """Read the channels' compression, as TIFF's number, and each channel's offset and length."""
        assert self.fp is not None
        (compression,) = struct.unpack(">H", self.fp.read(2))
        if compression not in _COMPRESSIONS:
            raise SyntaxError("unknown compression")
        lengths = [stride * height] * count
        if compression == _PACKBITS:
            each = 4 if version == _LARGE else 2
            table = self.fp.read(count * height * each)
            rows = struct.unpack(f">{count * height}{'L' if each == 4 else 'H'}", table)
            lengths = [sum(rows[height * channel : height * (channel + 1)]) for channel in range(count)]
        offset, places = self.fp.tell(), []
        for length in lengths:
            places.append((offset, length))
            offset += length
        return _COMPRESSIONS[compression], tuple(places)

    def load(self) -> Any:
        if self._samples is None or not self.tile:
            return super().load()
        from imagefinder.readers.formats.tiff_samples import decode_samples

        assert self.fp is not None
        self.tile = []
        picture, is_whole = decode_samples(self._samples, self.fp)
        if self._samples.mode == "CMYK":
            picture = Image.eval(picture, lambda level: 255 - level)
        self.im = picture.im
        if not is_whole:
            raise OSError("image file is truncated")
        return Image.Image.load(self)


def _profile(resources: bytes) -> bytes:
    """Return the ICC profile in a file's image resources, or an empty string."""
    at = 0
    while at + 12 <= len(resources):
        (number,) = struct.unpack_from(">H", resources, at + 4)
        at += 6 + (resources[at + 6] // 2 + 1) * 2  # name with its length byte, padded to an even size
        (length,) = struct.unpack_from(">L", resources, at)
        if number == _PROFILE:
            return resources[at + 4 : at + 4 + length]
        at += 4 + length + length % 2
    return b""


def register_psd() -> None:
    """Register ``Psd`` as Pillow's decoder of Photoshop files."""
    Image.register_open("PSD", Psd, PsdImagePlugin._accept)
