"""PyTorch and OpenVINO compared on this processor: speed, agreement, memory, and cold start.

    python benchmarks/runtimes.py [--full] [--photos DIR] [--scratch DIR]

Measures the starter model, with ``--full`` also a ViT-B-32 for 256 pixels with random weights, or with ``--model`` a
model that is installed here. Each combination of runtime and precision runs in separate processes, which alternate. A
row shows the best rate of all rounds in pictures per second (batches of 16), the median processor seconds for 100
pictures, the least cosine to PyTorch's float32 vectors, and the peak memory. The second table measures a new process
that embeds one picture: with PyTorch, with the stored runtime choice, and at first use, which includes the runtime
trial.

``--photos`` also measures the effect of rounding on search results, with up to 400 photographs of a folder: the cosines
to the float32 vectors, the share of each photograph's ten nearest that remain among the ten nearest, and the share of
photographs whose nearest neighbour stays the same.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.processes import Spent, apart, spend
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.runtime.runtime_trial import ImageTower
from imagefinder.embedders.spec import short_hash
from imagefinder.paths import default_places

PICTURES = 16
ROUNDS = 5
BATCHES = 6
"""Number of batches in each round."""
MOST_PHOTOS = 400
COLD = """
import sys
from pathlib import Path
from PIL import Image
from imagefinder.embedders import model_registry
from imagefinder.embedders.runtime.runtime_choice import RuntimeSetting
name, models, folder = sys.argv[1:]
embedder = model_registry.create(name, "cpu", Path(models), RuntimeSetting.from_environment(Path(folder)))
embedder.encode_images([embedder.prepare(Image.effect_noise((640, 480), 60).convert("RGB"))])
"""


@dataclass(frozen=True)
class Place:
    """A model and its folders."""

    name: str
    models: Path
    runtimes: Path


def main() -> None:
    """Measure each model and print its tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="add the ViT-B-32, and run more rounds")
    parser.add_argument("--model", help="name of the only model to measure")
    parser.add_argument("--photos", type=Path, help="a folder of JPEGs to measure the effect of rounding on")
    parser.add_argument(
        "--rounds", type=int, help=f"number of rounds (default: {ROUNDS}, with --full {2 * ROUNDS})"
    )
    parser.add_argument("--scratch", type=Path, help="folder for a temporary working folder")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        scratch = Path(folder)
        places = [Place(arguments.model or "starter", default_places().models, scratch / "runtimes")]
        if arguments.full and not arguments.model:
            name = apart(os.environ, _big_model, scratch)
            places.append(Place(name, scratch / "models", scratch / "runtimes"))
        for place in places:
            apart(os.environ, convert, place)
            _print_rates(place, arguments.rounds or (2 * ROUNDS if arguments.full else ROUNDS))
            if arguments.photos:
                _print_rounding(place, arguments.photos)
            _print_cold(place, spend(*_cold(place, "auto", scratch)), scratch)


def _big_model(scratch: Path) -> str:
    from benchmarks.material import random_checkpoint
    from imagefinder.embedders.importing.importer import import_checkpoint

    file = scratch / "random.safetensors"
    return import_checkpoint(file, random_checkpoint(file), scratch / "models")


def kinds() -> list[tuple[str, str]]:
    """Return the combinations of runtime and precision that this processor supports."""
    file = Path("/proc/cpuinfo")
    precisions = ("float32", "bfloat16") if file.exists() and "_bf16" in file.read_text() else ("float32",)
    both = [(runtime, precision) for precision in precisions for runtime in ("torch", "openvino")]
    return [*both, ("openvino", "int8")]


def _print_rates(place: Place, rounds: int) -> None:
    found: dict[tuple[str, str], list[Measured]] = {kind: [] for kind in kinds()}
    for _ in range(rounds):
        for kind in found:
            found[kind].append(apart(os.environ, measure, place, *kind))
    reference = found["torch", "float32"][0].vectors
    print(f"\n{place.name}: {PICTURES} pictures at a time\n")
    print(f"{'runtime':<20}{'pictures/s':>12}{'CPU s for 100':>15}{'least cosine':>14}{'peak MB':>10}")
    for (runtime, precision), runs in found.items():
        cosine = (runs[0].vectors * reference).sum(axis=1).min()
        cpu = statistics.median(run.cpu_for_100 for run in runs)
        rate, peak = max(run.rate for run in runs), statistics.median(run.peak_mb for run in runs)
        print(f"{runtime + ' ' + precision:<20}{rate:>12.1f}{cpu:>15.2f}{cosine:>14.5f}{peak:>10.0f}")


@dataclass(frozen=True)
class Measured:
    """Measurements of one process."""

    rate: float
    """Pictures per second in the fastest batch."""
    cpu_for_100: float
    """Processor seconds for 100 pictures, over all cores."""
    vectors: np.ndarray
    """(PICTURES, dimension) float32, unit length."""
    peak_mb: float


