"""EXIF: orientation, and when the picture was taken."""

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
"""How to turn a picture upright, by the Orientation tag (Exif 2.32, section 4.6.4)."""

_LONGEST_NAME = 200
"""Characters of a camera's maker or model; a damaged block may hold a megabyte."""
_FIRST_PHOTOGRAPH = 1826
"""Niepce's view from the window at Le Gras; a scan may well bear the year of its original."""


@dataclass(frozen=True, slots=True)
class ExifFacts:
    """The circumstances of a photograph."""

    orientation: int = 1
    """1 to 8, by Exif; 1 is upright."""
    taken_at: str | None = None
    """``YYYY-MM-DD HH:MM:SS``."""

    @property
    def lies_on_its_side(self) -> bool:
        """Whether width and height change places when it is turned upright."""
        return self.orientation >= 5

    def upright(self, image: Image.Image) -> Image.Image:
        """The picture turned as it was held."""
        turn = _TURN.get(self.orientation)
        return image if turn is None else image.transpose(turn)


def read_shot(picture: Image.Image) -> ExifFacts:
    """What the EXIF block of a decoded picture says; a broken block says nothing."""
    return ExifFacts(_orientation(picture), _time_taken(picture))


def _orientation(picture: Image.Image) -> int:
    try:
        found = orientation_of(picture.getexif().get(ExifTags.Base.Orientation))
    except Exception:  # noqa: BLE001 - garbage in the block raises anything, and the picture is still good
        return 1
    return found if found in _TURN else 1


def _time_taken(picture: Image.Image) -> str | None:
    try:
        taken = picture.getexif().get_ifd(ExifTags.IFD.Exif).get(ExifTags.Base.DateTimeOriginal)
    except Exception:  # noqa: BLE001 - as above
        return None
    return normalised_time(taken)


def orientation_of(value: object) -> int:
    """The number that is meant by the Orientation tag, of whatever type it was written; 0 where it is none.

    It should be a SHORT. Phones and programs write BYTE (Pillow gives bytes), ASCII (text), LONG, a fraction, or
    several of these.
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
    """Maker and model of the camera by the EXIF block, such as “Canon EOS 5D”; empty where it does not say."""
    try:
        exif = picture.getexif()
        maker, model = (
            " ".join(str(exif.get(tag, ""))[:_LONGEST_NAME].replace("\0", " ").split())
            for tag in (ExifTags.Base.Make, ExifTags.Base.Model)
        )
    except Exception:  # noqa: BLE001 - garbage in the block raises anything, and the picture is still good
        return ""
    # Most makers name themselves again in the model: "NIKON CORPORATION", "NIKON D90".
    if not maker or model.casefold().startswith(maker.partition(" ")[0].casefold()):
        return model
    return f"{maker} {model}".strip()


def normalised_time(value: object) -> str | None:
    """An EXIF time as ``YYYY-MM-DD HH:MM:SS``, or None where it is nonsense (cameras with no clock set)."""
    if not isinstance(value, str):
        return None
    date, _, time = value.strip("\0 ").replace("T", " ").partition(" ")
    try:
        moment = datetime.strptime(f"{date.replace('-', ':')} {time[:8]}", "%Y:%m:%d %H:%M:%S")
    except ValueError:
        return None
    return moment.isoformat(sep=" ") if moment.year >= _FIRST_PHOTOGRAPH else None
