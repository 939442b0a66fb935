"""What the window's benchmark shows without an engine: hits, and thumbnails for some of them."""

from collections.abc import Sequence
from pathlib import Path

from imagefinder.domain.items import ItemKind
from imagefinder.domain.queries import Hit

_FOLDERS = 200


def thumbnails(folder: Path, pictures: list[Path]) -> list[str]:
    """A thumbnail of each picture in the cache's layout; returns their keys."""
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
    """Hits from number ``start`` on, whose thumbnails are those of ``keys``, over and over."""
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