def measure(place: Place, runtime: str, precision: str) -> Measured:
    """Load an image tower on one runtime and time it."""
    tower, shape = tower_of(place, runtime, precision)
    pixels = np.random.default_rng(1).integers(0, 256, (PICTURES, *shape), np.uint8)
    vectors = unit(tower.encode(pixels))
    seconds, began = [], time.process_time()
    for _ in range(BATCHES):
        start = time.perf_counter()
        tower.encode(pixels)
        seconds.append(time.perf_counter() - start)
    cpu = (time.process_time() - began) * 100 / (BATCHES * PICTURES)
    return Measured(PICTURES / min(seconds), cpu, vectors, _peak_mb())


def convert(place: Place) -> None:
    """Convert the image tower for OpenVINO, unquantized and in int8."""
    from imagefinder.embedders.runtime.openvino_tower import save_image_tower, save_in_int8

    embedder = _embedder(place)
    place.runtimes.mkdir(parents=True, exist_ok=True)
    save_image_tower(embedder._spec, embedder._preprocessing, _file(place, "float32"))
    save_in_int8(_file(place, "float32"), _file(place, "int8"))


def tower_of(place: Place, runtime: str, precision: str) -> tuple[ImageTower, tuple[int, int, int]]:
    """Return an image tower and the shape of its input pictures."""
    embedder = _embedder(place)
    shape = embedder._preprocessing.shape
    if runtime == "openvino":
        from imagefinder.embedders.runtime.openvino_tower import OpenVinoImageTower

        return OpenVinoImageTower(_file(place, precision), precision), shape
    import torch

    from imagefinder.embedders.towers.torch_towers import torch_image_tower

    kind = {"float32": torch.float32, "bfloat16": torch.bfloat16}[precision]
    return torch_image_tower(embedder._spec, torch.device("cpu"), kind, embedder._preprocessing), shape


def _embedder(place: Place) -> OpenClipEmbedder:
    from imagefinder.embedders import model_registry
    from imagefinder.embedders.hardware.device import devices_here

    devices_here()  # as in the program, before any other use of PyTorch
    embedder = model_registry.create(place.name, "cpu", place.models)
    assert isinstance(embedder, OpenClipEmbedder)
    return embedder


def _file(place: Place, precision: str) -> Path:
    return place.runtimes / f"{short_hash(place.name)} {'int8' if precision == 'int8' else 'whole'}.xml"


def unit(rows: np.ndarray) -> np.ndarray:
    """Scale each row to unit length."""
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _print_rounding(place: Place, folder: Path) -> None:
    photos = sorted(folder.rglob("*.jpg"))
    photos = photos[:: max(1, len(photos) // MOST_PHOTOS)][:MOST_PHOTOS]
    found = {
        kind: apart(os.environ, vectors_of, place, photos, *kind) for kind in kinds() if kind[0] == "openvino"
    }
    exact = found["openvino", "float32"]
    print(f"\n{len(photos)} photographs, compared with float32\n")
    print(f"{'openvino':<20}{'cosine, least':>15}{'mean':>10}{'ten nearest':>13}{'nearest':>10}")
    for (_, precision), vectors in found.items():
        cosines = (vectors * exact).sum(axis=1)
        theirs, ours = _nearest(exact), _nearest(vectors)
        same = np.mean([len(set(a) & set(b)) / len(a) for a, b in zip(theirs, ours, strict=True)])
        first = np.mean(theirs[:, 0] == ours[:, 0])
        print(f"{precision:<20}{cosines.min():>15.5f}{cosines.mean():>10.5f}{same:>13.4f}{first:>10.3f}")


def vectors_of(place: Place, photos: Sequence[Path], runtime: str, precision: str) -> np.ndarray:
    """Embed photographs; return (n, dimension), unit length."""
    tower, _ = tower_of(place, runtime, precision)
    prepare = _embedder(place).prepare
    rows = []
    for start in range(0, len(photos), PICTURES):
        pictures = [Image.open(path).convert("RGB") for path in photos[start : start + PICTURES]]
        rows.append(tower.encode(np.stack([prepare(picture) for picture in pictures])))
    return unit(np.concatenate(rows))


def _nearest(vectors: np.ndarray) -> np.ndarray:
    """Return the indexes of each vector's ten nearest others, nearest first: (n, 10)."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    return np.argsort(-cosines, axis=1)[:, :10]


def _peak_mb() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def _print_cold(place: Place, first: Spent, scratch: Path) -> None:
    rows: dict[str, list[Spent]] = {"torch": [], "auto": []}
    for _ in range(ROUNDS):
        for runtime, taken in rows.items():
            taken.append(spend(*_cold(place, runtime, scratch)))
    print("\nOne picture in a new process\n")
    print(f"{'runtime':<20}{'wall s':>12}{'CPU s':>15}{'peak MB':>10}")
    for name, taken in {**rows, "first use": [first]}.items():
        wall, cpu = (statistics.median(getattr(one, what) for one in taken) for what in ("wall", "cpu"))
        print(f"{name:<20}{wall:>12.2f}{cpu:>15.2f}{max(one.peak_mb for one in taken):>10.0f}")


def _cold(place: Place, runtime: str, scratch: Path) -> tuple[list[str | Path], Path, Mapping[str, str]]:
    command = [sys.executable, "-c", COLD, place.name, place.models, place.runtimes / "cold"]
    return command, scratch, {**os.environ, "IMAGEFINDER_RUNTIME": runtime}


if __name__ == "__main__":
    main()
