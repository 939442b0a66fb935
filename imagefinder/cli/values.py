"""Types of option values for argparse, which validate them."""

import argparse
import math
import re
from pathlib import Path

from imagefinder.paths import absolute
from imagefinder.translation import LANGUAGES, join_names, tr

SMALLEST, LARGEST = (640, 480), (7680, 4320)
"""Smallest and largest size of the window in points: a small netbook and an 8K screen."""


def count(text: str) -> int:
    """Parse a number of hits, 1 or more."""
    number = int(text) if text.isascii() and text.isdigit() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(tr("{text} is not a number of hits; give 1 or more", text=text))
    return number


def cosine(text: str) -> float:
    """Parse a cosine, -1 to 1."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not -1 <= value <= 1:
        raise argparse.ArgumentTypeError(
            tr("{text} is not a similarity; give a number from -1 to 1, such as 0.25", text=text)
        )
    return value


def window_size(text: str) -> tuple[int, int]:
    """Parse a width and height such as ``1280x800``."""
    found = re.fullmatch(r"(\d{1,6})[x×](\d{1,6})", text.lower())
    if not found:
        raise argparse.ArgumentTypeError(
            tr("{text} is not a size; give width and height, as in 1280x800", text=text)
        )
    size = int(found[1]), int(found[2])
    if not all(low <= side <= high for low, side, high in zip(SMALLEST, size, LARGEST, strict=True)):
        raise argparse.ArgumentTypeError(
            tr(
                "a window of {text} cannot be shown; give a size from {smallest} to {largest}",
                text=text,
                smallest="{}x{}".format(*SMALLEST),
                largest="{}x{}".format(*LARGEST),
            )
        )
    return size


def screenshot_file(text: str) -> Path:
    """Parse the path of a PNG file to write, in an existing folder."""
    path = absolute(text)
    if path.suffix.lower() != ".png":
        raise argparse.ArgumentTypeError(
            tr(
                "the window's picture is a PNG file; give a name that ends in .png, not {name}",
                name=path.name,
            )
        )
    if path.is_dir():
        raise argparse.ArgumentTypeError(tr("{path} is a folder; give the name of a file", path=path))
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(tr("there is no folder {folder} to write into", folder=path.parent))
    return path


def language(text: str) -> str:
    """Return the key of ``LANGUAGES`` for a language code, also in forms such as zh, zh-CN and zh_CN.UTF-8."""
    wanted = text.partition(".")[0].replace("-", "_").lower()
    for known in LANGUAGES:
        if wanted in (known.lower(), known.partition("_")[0]):
            return known
    raise argparse.ArgumentTypeError(
        tr(
            "{text} is not a language of this program; there are: {known}",
            text=text,
            known=join_names(LANGUAGES),
        )
    )
