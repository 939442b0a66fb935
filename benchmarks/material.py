"""Benchmark data: photographs, trees of tiny files, and a CLIP model with random weights."""

import io
import itertools
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from imagefinder.embedders.towers.torchvision_ops import import_torchvision

ARCHITECTURE = "ViT-B-32-256"
FILES_A_FOLDER = 500
_DISTINCT = 12
"""Number of distinct pictures; further files differ only in the bytes after the end of the picture."""
_GRAIN = 6.0
"""Standard deviation of the added sensor noise, on a scale of 255; makes a 12-megapixel JPEG 4 to 5 MB."""


def photographs(folder: Path, count: int, side: int, source: Path | None) -> list[Path]:
    """Write ``count`` JPEGs with distinct contents, grain, and ``side`` pixels on the longer side.

    They are made from the photographs in ``source``; without it, from random colour clouds with detail at every
    scale.
    """
    rng = np.random.default_rng(1)
    subjects = _photographs_of(source) if source else _clouds(rng)
    encoded = [_jpeg(subject, side, rng) for subject in itertools.islice(subjects, min(count, _DISTINCT))]
    return _spread(folder, count, lambda number: encoded[number % len(encoded)] + b"%d" % number)


def copies(folder: Path, count: int, source: Path) -> list[Path]:
    """Write ``count`` unmodified copies of the photographs in ``source``, each with unique trailing bytes."""
    found = sorted(path.read_bytes() for path in source.glob("*.jpg"))
    return _spread(folder, count, lambda number: found[number % len(found)] + b"%d" % number)


def tiny_files(folder: Path, count: int) -> None:
    """Write ``count`` distinct PNGs of 3 x 3 pixels, about 100 bytes each, 500 in a folder."""
    rng = np.random.default_rng(2)
    for start in range(0, count, FILES_A_FOLDER):
        below = folder / f"folder{start // FILES_A_FOLDER:04}"
        below.mkdir(parents=True)
        for number in range(start, min(count, start + FILES_A_FOLDER)):
            # The first pixel encodes the number, so no two pictures are alike.
            pixels = number.to_bytes(3, "big") + rng.bytes(24)
            (below / f"IMG_{number:06}.png").write_bytes(_png(pixels))


def random_checkpoint(path: Path) -> str:
    """Write random weights of a ViT-B-32 for 256 pixels; return the architecture to import them as."""
    import_torchvision()  # like the program, tolerate a torchvision that was built for another torch
    import open_clip
    import torch
    from safetensors.torch import save_file

    torch.manual_seed(3)
    save_file(open_clip.create_model(ARCHITECTURE).state_dict(), path)
    return ARCHITECTURE


def _spread(folder: Path, count: int, content: Callable[[int], bytes]) -> list[Path]:
    paths = []
    for number in range(count):
        path = folder / f"{number // FILES_A_FOLDER:03}" / f"IMG_{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(number))
        paths.append(path)
    return paths


def _photographs_of(source: Path) -> Iterator[Image.Image]:
    for path in sorted(source.glob("*.jpg")):
        with Image.open(path) as image:
            yield image.convert("RGB")


def _clouds(rng: np.random.Generator) -> Iterator[Image.Image]:
    while True:
        total = np.zeros((480, 640, 3), np.float32)
        for scale in (4, 8, 16, 32, 64, 128):
            noise = Image.fromarray(rng.integers(0, 256, (scale, scale, 3), np.uint8))
            total += np.asarray(noise.resize((640, 480), Image.Resampling.BICUBIC), np.float32) / scale
        total -= total.min()
        yield Image.fromarray((total * (255 / total.max())).astype(np.uint8))


def _jpeg(subject: Image.Image, side: int, rng: np.random.Generator) -> bytes:
    scale = side / max(subject.size)
    size = round(subject.width * scale), round(subject.height * scale)
    pixels = np.asarray(subject.resize(size, Image.Resampling.BICUBIC), np.float32)
    grain = rng.standard_normal((*pixels.shape[:2], 1), np.float32) * np.float32(_GRAIN)
    encoded = io.BytesIO()
    Image.fromarray(np.clip(pixels + grain, 0, 255).astype(np.uint8)).save(encoded, "JPEG", quality=90)
    return encoded.getvalue()


def _png(pixels: bytes) -> bytes:
    rows = b"".join(b"\0" + pixels[start : start + 9] for start in range(0, 27, 9))
    header = b"\0\0\0\3\0\0\0\3\x08\2\0\0\0"
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        len(data).to_bytes(4, "big") + name + data + zlib.crc32(name + data).to_bytes(4, "big")
        for name, data in chunks
    )
