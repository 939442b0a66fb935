"""Cost of indexing and searching: ``python benchmarks/indexing.py [--photos DIR] [--full]``.

1. Photographs per second through the whole pipeline (scan, hash, decode, embed, thumbnail, commit), compared with the
   model's forward pass alone over already preprocessed pictures in batches of the same size, and with decoding and
   preprocessing alone, at the same scale and on as many threads as the pipeline has. CLIP is a ViT-B-32 for 256 pixels
   with random weights, which cost as much as trained ones. The three alternate in one process; each figure is the
   median of the rounds. "CPU / both" is the pipeline's processor time divided by the sum of the other two, and shows
   the cost of everything else.
2. Rescanning a tree in which nothing has changed.
3. Searching that tree's library, in one process and from a cold start of the program.

All data is created in a temporary folder; the disk cache is warm throughout. Prints tables, asserts nothing.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from material import copies, photographs, random_checkpoint, tiny_files
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from imagefinder.api import ImageFinder
from imagefinder.embedders import model_registry
from imagefinder.embedders.embedder import Embedder, Prepared
from imagefinder.embedders.importing.importer import import_checkpoint
from imagefinder.embedders.runtime.runtime_choice import RuntimeSetting
from imagefinder.engine.engine import Engine
from imagefinder.paths import default_places
from imagefinder.readers.reader_registry import extensions, open_media
from imagefinder.thumbnails.cache import LEAST_SIDE, ThumbnailCache

ROOT = Path(__file__).resolve().parents[1]
COLOURS = ("red", "green", "blue", "yellow", "orange", "purple", "pink", "brown", "black", "white")


@dataclass(frozen=True, slots=True)
class Cost:
    """Time that one run took."""

    wall: float
    """Elapsed seconds."""
    cpu: float
    """Processor seconds, over all threads."""


def cost(work: Callable[[], object]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Cost(time.perf_counter() - wall, time.process_time() - cpu)


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(statistics.median(c.wall for c in costs), statistics.median(c.cpu for c in costs))


def peak_mb() -> float:
    """Return the peak resident memory of this process in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def row(*cells: object) -> None:
    print(f"{cells[0]!s:<34}" + "".join(f"{cell!s:>12}" for cell in cells[1:]), flush=True)


@contextmanager
def fresh_library(folder: Path, embedder: Embedder) -> Iterator[ImageFinder]:
    """Open an empty library without cached thumbnails, with an already loaded model; delete it afterwards."""
    engine = Engine(folder / "library", lambda _: embedder, ThumbnailCache(folder / "thumbs"), extensions())
    try:
        yield ImageFinder(engine, folder, is_model_named=True)
    finally:
        # Do not close the engine: that would unload the model, which all rounds share.
        shutil.rmtree(folder)


def index(tree: Path, scratch: Path, embedder: Embedder) -> Cost:
    """Return the cost of indexing a tree into a library that already has one picture.

    This excludes the work that is done once for each library and model: embedding the bank of unrelated queries.
    """
    with fresh_library(scratch / "fresh", embedder) as finder:
        first = scratch / "first.png"
        Image.new("RGB", (64, 48), (90, 120, 60)).save(first)
        finder.add(first)
        return cost(lambda: finder.add(tree))


def decode(paths: Sequence[Path], embedder: Embedder) -> list[Prepared]:
    side = max(embedder.image_side, LEAST_SIDE)

    def prepared(path: Path) -> Prepared:
        with open_media(path) as media:
            return embedder.prepare(media.load(1, side).image)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(prepared, paths))


def forward(prepared: Sequence[Prepared], embedder: Embedder) -> None:
    for start in range(0, len(prepared), embedder.batch_size):
        embedder.encode_images(prepared[start : start + embedder.batch_size])


def compare(name: str, paths: Sequence[Path], scratch: Path, embedder: Embedder, rounds: int) -> None:
    """Measure pipeline, forward pass and decoding in turn, and print their rows."""
    tree = scratch / name
    # Load the model and run the first pass, which is the slowest, before timing anything.
    forward(decode(paths[: embedder.batch_size], embedder), embedder)
    pipelines = [index(tree, scratch, embedder)]
    peak = peak_mb()  # read it now: below, all prepared pictures are held in memory, unlike in the pipeline
    prepared = decode(paths, embedder)
    forwards, decodes = [], []
    for turn in range(rounds):
        if turn:
            pipelines.append(index(tree, scratch, embedder))
        forwards.append(cost(lambda: forward(prepared, embedder)))
        decodes.append(cost(lambda: decode(paths, embedder)))
    bare = median(forwards).wall
    both = median(forwards).cpu + median(decodes).cpu
    for what, costs in (("pipeline", pipelines), ("forward alone", forwards), ("decode alone", decodes)):
        taken = median(costs)
        row(
            f"{name}, {embedder.name.partition('/')[0]}, {what}",
            f"{len(paths) / taken.wall:.1f}",
            f"{taken.wall:.2f}",
            f"{taken.cpu:.2f}",
            f"{taken.wall / bare:.2f}" if embedder.name != model_registry.BUILTIN else "-",
            f"{taken.cpu / both:.2f}"
            if costs is pipelines and embedder.name != model_registry.BUILTIN
            else "",
            f"{peak:.0f}" if costs is pipelines else "",
        )


