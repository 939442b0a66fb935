"""Evaluation of the towers on held-out data during training.

This is a quick evaluation in torch; benchmarks/starter_model.py measures the finished model.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from places import Places, all_squeezed
from splits import Splits, objects
from texts import CALTECH_CLASSES, CAPTIONS_EACH, captions, spoken
from torch import Tensor, nn
from torch.nn import functional
from towers import SIDE, channels_last, unit

NAMES = 50
"""Number of names to choose from for a photograph of a held-out class."""
PER_CLASS = 30
_BATCH = 64
MEAN = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
SPREAD = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)


def as_seen(pixels: Tensor) -> Tensor:
    """Convert pixels, (n, side, side, 3) of 0 to 255, to the input of the image tower, (n, 3, 192, 192)."""
    pictures = pixels.permute(0, 3, 1, 2).float() / 255
    if pictures.shape[-1] != SIDE:
        pictures = functional.interpolate(pictures, (SIDE, SIDE), mode="bicubic", antialias=True)
    return (pictures - MEAN) / SPREAD


@torch.inference_mode()
def encode_pictures(tower: nn.Module, pixels: Tensor) -> Tensor:
    """Embed pixels, (n, side, side, 3), as unit vectors (n, 512) with a bfloat16 copy of the tower."""
    fast = channels_last(copy.deepcopy(tower).bfloat16().eval())
    vectors = []
    for start in range(0, len(pixels), _BATCH):
        batch = (
            as_seen(pixels[start : start + _BATCH]).bfloat16().contiguous(memory_format=torch.channels_last)
        )
        vectors.append(unit(fast(batch).float()))
    return torch.cat(vectors)


def recalls(queries: Tensor, pictures: Tensor) -> tuple[float, float, float]:
    """Return recall at 1, 5 and 10; ``queries`` (5, n, 512) are the captions of ``pictures`` (n, 512)."""
    own = torch.arange(len(pictures))[:, None]
    ranks = torch.cat(
        [((q @ pictures.T).argsort(1, descending=True) == own).int().argmax(1) for q in queries]
    )
    at = [(ranks < k).float().mean().item() for k in (1, 5, 10)]
    return at[0], at[1], at[2]


def naming(pictures: Tensor, names: Tensor, labels: Tensor) -> tuple[float, float]:
    """Return the top-1 and top-5 accuracy of naming ``pictures``; ``labels`` are their rows in ``names``."""
    nearest = (pictures @ names.T).topk(min(5, len(names)), 1).indices
    own = labels[:, None]
    return (nearest[:, :1] == own).float().mean().item(), (nearest == own).any(1).float().mean().item()


@dataclass(frozen=True)
class HeldOut:
    """Photographs that are never trained on, with their captions and the names of their classes."""

    captions: list[list[str]]
    """Five captions of each photograph in ``flickr``."""
    flickr: Tensor
    """Photographs of Flickr8k, (n, 192, 192, 3)."""
    taught: list[tuple[int, Tensor]]
    """The teacher's vectors of some photographs in ``flickr``, with their row numbers."""
    objects: Tensor
    """Photographs of Caltech-101, (n, 192, 192, 3)."""
    labels: Tensor
    """For each of ``objects``, the position of its class in ``names``."""
    names: list[str]

    def captions_in_turn(self) -> list[list[str]]:
        """Return the first captions of all photographs, then the second ones, and so on."""
        return [[each[number] for each in self.captions] for number in range(CAPTIONS_EACH)]

    def precision(self, objects: Tensor) -> float:
        """Return precision@5 of embedded ``objects``, (n, 512): the share of the same class among the five nearest."""
        likeness = objects @ objects.T
        likeness.fill_diagonal_(-9)
        nearest = likeness.topk(min(5, len(objects) - 1), 1).indices
        return (self.labels[nearest] == self.labels[:, None]).float().mean().item()

    def report(self, pictures: Tensor, objects: Tensor, queries: Tensor, names: Tensor) -> str:
        """Return the figures as one line, from the vectors of the photographs, the captions in turn, and the names."""
        agreement = [float(pictures[number] @ vector) for number, vector in self.taught]
        return (
            "recall@1/5/10 {:.3f} {:.3f} {:.3f} | naming top-1/5 {:.3f} {:.3f} | precision@5 {:.3f} | "
            "cosine to the teacher {:.3f}"
        ).format(
            *recalls(queries, pictures),
            *naming(objects, names, self.labels),
            self.precision(objects),
            float(np.mean(agreement)) if agreement else 0,
        )


def held_out(
    places: Places, splits: Splits, taught: dict[str, np.ndarray], per_class: int = PER_CLASS
) -> HeldOut:
    """Load the held-out data; ``taught`` contains the teacher's centred vectors by photograph."""
    chance = np.random.RandomState(3)
    of_class = objects(places.data)
    own_names = [spoken(name) for name in splits.classes_held_out]
    paths, labels = [], []
    for name in splits.classes_held_out:
        files = of_class[name]
        for number in chance.permutation(len(files))[:per_class]:
            paths.append(places.photograph(files[number]))
            # Two folders show faces; both get the label of the first.
            labels.append(own_names.index(spoken(name)))
    others = [
        name
        for name in CALTECH_CLASSES
        if name not in splits.classes_held_out and spoken(name) not in own_names
    ]
    in_order = np.random.RandomState(5).permutation(len(others))
    fill = [spoken(others[number]) for number in in_order][: NAMES - len(set(own_names))]
    photographs = splits.flickr_held_out
    return HeldOut(
        captions(places, photographs),
        torch.from_numpy(all_squeezed([places.photograph(name) for name in photographs], SIDE)),
        [(n, torch.from_numpy(taught[name])) for n, name in enumerate(photographs) if name in taught],
        torch.from_numpy(all_squeezed(paths, SIDE)),
        torch.tensor(labels),
        own_names + fill,
    )
