"""Decoding of the remaining pixels of damaged pictures, and measuring how much is missing."""

from PIL import Image, ImageFile

from imagefinder.domain.errors import UnreadableError
from imagefinder.domain.reasons import Reason, ReasonCode

_MOST_MISSING = 0.5
"""Share of rows. If more are missing, the file is listed as damaged, although it is indexed."""
_STRIPS = 64
"""Approximate number of strips a picture is divided into for counting missing rows."""
_FILLED_WITH_GREY = frozenset({"JPEG", "MPO", "JPEG2000"})
_GREY = (126, 130)
"""Range of grey levels with which JPEG decoders fill missing data."""
_FIRST_ROWS = 8
_TRANSPARENT_COLOUR_FACTORS = {"L;2": 85, "L;4": 17}


def can_be_salvaged(error: Exception) -> bool:
    """Whether repair may help after this error. It cannot if the picture is too large or the disk failed."""
    return not (
        isinstance(error, UnreadableError | MemoryError | Image.DecompressionBombError)
        or getattr(error, "errno", None)
    )


def load_what_is_there(picture: ImageFile.ImageFile, *, has_failed: bool) -> bool:
    """Decode a picture as far as possible, each strip separately; return whether it is complete.

    This has the effect of Pillow's ``LOAD_TRUNCATED_IMAGES``, which cannot be used because it applies to the whole
    process, where other threads are decoding. ``has_failed`` tells whether ``picture.load()`` has already raised. The
    pixels it had decoded are kept.
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
    # Without remaining tiles, Pillow returns the pixels decoded so far.
    picture.tile = []
    picture.load()
    return False


def missing_rows(picture: Image.Image) -> tuple[float, float]:
    """Return the shares of a decoded picture's rows that are missing at the top and at the bottom."""
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
    """Return the spacing of the available rows of a truncated interlaced GIF (2, 4 or 8), or 1 for other pictures.

    GIF stores every eighth row first, then the rows half-way between those already stored (GIF89a, appendix E).
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
    """Return the reason to report for the shares of missing rows, or None if enough of the picture is left."""
    if below > _MOST_MISSING:
        return Reason(ReasonCode.LOWER_PART_MISSING)
    if above > _MOST_MISSING:
        return Reason(ReasonCode.UPPER_PART_MISSING)
    if above + below > _MOST_MISSING:
        return Reason(ReasonCode.MOSTLY_MISSING)
    return None


def every(picture: Image.Image, grid: int) -> Image.Image:
    """Return every ``grid``-th pixel of a picture in both directions, from the first, as a smaller picture."""
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
    """Scale the transparent key colour of a PNG to the 8 bits in which Pillow decodes the pixels.

    Must be called before decoding. Pillow scales greys of 2 and 4 bits and colours of 16 bits, but not the key colour.
    """
    key = picture.info.get("transparency")
    if picture.format != "PNG" or not picture.tile:
        return
    packing = picture.tile[0].args
    if isinstance(key, int) and packing in _TRANSPARENT_COLOUR_FACTORS:
        picture.info["transparency"] = min(key * _TRANSPARENT_COLOUR_FACTORS[str(packing)], 255)
    elif isinstance(key, tuple) and packing == "RGB;16B":
        picture.info["transparency"] = tuple(level >> 8 for level in key)