def pipeline_table(arguments: argparse.Namespace, scratch: Path) -> None:
    weights = scratch / "random.safetensors"
    places = default_places()
    models, runtimes = places.models, RuntimeSetting.from_environment(places.runtimes)
    name = import_checkpoint(weights, random_checkpoint(weights), models)
    weights.unlink()
    sets: dict[str, list[Path]] = {}
    if arguments.photos:
        sets["as they are"] = copies(scratch / "as they are", arguments.count, arguments.photos)
    for side in arguments.sizes:
        # Large photographs take longer to create and to read; a quarter of them is enough.
        count = arguments.count if side <= 1000 else arguments.count // 4
        sets[f"{side} px"] = photographs(scratch / f"{side} px", count, side, arguments.photos)
    clip, starter, builtin = (
        model_registry.create(each, "cpu", models, runtimes)
        for each in (name, model_registry.STARTER, model_registry.BUILTIN)
    )
    clip.load_images()
    print(f"\n{clip.name} runs on {clip.device}, {clip.batch_size} pictures in a batch")
    row("photographs", "a second", "wall s", "CPU s", "/ forward", "CPU / both", "peak MB")
    for embedder in (builtin, starter, clip):
        for what, paths in sets.items():
            compare(what, paths, scratch, embedder, arguments.rounds)
    clip.close()
    starter.close()
    for what in sets:
        shutil.rmtree(scratch / what)


def imagefinder(*words: str) -> float:
    """Run the program with these arguments; return the elapsed seconds from start to exit."""
    return cost(
        lambda: subprocess.run(
            [sys.executable, "-m", "imagefinder", *words], cwd=ROOT, check=True, capture_output=True
        )
    ).wall


def rescan_table(finder: ImageFinder, tree: Path, count: int, rounds: int) -> None:
    made = cost(lambda: tiny_files(tree, count))
    first = cost(lambda: finder.add(tree))
    again = median([cost(finder.index) for _ in range(rounds)])
    program = statistics.median(imagefinder("index") for _ in range(rounds))
    print(f"\nA tree of {count:,} tiny files (created in {made.wall:.0f} s), the built-in embedder")
    row("", "files/s", "wall s", "CPU s", "us a file")
    for what, wall, cpu in (
        ("first indexing", first.wall, f"{first.cpu:.2f}"),
        ("rescan, nothing changed", again.wall, f"{again.cpu:.2f}"),
        ("the same, imagefinder index", program, ""),
    ):
        row(what, f"{count / wall:,.0f}", f"{wall:.2f}", cpu, f"{wall / count * 1e6:.0f}")


def search_table(finder: ImageFinder, tree: Path, count: int, rounds: int) -> None:
    pictures = photographs(tree.parent / "queries", 50, 640, None)
    numbers = np.random.default_rng(4).integers(count, size=100)
    search = finder.search
    queries: dict[str, list[Callable[[], object]]] = {
        "words: a colour": [partial(search, colour) for colour in COLOURS * 10],
        "words: a file's number": [partial(search, f"{number:06}") for number in numbers],
        "words: in every name": [partial(search, f"img {colour}") for colour in COLOURS * 3],
        "a picture not in the library": [partial(search, images=[path]) for path in pictures],
        "a colour within one folder": [partial(search, c, within=[tree / "folder0001"]) for c in COLOURS],
    }
    print(f"\nSearching {count:,} pictures")
    row("", "p50 ms", "p99 ms")
    for what, calls in queries.items():
        calls[0]()
        times = [cost(call).wall * 1e3 for call in calls]
        row(what, f"{np.percentile(times, 50):.1f}", f"{np.percentile(times, 99):.1f}")
    for words in (("search", "--json", "red"), ("status", "--json"), ("--version",)):
        times = [imagefinder(*words) * 1e3 for _ in range(rounds)]
        row("imagefinder " + " ".join(words), f"{statistics.median(times):.0f}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", type=Path, help="a folder of JPEGs to use, also enlarged")
    parser.add_argument(
        "--count", type=int, default=128, help="number of photographs (a quarter for large ones)"
    )
    parser.add_argument(
        "--sizes", help="longer sides of the photographs in pixels (default: 640,4000; with --photos 4000)"
    )
    parser.add_argument(
        "--rescan", type=int, default=20_000, help="number of tiny files to rescan and search"
    )
    parser.add_argument("--full", action="store_true", help="rescan and search 100,000 files")
    parser.add_argument("--rounds", type=int, default=3, help="number of rounds")
    parser.add_argument("--only", choices=("pipeline", "rescan"), help="run only this half")
    arguments = parser.parse_args()
    sizes = arguments.sizes or ("4000" if arguments.photos else "640,4000")
    arguments.sizes = [int(side) for side in sizes.split(",")]
    arguments.rescan = 100_000 if arguments.full else arguments.rescan
    return arguments


def main() -> None:
    arguments = parsed()
    with tempfile.TemporaryDirectory(prefix="imagefinder-bench-") as folder:
        scratch = Path(folder)
        for variable in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            os.environ[variable] = str(scratch / "home" / variable)
        os.environ |= {"IMAGEFINDER_LIBRARY": str(scratch / "library"), "IMAGEFINDER_MODEL": "builtin"}
        # Print the load, because other processes on this machine affect every figure.
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, medians of {arguments.rounds} rounds")
        if arguments.only != "rescan":
            pipeline_table(arguments, scratch)
        if arguments.only != "pipeline":
            with ImageFinder.open() as finder:
                rescan_table(finder, scratch / "tiny", arguments.rescan, arguments.rounds)
                search_table(finder, scratch / "tiny", arguments.rescan, arguments.rounds)
                print(f"\npeak memory {peak_mb():.0f} MB, load {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
