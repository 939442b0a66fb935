"""Cost of decoding and preprocessing a photograph: ``python benchmarks/decoding.py [--photos DIR] [--full]``.

One 12-megapixel photograph (with ``--photos`` the first of the folder, enlarged and with added grain) is written in
every common format and read as indexing reads it. The figures are medians of the process's processor time in
milliseconds.

- decode: open, decode at the scale that indexing requests, convert the colours to sRGB.
- prepare: the model's preprocessing, a bicubic resize to its input size.
- thumbnail: resize, encode, write.
- hash: SHA-256 of the file's bytes in memory.
- in full: decode and prepare from all pixels, for comparison.
- cosine: between the starter model's vectors of the scaled and the full decoding.

Preprocessing is timed for a CLIP input of 256 pixels; this needs no weights. Asserts nothing.
"""

import argparse
import hashlib
import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pillow_heif
from material import photographs
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from imagefinder.embedders import model_registry
from imagefinder.embedders.towers.preprocess import Preprocessing
from imagefinder.paths import default_places
from imagefinder.readers.pillow.colour import to_srgb
from imagefinder.readers.reader_registry import open_media
from imagefinder.thumbnails.cache import LEAST_SIDE, ThumbnailCache

_SIDE = 256
_CLIP = {
    "size": _SIDE,
    "mode": "RGB",
    "mean": [0.5] * 3,
    "std": [0.5] * 3,
    "interpolation": "bicubic",
    "resize_mode": "shortest",
    "fill_color": 0,
}
_FORMATS: dict[str, dict[str, object]] = {
    "JPEG.jpg": {"quality": 90},
    "JPEG, progressive.jpg": {"quality": 90, "progressive": True},
    "HEIC.heic": {"quality": 70},
    "PNG.png": {},
    "WebP.webp": {"quality": 85},
    "AVIF.avif": {"quality": 70, "speed": 8},
    "TIFF, LZW.tif": {"compression": "tiff_lzw"},
    "JPEG 2000.jp2": {"quality_mode": "rates", "quality_layers": [10]},
}


def milliseconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median processor time of ``work`` in milliseconds, over all threads of the process.

    Some decoders start threads, so the time of the calling thread is not enough.
    """
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        taken.append((time.process_time() - begun) * 1e3)
    return statistics.median(taken)


def load(path: Path, side: int) -> Image.Image:
    """Load a picture as indexing does, at a scale suitable for ``side`` pixels."""
    with path.open("rb") as file, open_media(path, io.BytesIO(file.read())) as media:
        return media.load(1, side).image


def load_in_full(path: Path) -> Image.Image:
    """Load all pixels of a picture with Pillow."""
    with Image.open(path) as picture:
        return to_srgb(picture)


def row(*cells: object) -> None:
    print(f"{cells[0]!s:<20}" + "".join(f"{cell!s:>12}" for cell in cells[1:]), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, help="a folder of JPEGs; the first one is enlarged")
    parser.add_argument("--side", type=int, default=4000, help="pixels of the photograph's longer side")
    parser.add_argument("--full", action="store_true", help="run 15 rounds instead of 3")
    arguments = parser.parse_args()
    rounds = 15 if arguments.full else 3
    pillow_heif.register_heif_opener()
    prepare = Preprocessing(_CLIP)
    starter = model_registry.create(model_registry.STARTER, "cpu", default_places().models)
    with tempfile.TemporaryDirectory(prefix="imagefinder-bench-") as folder:
        scratch = Path(folder)
        (original,) = photographs(scratch / "original", 1, arguments.side, arguments.photos)
        pixels = load_in_full(original)
        thumbnails = ThumbnailCache(scratch / "thumbnails")
        print(f"{pixels.width} x {pixels.height} pixels; milliseconds of processor time, medians of {rounds}")
        row("", "MB", "decoded at", "decode", "prepare", "thumbnail", "hash", "in full", "cosine")
        for number, (name, options) in enumerate(_FORMATS.items()):
            path = scratch / name
            pixels.save(path, **options)  # type: ignore[arg-type]
            content = path.read_bytes()
            image = load(path, max(_SIDE, LEAST_SIDE))
            keys = (f"{number:02}{turn:02}-1" for turn in range(rounds + 1))
            thumbnails.put(next(keys), image)  # creates the folder
            vectors = starter.encode_images(
                [
                    starter.prepare(load(path, max(starter.image_side, LEAST_SIDE))),
                    starter.prepare(load_in_full(path)),
                ]
            )
            row(
                path.stem,
                f"{len(content) / 1e6:.1f}",
                f"{image.width} x {image.height}",
                f"{milliseconds(lambda path=path: load(path, max(_SIDE, LEAST_SIDE)), rounds):.1f}",
                f"{milliseconds(lambda image=image: prepare(image), rounds):.1f}",
                f"{milliseconds(lambda keys=keys, image=image: thumbnails.put(next(keys), image), rounds):.1f}",
                f"{milliseconds(lambda content=content: hashlib.sha256(content).digest(), rounds):.1f}",
                f"{milliseconds(lambda path=path: prepare(load_in_full(path)), rounds):.1f}",
                f"{float(np.dot(*vectors)):.5f}",
            )


if __name__ == "__main__":
    main()
