"""Decode as many pixels of a damaged picture as there are, and count them."""

from PIL import Image, ImageFile

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.reasons import Reason, ReasonCode

_MOST_MISSING = 0.5
"""Share of the rows; where more are missing, the file is listed as damaged though it is indexed."""
_STRIPS = 64
"""Missing rows are counted in strips, of which a picture has about so many."""
_FILLED_WITH_GREY = frozenset({"JPEG", "MPO", "JPEG2000"})
_GREY = (126, 130)
"""What JPEG decoders put where there is no data."""
_FIRST_ROWS = 8
_TRANSPARENT_COLOUR_FACTORS = {"L;2": 85, "L;4": 17}


def can_be_salvaged(error: Exception) -> bool:
    """Whether a second try may help after this error: neither where the picture is too large, nor the drive failed."""
    return not (
        isinstance(error, UnreadableError | MemoryError | Image.DecompressionBombError)
        or getattr(error, "errno", None)
    )


def load_what_is_there(picture: ImageFile.ImageFile, *, has_failed: bool) -> bool:
    """Decode a picture as far as its data goes, strip by strip where it is made of strips; returns whether all went.

    This does what Pillow's ``LOAD_TRUNCATED_IMAGES`` does; that is a switch for the whole process, and other threads
    decode meanwhile. ``has_failed``: whether ``picture.load()`` has raised already; what it had decoded is kept.
    """
    tiles, file = picture.tile, picture.fp
    if len(tiles) < 2 and has_failed:
        return _give_up(picture)
    if len(tiles) < 2:
        return _loads(picture)
    is_whole = True
    for tile in tiles:
        picture.tile, picture.fp = [tile], file
        is_whole &= _loads(picture)
    return is_whole and not has_failed


def _loads(picture: ImageFile.ImageFile) -> bool:
    try:
        picture.load()
    except Exception as error:
        if not can_be_salvaged(error):
            raise
        return _give_up(picture)
    return True


def _give_up(picture: ImageFile.ImageFile) -> bool:
    # With nothing left to decode, Pillow gives what it has.
    picture.tile = []
    picture.load()
    return False


def missing_rows(picture: Image.Image) -> tuple[float, float]:
    """The shares of a decoded picture's rows that are missing at its top and at its bottom."""
    height = picture.height
    step = max(1, height // _STRIPS)

    def blank_from(tops: range) -> int:
        for count, top in enumerate(tops):
            if not _is_blank(picture, top, min(top + step, height)):
                return count
        return len(tops)

    tops = range(0, height, step)
    below = blank_from(tops[::-1]) / len(tops)
    return (0.0, 1.0) if below == 1.0 else (blank_from(tops) / len(tops), below)


def grid_of_rows(picture: Image.Image) -> int:
    """How far apart the rows stand that are there of an interlaced picture that is cut: 2, 4 or 8; else 1.

    GIF stores every eighth row first, then those half-way between the ones that are there (GIF89a, appendix E).
    """
    if picture.format != "GIF" or picture.height < 2 * _FIRST_ROWS:
        return 1
    for grid in (1, 2, 4, _FIRST_ROWS):
        rows = (picture.height - 1) // grid
        if grid < _FIRST_ROWS and rows % 2 == 0:
            rows -= 1
        if not _is_blank(picture, rows * grid, rows * grid + 1):
            return grid
    return 1


def _is_blank(picture: Image.Image, top: int, bottom: int) -> bool:
    strip = picture.crop((0, top, picture.width, bottom))
    levels = [(0, 0)]
    if picture.format in _FILLED_WITH_GREY:
        levels.append(_GREY)
    if picture.format == "GIF" and isinstance(key := picture.info.get("transparency"), int):
        levels.append((key, key))
    return any(_is_within(strip, *level) for level in levels)


def _is_within(image: Image.Image, low: int, high: int) -> bool:
    extrema = image.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return all(low <= band[0] and band[1] <= high for band in bands)


def damage_of(above: float, below: float) -> Reason | None:
    """What to tell the user about missing rows; None where enough of the picture is there."""
    if below > _MOST_MISSING:
        return Reason(ReasonCode.LOWER_PART_MISSING)
    if above > _MOST_MISSING:
        return Reason(ReasonCode.UPPER_PART_MISSING)
    if above + below > _MOST_MISSING:
        return Reason(ReasonCode.MOSTLY_MISSING)
    return None


def every(picture: Image.Image, grid: int) -> Image.Image:
    """Every so many pixels of a picture in both directions, from the first, spread over its whole size."""
    if grid == 1:
        return picture
    width, height = picture.size
    matrix = (grid, 0, 0.5 - grid / 2, 0, grid, 0.5 - grid / 2)
    small = picture.transform(
        (-(-width // grid), -(-height // grid)), Image.Transform.AFFINE, matrix, Image.Resampling.NEAREST
    )
    small.format = picture.format
    small.info = picture.info
    return small


def scale_transparent_colour(picture: ImageFile.ImageFile) -> None:
    """Bring the colour that means transparent in a PNG to the 8 bits in which Pillow will decode its pixels.

    To be called before it is decoded. Pillow scales grey of 2 and 4 bits, and colours of 16, but not this key.
    """
    key = picture.info.get("transparency")
    if picture.format != "PNG" or not picture.tile:
        return
    packing = picture.tile[0].args
    if isinstance(key, int) and packing in _TRANSPARENT_COLOUR_FACTORS:
        picture.info["transparency"] = min(key * _TRANSPARENT_COLOUR_FACTORS[str(packing)], 255)
    elif isinstance(key, tuple) and packing == "RGB;16B":
        picture.info["transparency"] = tuple(level >> 8 for level in key)
