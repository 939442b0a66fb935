"""Pictures for the screenshots: the samples, crops of them, and landscapes drawn by this module (CC0).

All of them may be redistributed; ``resources/samples/README.md`` lists the sources of the samples.
"""

import colorsys
import os
from pathlib import Path

import numpy as np
import pymupdf
from numpy.typing import NDArray
from PIL import Image, ImageFilter

SAMPLES = Path(__file__).resolve().parent.parent / "resources" / "samples"
_SIZE = (960, 640)
_TAKEN = 1_780_000_000
"""Modification time of all files, in seconds since the epoch, so that each run shows the same dates."""

# Hue at the top of the sky, hue at the horizon, brightness at the horizon, hue of the hills.
_LIGHTS = {
    "morning": (0.56, 0.13, 1.0, 0.36),
    "noon": (0.58, 0.53, 1.0, 0.30),
    "sunset": (0.70, 0.05, 1.0, 0.72),
    "afterglow": (0.74, 0.96, 0.9, 0.66),
    "night": (0.64, 0.60, 0.45, 0.62),
    "snow": (0.57, 0.58, 1.0, 0.57),
}


def make_pictures(folder: Path) -> list[Path]:
    """Write the pictures below ``folder``; return the folders to add to the library."""
    hills, album, papers = (folder / name for name in ("Landscapes", "Album", "Papers"))
    for each in (hills, album, papers):
        each.mkdir(parents=True)
    for number, light in enumerate(_LIGHTS):
        for view in range(3):
            _landscape(light, seed=10 * number + view).save(hills / f"{light} {view + 1}.jpg", quality=90)
    for sample in sorted(SAMPLES.glob("*.jpg")):
        picture = Image.open(sample).convert("RGB")
        picture.save(album / sample.name, quality=90)
        width, height = picture.size
        near = picture.crop((width // 6, height // 8, width * 5 // 6, height * 7 // 8))
        near.save(album / f"{sample.stem} closer.jpg", quality=90)
    (papers / "two-languages.pdf").write_bytes((SAMPLES / "two-languages.pdf").read_bytes())
    _paper(papers / "A walk around the lake.pdf")
    for file in sorted(folder.rglob("*.*")):
        os.utime(file, (_TAKEN, _TAKEN))
    return [hills, album, papers]


def _landscape(light: str, seed: int) -> Image.Image:
    """Draw layers of hills below a sky, paler with distance."""
    chance = np.random.default_rng(seed)
    width, height = _SIZE
    top, low, brightness, ground = _LIGHTS[light]
    rows = np.linspace(0, 1, height)[:, None, None]
    sky = (1 - rows) * _colour(top, 0.55, brightness * 0.85) + rows * _colour(low, 0.45, brightness)
    picture: NDArray[np.float64] = np.broadcast_to(sky, (height, width, 3)).copy()
    across, down = np.meshgrid(np.arange(width), np.arange(height))
    distance = np.hypot(across - chance.uniform(0.2, 0.8) * width, down - chance.uniform(0.15, 0.4) * height)
    disc = np.clip((34 - distance) / 2, 0, 1) + 0.35 * np.exp(-((distance / 110) ** 2))
    picture += disc[:, :, None] * (1 - picture) * 0.9
    far = _colour(low, 0.25, brightness)
    near = _colour(
        ground, 0.05 if light == "snow" else 0.5, 0.95 if light == "snow" else 0.28 * brightness + 0.06
    )
    layers = 5
    for layer in range(layers):
        share = (layer + 1) / layers
        edge = _ridge(chance, width) * (70 + 20 * layer) + height * (0.48 + 0.11 * layer)
        picture[down > edge[None, :]] = (1 - share) * far + share * near
    drawn = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    return drawn.filter(ImageFilter.GaussianBlur(0.8))


def _ridge(chance: np.random.Generator, width: int) -> NDArray[np.float64]:
    """Return the outline of a row of hills: ``width`` heights of about -1 to 1."""
    across = np.linspace(0, 2 * np.pi, width)
    waves = [
        np.sin(across * 2**n * chance.uniform(0.6, 1.3) + chance.uniform(0, 6)) / 1.9**n for n in range(7)
    ]
    return np.sum(waves, axis=0) / 2


def _colour(hue: float, saturation: float, value: float) -> NDArray[np.float64]:
    return np.array(colorsys.hsv_to_rgb(hue, saturation, min(value, 1.0)))


def _paper(file: Path) -> None:
    """Write a PDF with four pages of an essay, each with a drawn picture."""
    places = ("the harbour", "the old bridge", "the northern shore", "the lighthouse")
    words = (
        "The path leaves {place} and follows the water for an hour. In winter the lake lies still, and the "
        "mountains stand in it upside down. We wrote down what we saw, and drew what we could not describe. "
    )
    document = pymupdf.open()
    for number, place in enumerate(places):
        page = document.new_page()
        page.insert_text((72, 96), f"{number + 1}. From {place}", fontsize=24, fontname="tibo")
        drawn = file.with_suffix(".png")
        _landscape(list(_LIGHTS)[number], seed=90 + number).resize((720, 480)).save(drawn)
        page.insert_image(pymupdf.Rect(72, 120, 523, 420), filename=str(drawn))
        drawn.unlink()
        text = words.format(place=place)
        page.insert_textbox((72, 444, 523, 760), f"{text * 2}\n\n{text * 2}", fontsize=13, fontname="tiro")
    document.save(file)
    document.close()
