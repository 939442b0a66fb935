"""PyTorch and OpenVINO embedding the same pictures on this processor: speed, agreement, memory, and a cold start.

    python benchmarks/runtimes.py [--full] [--scratch DIR]

Needs the extra: ``pip install "imagefinder[openvino]"``. For the starter model, and with ``--full`` for a ViT-B-32 of
256 pixels with random weights too. Each runtime computes in a process of its own, the processes alternate; a row has
the best of the rounds in pictures a second (batches of 16), the median of the processor's seconds for 100 pictures,
the least cosine to PyTorch's vectors in float32, and the most memory at a time. Below: a new process that embeds one
picture, with PyTorch, and with OpenVINO once the tower has been converted; and the first use, which converts it.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.processes import Spent, apart, spend

PICTURES = 16
ROUNDS = 5
BATCHES = 6
"""In each round."""
COLD = """
import sys
from pathlib import Path
from PIL import Image
from imagefinder.embedders import registry
from imagefinder.embedders.runtime_choice import RuntimeSetting
name, models, folder = sys.argv[1:]
embedder = registry.create(name, "cpu", Path(models), RuntimeSetting.from_environment(Path(folder)))
embedder.encode_images([embedder.prepare(Image.effect_noise((640, 480), 60).convert("RGB"))])
"""


@dataclass(frozen=True)
class Place:
    """A model and the folders of it."""

    name: str
    models: Path
    runtimes: Path


def main() -> None:
    """Print both tables for each model."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="the ViT-B-32 too, and more rounds")
    parser.add_argument("--scratch", type=Path, help="where to work")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as folder:
        scratch = Path(folder)
        places = [Place("starter", scratch / "models", scratch / "runtimes")]
        if arguments.full:
            name = apart(os.environ, _big_model, scratch)
            places.append(Place(name, scratch / "models", scratch / "runtimes"))
        for place in places:
            first = spend(*_cold(place, "openvino", scratch))
            _print_rates(place, rounds=2 * ROUNDS if arguments.full else ROUNDS)
            _print_cold(place, first, scratch)


def _big_model(scratch: Path) -> str:
    from benchmarks.material import random_checkpoint
    from imagefinder.embedders.imported import import_checkpoint

    file = scratch / "random.safetensors"
    return import_checkpoint(file, random_checkpoint(file), scratch / "models")


def _print_rates(place: Place, rounds: int) -> None:
    from imagefinder.embedders.processor import has_fast_bfloat16

    precisions = ("float32", "bfloat16") if has_fast_bfloat16() else ("float32",)
    kinds = [(runtime, precision) for precision in precisions for runtime in ("torch", "openvino")]
    found: dict[tuple[str, str], list[Measured]] = {kind: [] for kind in kinds}
    for _ in range(rounds):
        for kind in kinds:
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
    """One process of one runtime."""

    rate: float
    """Pictures a second in its fastest batch."""
    cpu_for_100: float
    """Seconds of the processor, all cores together."""
    vectors: np.ndarray
    """(PICTURES, dimension) float32, unit length."""
    peak_mb: float


def measure(place: Place, runtime: str, precision: str) -> Measured:
    """Load a tower on one runtime and time it."""
    from imagefinder.embedders import device, processor

    is_native = precision == "bfloat16"
    processor.has_fast_bfloat16 = lambda: is_native
    device.has_fast_bfloat16 = lambda: is_native
    from imagefinder.embedders import registry, runtime_choice

    runtime_choice.has_fast_bfloat16 = lambda: is_native
    setting = runtime_choice.RuntimeSetting(runtime, place.runtimes / precision)
    for _ in range(2):  # the second time OpenVINO's tower is there, and PyTorch's has been let go of
        embedder = registry.create(place.name, "cpu", place.models, setting)
        random = np.random.default_rng(1)
        pixels = [
            random.integers(0, 256, (embedder.image_side,) * 2 + (3,), np.uint8) for _ in range(PICTURES)
        ]
        vectors = embedder.encode_images(pixels)
    seconds, began = [], time.process_time()
    for _ in range(BATCHES):
        start = time.perf_counter()
        embedder.encode_images(pixels)
        seconds.append(time.perf_counter() - start)
    cpu = (time.process_time() - began) * 100 / (BATCHES * PICTURES)
    return Measured(PICTURES / min(seconds), cpu, vectors, _peak_mb())


def _peak_mb() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3


def _print_cold(place: Place, first: Spent, scratch: Path) -> None:
    rows: dict[str, list[Spent]] = {"torch": [], "openvino": []}
    for _ in range(ROUNDS):
        for runtime, taken in rows.items():
            taken.append(spend(*_cold(place, runtime, scratch)))
    print("\none picture in a new process\n")
    print(f"{'runtime':<20}{'wall s':>12}{'CPU s':>15}{'peak MB':>10}")
    for name, taken in {**rows, "first use": [first]}.items():
        wall, cpu = (statistics.median(getattr(one, what) for one in taken) for what in ("wall", "cpu"))
        print(f"{name:<20}{wall:>12.2f}{cpu:>15.2f}{max(one.peak_mb for one in taken):>10.0f}")


def _cold(place: Place, runtime: str, scratch: Path) -> tuple[list[str | Path], Path, Mapping[str, str]]:
    command = [sys.executable, "-c", COLD, place.name, place.models, place.runtimes / "cold"]
    return command, scratch, {**os.environ, "IMAGEFINDER_RUNTIME": runtime}


if __name__ == "__main__":
    main()
