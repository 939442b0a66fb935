"""Synthetic hits and thumbnails for the window benchmark's run without an engine."""

from collections.abc import Sequence
from pathlib import Path

from imagefinder.domain.items import ItemKind
from imagefinder.domain.queries import Hit

_FOLDERS = 200


def thumbnails(folder: Path, pictures: list[Path]) -> list[str]:
    """Write a thumbnail of each picture in the layout of the thumbnail cache; return their keys."""
    from PIL import Image

    keys = []
    for number, path in enumerate(pictures):
        key = f"{number % 256:02x}{number:062x}"
        file = folder / key[:2] / f"{key}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(path) as image:
            image.thumbnail((320, 320))
            image.convert("RGB").save(file, quality=85)
        keys.append(key)
    return keys


def hits(start: int, count: int, keys: Sequence[str]) -> tuple[Hit, ...]:
    """Return ``count`` hits, numbered from ``start``, that use the thumbnails of ``keys`` in rotation."""
    return tuple(
        Hit(
            item_id=number + 1,
            file=f"/home/someone/Pictures/trip {number % _FOLDERS:03}/IMG_{number:06}.jpg",
            part=1,
            parts=12 if number % 7 == 0 else 1,
            score=0.35 - number * 1e-7,
            kind=ItemKind.PAGE if number % 7 == 0 else ItemKind.PICTURE,
            thumbnail_key=keys[number % len(keys)],
            size=1_000_000 + number,
            mtime_ns=1_700_000_000_000_000_000 + number * 10**9,
            width=4000,
            height=3000,
            copies=2 if number % 11 == 0 else 1,
        )
        for number in range(start, start + count)
    )
