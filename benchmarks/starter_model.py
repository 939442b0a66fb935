"""Quality and speed of the starter model: ``python benchmarks/starter_model.py --data DIR``.

``DIR`` contains ``flickr8k/``, ``flickr8k_captions.json`` and ``caltech101/CLASS/``, as used in training
(packaging/starter_model/README.md). The measurements use the held-out photographs listed in
packaging/starter_model/held_out.json and the program's own embedder:

1. Words to pictures: five captions of each of 1,000 photographs of Flickr8k; each caption is searched among all 1,000.
2. Naming: photographs of held-out classes of Caltech-101, each among 50 names. All classes have the same weight,
   whatever their number of photographs.
3. Pictures to pictures: the share of the same class among the five nearest to a photograph of a held-out class, out
   of up to 40 photographs of every class in the folder.
4. Size of the weights, and photographs per second compared with ViT-B-32-256 with random weights. The two alternate:
   both with PyTorch, then each with its fastest runtime on this machine, if OpenVINO is installed.

Prints a table with the goal for each figure; asserts nothing.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from material import random_checkpoint
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from imagefinder.domain.model_names import STARTER
from imagefinder.embedders import model_registry
from imagefinder.embedders.embedder import Embedder, FloatArray
from imagefinder.embedders.importing.importer import import_checkpoint
from imagefinder.embedders.runtime.runtime_choice import AUTO, RuntimeSetting
from imagefinder.resources import resource

ROOT = Path(__file__).resolve().parents[1]
HELD_OUT = ROOT / "packaging" / "starter_model" / "held_out.json"
PER_CLASS = 40
ROUNDS = 5
# Folders of Caltech-101 whose names are not the usual word for their contents.
PLAIN_NAMES = {"Faces": "face", "Faces_easy": "face", "Motorbikes": "motorbike", "airplanes": "airplane"}
# Further classes of Caltech-101 that fill the list of names up to 50; their photographs are not needed.
OTHER_NAMES = (
    "accordion", "anchor", "ant", "barrel", "bass", "beaver", "binocular", "bonsai", "brain", "butterfly", "camera",
    "cannon", "cellphone", "chair", "chandelier", "crab", "crocodile", "cup", "dolphin", "dragonfly", "elephant",
    "flamingo", "gramophone", "headphone", "hedgehog", "helicopter", "kangaroo", "lamp", "laptop", "llama", "lobster",
    "mandolin", "octopus", "panda", "pigeon", "pizza", "pyramid", "revolver", "rhino", "rooster", "saxophone",
    "scissors", "scorpion", "soccer ball", "stapler", "starfish", "stop sign", "strawberry", "sunflower", "umbrella",
    "watch", "wheelchair", "wrench",
)  # fmt: skip


def main() -> None:
    """Run all measurements and print them."""
    parser = argparse.ArgumentParser(description="Measure the starter model against its goals.")
    parser.add_argument("--data", type=Path, required=True, help="the folder with the training photographs")
    parser.add_argument("--model", default=STARTER, help="the model to measure (default: %(default)s)")
    arguments = parser.parse_args()
    data, held_out = arguments.data, json.loads(HELD_OUT.read_text(encoding="utf-8"))
    embedder = model_registry.create(arguments.model, "auto", Path(tempfile.gettempdir()))
    rows: list[tuple[str, str, str]] = []

    names = held_out["flickr8k"]
    captions = json.loads((data / "flickr8k_captions.json").read_text(encoding="utf-8"))
    found = recall(embedder, [data / "flickr8k" / name for name in names], [captions[name] for name in names])
    for depth, bar in ((1, "0.38"), (5, ""), (10, "0.80")):
        rows.append(
            (f"Flickr8k, caption to photograph, recall@{depth} of {len(names):,}", f"{found[depth]:.3f}", bar)
        )

    labels, paths = caltech(data / "caltech101")
    pictures = embed(embedder, paths)
    unseen = [label for label in sorted(set(labels)) if label in held_out["caltech101"]]
    choices = list(dict.fromkeys([plain(label) for label in unseen] + list(OTHER_NAMES)))[:50]
    for prompt in ("a photo of a {}", "{}"):
        top1, top5 = naming(embedder, pictures, labels, unseen, choices, prompt)
        what = (
            f"Caltech-101, {len(unseen)} unseen classes among {len(choices)} names, “{prompt.format('NAME')}”"
        )
        rows.append((f"{what}, top-1", f"{top1:.3f}", "0.50"))
        rows.append((f"{what}, top-5", f"{top5:.3f}", "0.75"))
    rows.append(
        ("Caltech-101, picture to picture, precision@5", f"{precision(pictures, labels, unseen):.3f}", "0.86")
    )

    if arguments.model == STARTER:
        size = (resource("models") / STARTER / "weights.safetensors").stat().st_size
        rows.append(("Weights, float16, MB (aim: 40)", f"{size / 1e6:.1f}", "≤ 60"))
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        big = big_model(scratch)
        for what, runtimes in (
            ("PyTorch", RuntimeSetting()),
            ("each with its best runtime", RuntimeSetting(AUTO, scratch / "runtimes")),
        ):
            pair = [
                model_registry.create(name, "auto", scratch / "models", runtimes)
                for name in (arguments.model, big)
            ]
            ours, theirs = speeds(*pair)
            rows.append((f"Photographs/s, {what} ({ours:.0f}), relative to ViT-B-32-256 ({theirs:.0f})",
                         f"{ours / theirs:.2f}", "2.50"))  # fmt: skip
    width = max(len(what) for what, _, _ in rows)
    print(f"{'':{width}}  {'result':>7}  {'goal':>6}")
    for what, value, bar in rows:
        print(f"{what:{width}}  {value:>7}  {bar:>6}")


def embed(embedder: Embedder, paths: Sequence[Path]) -> FloatArray:
    """Embed pictures; return their vectors, (n, dimension)."""
    parts = []
    for start in range(0, len(paths), embedder.batch_size):
        batch = []
        for path in paths[start : start + embedder.batch_size]:
            with Image.open(path) as image:
                batch.append(embedder.prepare(image.convert("RGB")))
        parts.append(embedder.encode_images(batch))
    return np.concatenate(parts)


def recall(embedder: Embedder, paths: Sequence[Path], captions: Sequence[Sequence[str]]) -> dict[int, float]:
    """Return recall at 1, 5 and 10: the share of captions whose photograph is among the first results."""
    pictures = embed(embedder, paths)
    places = []
    for number, own in enumerate(captions):
        scores = embedder.encode_texts(own[:5]) @ pictures.T
        places += [int((row > row[number]).sum()) for row in scores]
    return {depth: float(np.mean(np.array(places) < depth)) for depth in (1, 5, 10)}


def caltech(folder: Path) -> tuple[list[str], list[Path]]:
    """Return the labels and paths of up to 40 photographs of each class, the same ones in each call."""
    labels, paths = [], []
    for group in sorted(folder.iterdir()):
        files = sorted(group.iterdir())
        step = max(1, len(files) // PER_CLASS)
        for path in files[::step][:PER_CLASS]:
            labels.append(group.name)
            paths.append(path)
    return labels, paths


def plain(label: str) -> str:
    """Return a class's name as a user would type it."""
    return PLAIN_NAMES.get(label, label.replace("_", " ").lower())


