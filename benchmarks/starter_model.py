"""What the starter model is worth: ``python benchmarks/starter_model.py --data DIR``.

``DIR`` holds ``flickr8k/``, ``flickr8k_captions.json`` and ``caltech101/CLASS/``, as the training had them
(packaging/starter_model/README.md). Measured on the photographs that the training did not see, listed in
packaging/starter_model/held_out.json, through the embedder that the program itself uses:

1. Words to pictures: five captions of each of 1,000 photographs of Flickr8k, each among the 1,000.
2. Naming: photographs of held-out classes of Caltech-101, each among 50 names; a class counts once, whatever its
   number of photographs.
3. Pictures to pictures: of the five nearest to a photograph of a held-out class, the share of the same class, among
   up to 40 photographs of every class in the folder.
4. The weights' size, and photographs a second beside ViT-B-32-256 with random weights, the two in turns: by PyTorch,
   and each by the runtime that is fastest for it here, where OpenVINO is installed.

Prints a table with the bars that were set for each figure; asserts nothing.
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
# Folders of Caltech-101 whose names are no words for what they show.
PLAIN_NAMES = {"Faces": "face", "Faces_easy": "face", "Motorbikes": "motorbike", "airplanes": "airplane"}
# The rest of Caltech-101's classes fill the list of names up to 50; their photographs are not needed for that.
OTHER_NAMES = (
    "accordion", "anchor", "ant", "barrel", "bass", "beaver", "binocular", "bonsai", "brain", "butterfly", "camera",
    "cannon", "cellphone", "chair", "chandelier", "crab", "crocodile", "cup", "dolphin", "dragonfly", "elephant",
    "flamingo", "gramophone", "headphone", "hedgehog", "helicopter", "kangaroo", "lamp", "laptop", "llama", "lobster",
    "mandolin", "octopus", "panda", "pigeon", "pizza", "pyramid", "revolver", "rhino", "rooster", "saxophone",
    "scissors", "scorpion", "soccer ball", "stapler", "starfish", "stop sign", "strawberry", "sunflower", "umbrella",
    "watch", "wheelchair", "wrench",
)  # fmt: skip


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the starter model against its bars.")
    parser.add_argument("--data", type=Path, required=True, help="the folder of the training's photographs")
    parser.add_argument("--model", default=STARTER, help="another model, measured in the same way")
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
            ("each by its best runtime", RuntimeSetting(AUTO, scratch / "runtimes")),
        ):
            pair = [
                model_registry.create(name, "auto", scratch / "models", runtimes)
                for name in (arguments.model, big)
            ]
            ours, theirs = speeds(*pair)
            rows.append((f"Photographs/s, {what} ({ours:.0f}), by those of ViT-B-32-256 ({theirs:.0f})",
                         f"{ours / theirs:.2f}", "2.50"))  # fmt: skip
    width = max(len(what) for what, _, _ in rows)
    print(f"{'':{width}}  {'found':>7}  {'bar':>6}")
    for what, value, bar in rows:
        print(f"{what:{width}}  {value:>7}  {bar:>6}")


def embed(embedder: Embedder, paths: Sequence[Path]) -> FloatArray:
    """The pictures' vectors, (n, dimension)."""
    parts = []
    for start in range(0, len(paths), embedder.batch_size):
        batch = []
        for path in paths[start : start + embedder.batch_size]:
            with Image.open(path) as image:
                batch.append(embedder.prepare(image.convert("RGB")))
        parts.append(embedder.encode_images(batch))
    return np.concatenate(parts)


def recall(embedder: Embedder, paths: Sequence[Path], captions: Sequence[Sequence[str]]) -> dict[int, float]:
    """Share of captions whose own photograph is among the first 1, 5 and 10."""
    pictures = embed(embedder, paths)
    places = []
    for number, own in enumerate(captions):
        scores = embedder.encode_texts(own[:5]) @ pictures.T
        places += [int((row > row[number]).sum()) for row in scores]
    return {depth: float(np.mean(np.array(places) < depth)) for depth in (1, 5, 10)}


def caltech(folder: Path) -> tuple[list[str], list[Path]]:
    """Up to 40 photographs of each class, the same ones at each call: their labels and paths."""
    labels, paths = [], []
    for group in sorted(folder.iterdir()):
        files = sorted(group.iterdir())
        step = max(1, len(files) // PER_CLASS)
        for path in files[::step][:PER_CLASS]:
            labels.append(group.name)
            paths.append(path)
    return labels, paths


def plain(label: str) -> str:
    """A class's name as one would type it."""
    return PLAIN_NAMES.get(label, label.replace("_", " ").lower())


def naming(
    embedder: Embedder, pictures: FloatArray, labels: Sequence[str], unseen: Sequence[str], choices: Sequence[str],
    prompt: str,
) -> tuple[float, float]:  # fmt: skip
    """Share of photographs whose class has the nearest name, and one of the five nearest; mean over classes."""
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
    """Of the five nearest to each photograph of an unseen class, the share of its class; mean over photographs."""
    scores = pictures @ pictures.T
    np.fill_diagonal(scores, -2)
    nearest = np.argsort(-scores, axis=1)[:, :5]
    kinds = np.array(labels)
    rows = np.isin(kinds, unseen)
    return float(np.mean(kinds[nearest[rows]] == kinds[rows][:, None]))


def big_model(scratch: Path) -> str:
    """ViT-B-32-256 with random weights, in ``scratch/models``: what they say changes nothing about what they cost."""
    file = scratch / "random.safetensors"
    return import_checkpoint(file, random_checkpoint(file), scratch / "models")


def speeds(ours: Embedder, theirs: Embedder) -> tuple[float, float]:
    """Photographs a second of the forward pass, prepared already, each in batches of its own size: medians."""
    picture = Image.effect_noise((640, 480), 60).convert("RGB")
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS + 1):  # the first is for warming up
        for embedder, times in zip((ours, theirs), taken, strict=True):
            batch = [embedder.prepare(picture)] * embedder.batch_size
            began = time.perf_counter()
            for _ in range(4):
                embedder.encode_images(batch)
            times.append(4 * len(batch) / (time.perf_counter() - began))
    return statistics.median(taken[0][1:]), statistics.median(taken[1][1:])


if __name__ == "__main__":
    main()
