"""Pictures of the smoke test, each with one strong colour that can be recognised on the screen."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]

COLOURS: Mapping[str, Colour] = {
    "orange": (255, 130, 0),
    "blue": (20, 40, 220),
    "green": (10, 150, 40),
    "pink": (250, 60, 160),
    "yellow": (250, 230, 20),
}
_WHITE = (255, 255, 255)
_SIZE = (640, 480)
_TOLERANCE = 12
_LEAST_SIDE = 40
"""Least width and height of a thumbnail on the screen, in pixels."""


FILES: Mapping[str, str] = {f"IMG_{number:04}.png": name for number, name in enumerate(COLOURS, start=1)}
"""Colour of each file; the names do not mention it, so that searches must use the contents."""


def make_folder(folder: Path) -> None:
    """Write one picture of each colour."""
    folder.mkdir(parents=True)
    for file, name in FILES.items():
        drawn(name).save(folder / file)


def drawn(name: str) -> Image.Image:
    """Draw the picture of the named colour; each has different shapes."""
    image = Image.new("RGB", _SIZE, COLOURS[name])
    draw = ImageDraw.Draw(image)
    match name:
        case "orange":
            draw.ellipse((200, 120, 440, 360), fill=_WHITE)
        case "blue":
            for x in range(0, 640, 80):
                draw.rectangle((x, 0, x + 20, 480), fill=_WHITE)
        case "green":
            draw.polygon([(320, 80), (120, 400), (520, 400)], fill=_WHITE)
        case "pink":
            for x in range(0, 640, 160):
                for y in range(0, 480, 160):
                    draw.rectangle((x, y, x + 60, y + 60), fill=_WHITE)
        case _:
            draw.rectangle((0, 200, 640, 250), fill=_WHITE)
    return image


def like(name: str) -> Image.Image:
    """Draw a picture similar to that of the named colour: smaller and slightly shifted."""
    return drawn(name).crop((20, 10, 640, 480)).resize((310, 235))


def order_seen(screen: Image.Image) -> list[str]:
    """Return the colours whose thumbnails are on the screen, in reading order."""
    pixels = np.asarray(screen.convert("RGB"), np.int16)
    places = {name: place for name, colour in COLOURS.items() if (place := _place(pixels, colour))}
    # Thumbnails in one row have the same top; rows are at least a thumbnail apart.
    tops = [top for top, _ in places.values()]
    return sorted(places, key=lambda n: (sum(top < places[n][0] - _LEAST_SIDE for top in tops), places[n][1]))


def _place(pixels: "np.ndarray[Any, np.dtype[np.int16]]", colour: Colour) -> tuple[int, int] | None:
    """Return top and left of the thumbnail of a colour, or None. Chips of the query bar are too small to count."""
    is_near = (np.abs(pixels - np.array(colour, np.int16)) <= _TOLERANCE).all(axis=2)
    rows = np.flatnonzero(is_near.sum(axis=1) >= _LEAST_SIDE)
    if len(rows) < _LEAST_SIDE:
        return None
    columns = np.flatnonzero(is_near[rows[0] :].sum(axis=0) >= _LEAST_SIDE)
    return (int(rows[0]), int(columns[0])) if len(columns) else None
