"""Memory growth while many pictures are indexed: ``python benchmarks/memory.py [--count N] [--full]``.

Indexes small, distinct pictures (half JPEG, half PNG) with thumbnails and a CLIP model of 350,000 random weights
(``tests/helpers/tiny_clip.py``), to detect memory that is kept for each picture. Prints the resident memory of this
process after every 1,000 pictures, and its growth since 2,000 pictures: from the median of the three samples nearest
to 2,000 to the median of the last three. Asserts nothing.
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

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from helpers.tiny_clip import TINY_CONFIG, random_weights

from imagefinder.domain.jobs import Progress
from imagefinder.domain.sources import SourceOptions
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.spec import ClipSpec, merge_preprocess
from imagefinder.engine.engine import Engine
from imagefinder.readers.reader_registry import extensions
from imagefinder.thumbnails.cache import ThumbnailCache

_EACH = 1000
_SETTLED = 2000
_SIZE = (400, 300)


def pictures(folder: Path, count: int) -> None:
    """Write ``count`` pictures, alternately JPEG and PNG; they differ in trailing bytes that decoders ignore."""
    rng = np.random.default_rng(5)
    noise = Image.fromarray(rng.integers(0, 256, (30, 40, 3), np.uint8)).resize(
        _SIZE, Image.Resampling.BICUBIC
    )
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
    """Return a minimal CLIP embedder that uses the same code as a large one."""
    from safetensors.torch import save_file

    weights = folder / "tiny.safetensors"
    save_file(random_weights(), weights, metadata={"format": "pt"})
    spec = ClipSpec("tiny/random", "random", "tiny", weights, TINY_CONFIG, merge_preprocess(TINY_CONFIG, {}))
    return OpenClipEmbedder(spec, "cpu")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=6000, help="number of pictures (default: %(default)s)")
    parser.add_argument("--full", action="store_true", help="index 20,000 pictures")
    arguments = parser.parse_args()
    count = 20_000 if arguments.full else arguments.count
    with tempfile.TemporaryDirectory(prefix="imagefinder-bench-") as folder:
        scratch = Path(folder)
        for variable in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            os.environ[variable] = str(scratch / "home" / variable)
        pictures(scratch / "tree", count)
        embedder = tiny_embedder(scratch)
        thumbnails = ThumbnailCache(scratch / "thumbnails")
        engine = Engine(scratch / "library", lambda _: embedder, thumbnails, extensions())
        samples = index(engine, scratch / "tree")
        engine.close()
    settled, last = (
        statistics.median(megabytes for _, megabytes in some)
        for some in (around(samples, _SETTLED), samples[-3:])
    )
    print(f"from {settled:.1f} MB at {_SETTLED:,} to {last:.1f} MB: {100 * (last / settled - 1):+.1f} %")


def index(engine: Engine, tree: Path) -> list[tuple[int, float]]:
    """Index ``tree``; print and return samples (pictures embedded, resident MB), one for every ``_EACH`` pictures."""
    process = psutil.Process()
    samples: list[tuple[int, float]] = []
    begun = time.perf_counter()
    print(f"{'pictures':>9}{'MB':>9}{'seconds':>9}")

    def sample(event: Progress) -> None:
        if event.items >= (samples[-1][0] // _EACH + 1) * _EACH if samples else event.items >= _EACH:
            samples.append((event.items, process.memory_info().rss / 1e6))
            print(f"{event.items:>9,}{samples[-1][1]:>9.1f}{time.perf_counter() - begun:>9.0f}", flush=True)

    engine.jobs.add([tree], SourceOptions(), sample)
    return samples


def around(samples: list[tuple[int, float]], count: int) -> list[tuple[int, float]]:
    """Return the three samples nearest to ``count`` pictures."""
    return sorted(samples, key=lambda each: abs(each[0] - count))[:3]


if __name__ == "__main__":
    main()
