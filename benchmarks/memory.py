"""Whether memory stays flat while many pictures are indexed: ``python benchmarks/memory.py [--count N] [--full]``.

Small pictures, half JPEG, half PNG, all different, thumbnails and all, with a CLIP model of 350,000 random weights
(``tests/tiny_clip.py``): what is kept for each picture, not the size of one, is what is looked for. Prints the resident
memory of this process at each thousand, and how much it grew since 2,000; growth is measured from the median of the
three figures there to that of the last three. Asserts nothing.
"""

import argparse
import io
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from material import FILES_A_FOLDER
from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from tiny_clip import TINY_CONFIG, random_weights

from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.spec import ClipSpec
from imagefinder.engine.engine import Engine
from imagefinder.model.jobs import Progress
from imagefinder.model.sources import SourceOptions
from imagefinder.readers.registry import extensions
from imagefinder.thumbnails.cache import ThumbnailCache

_EACH = 1000
_SETTLED = 2000
_SIZE = (400, 300)


def pictures(folder: Path, count: int) -> None:
    """``count`` of them; two kinds of picture, whose files differ in bytes that no decoder looks at."""
    rng = np.random.default_rng(5)
    noise = Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8)).resize(_SIZE, Image.Resampling.BICUBIC)
    encoded = []
    for kind in ("JPEG", "PNG"):
        buffer = io.BytesIO()
        noise.save(buffer, kind)
        encoded.append((buffer.getvalue(), kind.lower()))
    for number in range(count):
        content, ending = encoded[number % 2]
        path = folder / f"{number // FILES_A_FOLDER:03}" / f"IMG_{number:06}.{ending}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content + b"%d" % number)


def tiny_embedder(folder: Path) -> OpenClipEmbedder:
    """A CLIP as small as can be, through the same code as a large one."""
    from safetensors.torch import save_file

    weights = folder / "tiny.safetensors"
    save_file(random_weights(), weights, metadata={"format": "pt"})
    spec = ClipSpec(
        name="tiny/random", id="tiny:random", weights=weights, model_cfg=TINY_CONFIG, preprocess_cfg=_PREPROCESSING
    )
    return OpenClipEmbedder(spec, "cpu")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=6000, help="how many pictures")
    parser.add_argument("--full", action="store_true", help="20,000 pictures")
    arguments = parser.parse_args()
    count = 20_000 if arguments.full else arguments.count
