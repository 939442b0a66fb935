"""The smoke test's pictures: each of one strong colour that is found again on the screen."""

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
"""Of a thumbnail, in pixels."""


FILES: Mapping[str, str] = {f"IMG_{number:04}.png": name for number, name in enumerate(COLOURS, start=1)}
"""File name to colour: what is found is to be found by its look."""


def make_folder(folder: Path) -> None:
    """One picture of each colour; each has its own shapes."""
    folder.mkdir(parents=True)
    for file, name in FILES.items():
        drawn(name).save(folder / file)


def drawn(name: str) -> Image.Image:
    """The picture of that colour."""
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
    """Another picture that looks like it: smaller, and shifted a little."""
    return drawn(name).crop((20, 10, 640, 480)).resize((310, 235))


def order_seen(screen: Image.Image) -> list[str]:
    """The colours of which there is a thumbnail on the screen, in reading order: row by row."""
    pixels = np.asarray(screen.convert("RGB"), np.int16)
    places = {name: place for name, colour in COLOURS.items() if (place := _place(pixels, colour))}
    # Tops of thumbnails in one row differ by nothing; rows lie at least a thumbnail apart.
    tops = [top for top, _ in places.values()]
    return sorted(places, key=lambda n: (sum(top < places[n][0] - _LEAST_SIDE for top in tops), places[n][1]))


def _place(pixels: "np.ndarray[Any, np.dtype[np.int16]]", colour: Colour) -> tuple[int, int] | None:
    """Top and left of the thumbnail of that colour; a chip of the query bar is too small to be one."""
    is_near = (np.abs(pixels - np.array(colour, np.int16)) <= _TOLERANCE).all(axis=2)
    rows = np.flatnonzero(is_near.sum(axis=1) >= _LEAST_SIDE)
    if len(rows) < _LEAST_SIDE:
        return None
    columns = np.flatnonzero(is_near[rows[0] :].sum(axis=0) >= _LEAST_SIDE)
    return (int(rows[0]), int(columns[0])) if len(columns) else None
