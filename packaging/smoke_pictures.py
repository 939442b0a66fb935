"""The smoke test's pictures: each of one strong colour that is found again on the screen."""

from collections.abc import Mapping
from pathlib import Path

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


def make_folder(folder: Path) -> None:
    """One picture of each colour, as NAME.png; each has its own shapes."""
    folder.mkdir(parents=True)
    for name in COLOURS:
        drawn(name).save(folder / f"{name}.png")


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
    places = {name: place for name, colour in COLOURS.items() if (place := _place(screen, colour))}
    rows = sorted({y for _, y in places.values()})
    # Tops of thumbnails in one row differ by nothing; rows lie at least a thumbnail apart.
    row_of = {y: sum(1 for other in rows if other < y - 40) for y in rows}
    return sorted(places, key=lambda name: (row_of[places[name][1]], places[name][0]))


def _place(
    screen: Image.Image, colour: Colour, tolerance: int = 12, least_pixels: int = 1500
) -> tuple[int, int] | None:
    """The top left of what has that colour; None where it is too little for a thumbnail."""
    bands = screen.convert("RGB").split()
    mask = None
    for band, value in zip(bands, colour, strict=True):
        near = band.point([255 if abs(level - value) <= tolerance else 0 for level in range(256)])
        mask = near if mask is None else Image.composite(near, Image.new("L", near.size), mask)
    if mask is None or mask.histogram()[255] < least_pixels:
        return None
    box = mask.getbbox()
    return (box[0], box[1]) if box else None
