"""EXIF metadata: orientation, time of the photograph, camera."""

from dataclasses import dataclass
from datetime import datetime
from typing import SupportsInt

from PIL import ExifTags, Image

_TURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""Transposition that turns a picture upright, by the Orientation tag (Exif 2.32, section 4.6.4)."""

_LONGEST_NAME = 200
"""Characters kept of the camera's maker and model. A damaged block may contain a megabyte."""
_FIRST_PHOTOGRAPH = 1826
"""Earliest year accepted: Niépce's "View from the Window at Le Gras". A scan may carry the year of its original."""


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """EXIF metadata of a photograph."""

    orientation: int = 1
    """Exif orientation, 1 to 8; 1 is upright."""
    taken_at: str | None = None
    """Time of the photograph as ``YYYY-MM-DD HH:MM:SS``."""

    @property
    def lies_on_its_side(self) -> bool:
        """Whether turning the picture upright swaps its width and height."""
        return self.orientation >= 5

    def upright(self, image: Image.Image) -> Image.Image:
        """Return the picture turned upright."""
        turn = _TURN.get(self.orientation)
        return image if turn is None else image.transpose(turn)


def read_shot(picture: Image.Image) -> ExifFacts:
    """Read the EXIF block of a decoded picture. A broken block counts as empty."""
    return ExifFacts(_orientation(picture), _time_taken(picture))


def _orientation(picture: Image.Image) -> int:
    try:
        found = orientation_of(picture.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # noqa: BLE001 - garbage in the block raises anything, and the picture is still usable
        return 1
    return found if found in _TURN else 1


def _time_taken(picture: Image.Image) -> str | None:
    try:
        taken = picture.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
    except Exception:  # noqa: BLE001 - as above
        return None
    return normalised_time(taken)


def orientation_of(value: object) -> int:
    """Parse the value of the Orientation tag, of any type; return 0 if it is not a number.

    The standard requires a SHORT. Phones and programs also write BYTE (Pillow returns bytes), ASCII (text), LONG,
    RATIONAL, or several values.
    """
    if isinstance(value, tuple | list):
        return orientation_of(value[0]) if value else 0
    if isinstance(value, bytes):
        value = value.decode("latin-1")
    if isinstance(value, str):
        text = value.strip("\0 ")
        if not text.isascii():
            return 0
        return int(text) if text.isdigit() else ord(text) if len(text) == 1 else 0
    return int(value) if isinstance(value, SupportsInt) else 0


def read_camera(picture: Image.Image) -> str:
    """Return maker and model of the camera, such as "Canon EOS 5D", or an empty string if EXIF does not say."""
    try:
        exif = picture.getexif()
        maker, model = (
            " ".join(str(exif.get(tag, ""))[:_LONGEST_NAME].replace("\0", " ").split())
            for tag in (ExifTags.Base.Make, ExifTags.Base.Model)
        )
    except Exception:  # noqa: BLE001 - garbage in the block raises anything, and the picture is still usable
        return ""
    # Most makers repeat their name in the model: "NIKON CORPORATION", "NIKON D90".
    if not maker or model.casefold().startswith(maker.partition(" ")[0].casefold()):
        return model
    return f"{maker} {model}".strip()


def normalised_time(value: object) -> str | None:
    """Return an EXIF time as ``YYYY-MM-DD HH:MM:SS``, or None if it is invalid (cameras whose clock is not set)."""
    if not isinstance(value, str):
        return None
    date, _, time = value.strip("\0 ").replace("T", " ").partition(" ")
    try:
        moment = datetime.strptime(f"{date.replace('-', ':')} {time[:8]}", "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    return moment.isoformat(sep=" ") if moment.year >= _FIRST_PHOTOGRAPH else None