def naming(
    embedder: Embedder, pictures: FloatArray, labels: Sequence[str], unseen: Sequence[str], choices: Sequence[str],
    prompt: str,
) -> tuple[float, float]:  # fmt: skip
    """Return the top-1 and top-5 accuracy of naming photographs of the ``unseen`` classes, as means over classes."""
    words = embedder.encode_texts([prompt.format(name) for name in choices])
    first, five = [], []
    for label in unseen:
        rows = [number for number, each in enumerate(labels) if each == label]
        nearest = np.argsort(-(pictures[rows] @ words.T), axis=1)[:, :5]
        own = choices.index(plain(label))
        first.append(float(np.mean(nearest[:, 0] == own)))
        five.append(float(np.mean((nearest == own).any(axis=1))))
    return float(np.mean(first)), float(np.mean(five))


def precision(pictures: FloatArray, labels: Sequence[str], unseen: Sequence[str]) -> float:
    """Return precision@5: the mean share of the same class among the five nearest to a picture of an unseen class."""
    scores = pictures @ pictures.T
    np.fill_diagonal(scores, -2)
    nearest = np.argsort(-scores, axis=1)[:, :5]
    kinds = np.array(labels)
    rows = np.isin(kinds, unseen)
    return float(np.mean(kinds[nearest[rows]] == kinds[rows][:, None]))


def big_model(scratch: Path) -> str:
    """Create a ViT-B-32-256 with random weights, which cost as much as trained ones; return its name.

    The model is put into ``scratch/models``.
    """
    file = scratch / "random.safetensors"
    return import_checkpoint(file, random_checkpoint(file), scratch / "models")


def speeds(ours: Embedder, theirs: Embedder) -> tuple[float, float]:
    """Return the median photographs per second of both forward passes, each with its own batch size.

    Preprocessing is not included.
    """
    picture = Image.effect_noise((640, 480), 60).convert("RGB")
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS + 1):  # the first round is a warm-up
        for embedder, times in zip((ours, theirs), taken, strict=True):
            batch = [embedder.prepare(picture)] * embedder.batch_size
            began = time.perf_counter()
            for _ in range(4):
                embedder.encode_images(batch)
            times.append(4 * len(batch) / (time.perf_counter() - began))
    return statistics.median(taken[0][1:]), statistics.median(taken[1][1:])


if __name__ == "__main__":
    main()
