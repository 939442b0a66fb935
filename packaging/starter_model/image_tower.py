"""Training of the image tower: TinyViT-5M, distilled from CLIP ViT-B/16.

The teacher's vector of a whole photograph is the target for every crop of it. There are four losses: the angle to that
vector; agreement about the captions and words near it; the similarities between the photographs of a batch; and for
Flickr8k a contrastive loss with captions. The first stage keeps its weights from ImageNet-22k, since it detects only
edges and colours, and training it would take a third of each step. The result is a running mean of the weights.
"""

import copy
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from checkpoints import chance_state, load, restore_chance, save, unfinished
from clip_teacher import centred_vectors
from evaluation import MEAN, SPREAD, HeldOut, encode_pictures, held_out
from places import Places, all_squeezed
from sentences import SentenceVectors
from splits import Splits
from text_teacher import TextTeacher, held_out_texts, load_text_teacher
from texts import CAPTIONS_EACH, captions, photo_of, words
from tiny_vit_weights import tiny_vit_file, trained_trunk
from torch import Tensor, nn
from torch.nn import functional
from towers import SIDE, ImageTower, channels_last, folded, unit

EPOCHS = 8.0
LEFT_OUT_CLASS = "caltech101/Faces/"
"""Class excluded from training, because its other half, Faces_easy, is held out."""
STORED = 224
"""Side in pixels of the stored photographs that crops are taken from."""
_LEAST = 0.72
"""Minimum share of a photograph's side that a crop covers."""
_BATCH = 64
_BANK = 4096
"""Number of captions and words, drawn from all, that each batch is compared with."""
_OTHERS = 1024
_SEED = 0


def new_image_tower(places: Places) -> ImageTower:
    """Create TinyViT with ImageNet-22k's weights and a new head."""
    return ImageTower(folded(trained_trunk(tiny_vit_file(places.archives, places.unpacked))))


def load_image_tower(places: Places) -> ImageTower:
    """Load the trained image tower."""
    tower = new_image_tower(places)
    tower.load_state_dict(load(places.image_tower)["tower"])
    return tower.eval()


@dataclass(frozen=True)
class _Lessons:
    pixels: Tensor
    """(n, 224, 224, 3)"""
    goals: Tensor
    """The teacher's unit vectors, (n, 512)."""
    own: Tensor
    """The row in ``told`` of each photograph; -1 without captions."""
    told: Tensor
    """The text teacher's vectors of the captions, (photographs of Flickr8k, 5, 512)."""
    bank: Tensor
    """Vectors of the captions, and of the words twice, (n, 512)."""


def train_image_tower(
    places: Places, splits: Splits, found: Sequence[str], epochs: float = EPOCHS, per_class: int = 30
) -> None:
    """Train the image tower and write ``places.image_tower``; an interrupted run resumes after its last full epoch.

    Args:
        places: The data and work folders.
        splits: The photographs to train on and to hold out.
        found: Names of the photographs from packages.
        epochs: The number of epochs.
        per_class: The number of photographs of each held-out class for evaluation.
    """
    torch.manual_seed(_SEED)
    images, _ = centred_vectors(places)
    text_teacher, to_images = load_text_teacher(places.text_teacher)
    sentences = SentenceVectors(places)
    sentences.add(held_out_texts(places, splits))
    unseen = held_out(places, splits, images, per_class)
    names = photographs_seen(splits, found, images)
    lessons = _lessons(places, names, images, text_teacher, to_images, sentences)
    queries, named = told_by_teacher(unseen, text_teacher, sentences)

    tower = new_image_tower(places).train()
    trunk: Any = tower.trunk
    first = nn.Sequential(trunk.patch_embed, trunk.stages[0])
    fast_first = channels_last(copy.deepcopy(first).bfloat16().eval())
    first.requires_grad_(False)
    optimizer = _optimizer(tower)
    mean = copy.deepcopy(tower).eval()
    count = len(names)
    batch = min(_BATCH, count)
    per_epoch = count // batch
    total = int(epochs * per_epoch)
    step = 0
    stopped = unfinished(places.image_tower)
    if stopped.exists():
        state = load(stopped)
        tower.load_state_dict(state["tower"])
        mean.load_state_dict(state["mean"])
        optimizer.load_state_dict(state["optimizer"])
        restore_chance(state["chance"])
        step = state["step"]
        print(f"going on at step {step} of {total}", flush=True)
    channels_last(tower)
    started = time.monotonic()
    averages: dict[str, float] = {}
    while step < total:
        epoch, within = divmod(step, per_epoch)
        order = torch.from_numpy(np.random.RandomState(epoch).permutation(count))
        at = order[within * batch : (within + 1) * batch]
        _set_rates(optimizer, step, total)
        crops = crop(lessons.pixels[at]).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            with torch.no_grad():
                features = fast_first(crops.bfloat16())
            for stage in trunk.stages[1:]:
                features = stage(features)
            features = trunk.forward_head(features)
        parts = _losses(unit(tower.head(features.float())), at, lessons)
        loss = 2 * parts["angle"] + parts["bank"] + parts["likeness"] + 0.25 * parts["captions"]
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(tower.parameters(), 2.0)
        optimizer.step()
        step += 1
        keep = min(0.998, (1 + step) / (10 + step))
        with torch.no_grad():
            for average, current in zip(mean.parameters(), tower.parameters(), strict=True):
                average.lerp_(current, 1 - keep)
        for name, value in parts.items():
            averages[name] = averages.get(name, 0) * 0.98 + 0.02 * value.item()
        if step % 50 == 0:
            figures = " ".join(f"{name} {value:.3f}" for name, value in averages.items())
            print(f"{step}/{total} {time.monotonic() - started:.0f} s {figures}", flush=True)
        if step % per_epoch == 0 or step == total:
            if (step // per_epoch) % 2 == 0 or step == total:
                pictures, objects = (
                    encode_pictures(mean, pixels) for pixels in (unseen.flickr, unseen.objects)
                )
                print(
                    f"epoch {step // per_epoch}: {unseen.report(pictures, objects, queries, named)}",
                    flush=True,
                )
            save(
                stopped,
                {
                    "tower": tower.state_dict(),
                    "mean": mean.state_dict(),
                    "optimizer": optimizer.state_dict(),
                    "chance": chance_state(),
                    "step": step,
                },
            )
    save(places.image_tower, {"tower": mean.state_dict()})
    stopped.unlink(missing_ok=True)


def photographs_seen(splits: Splits, found: Sequence[str], images: dict[str, np.ndarray]) -> list[str]:
    """Return the names of all training photographs with a vector in ``images``, those of Flickr8k first."""
    names = [name for name in (*splits.flickr_train, *splits.objects_train, *found) if name in images]
    return [name for name in names if not name.startswith(LEFT_OUT_CLASS)]


def told_by_teacher(
    unseen: HeldOut, teacher: TextTeacher, sentences: SentenceVectors
) -> tuple[Tensor, Tensor]:
    """Return the text teacher's vectors of the held-out captions, in turn, and of the names (bare plus prompted)."""
    with torch.no_grad():
        queries = torch.stack([teacher(sentences.of(each)) for each in unseen.captions_in_turn()])
        prompts = [photo_of(name) for name in unseen.names]
        named = unit(teacher(sentences.of(unseen.names)) + teacher(sentences.of(prompts)))
    return queries, named


def where_told(said: list[list[str]], teacher: TextTeacher, sentences: SentenceVectors) -> Tensor:
    """Return the text teacher's vectors of each photograph's captions, (n, 5, 512)."""
    with torch.no_grad():
        told = teacher(sentences.of([caption for each in said for caption in each]))
    return told.view(len(said), CAPTIONS_EACH, -1)


def crop(pixels: Tensor, least: float = _LEAST) -> Tensor:
    """Take a random crop of each photograph, (n, 224, 224, 3) to (n, 3, 192, 192).

    A crop covers ``least`` to 1 of each side, may be flipped, and has slightly changed brightness, contrast and
    saturation. Each side is additionally stretched or shrunk by up to an eighth.
    """
    count = len(pixels)
    pictures = pixels.permute(0, 3, 1, 2).float() / 255

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.empty(count, *shape).uniform_(low, high)

    share = uniform(least, 1.0)
    stretch = torch.exp(uniform(-0.12, 0.12))
    across, down = (share * stretch).clamp(max=1), (share / stretch).clamp(max=1)
    right = uniform(-1, 1) * (1 - across)
    low = uniform(-1, 1) * (1 - down)
    flip = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    where = torch.zeros(count, 2, 3)
    where[:, 0, 0] = across * flip
    where[:, 1, 1] = down
    where[:, 0, 2] = right
    where[:, 1, 2] = low
    grid = functional.affine_grid(where, [count, 3, SIDE, SIDE], align_corners=False)
    pictures = functional.grid_sample(
        pictures, grid, mode="bilinear", padding_mode="reflection", align_corners=False
    )
    mean = pictures.mean((1, 2, 3), keepdim=True)
    pictures = (pictures - mean) * uniform(0.8, 1.2, 1, 1, 1) + mean * uniform(0.8, 1.2, 1, 1, 1)
    grey = pictures.mean(1, keepdim=True)
    pictures = grey + (pictures - grey) * uniform(0.75, 1.25, 1, 1, 1)
    return (pictures.clamp(0, 1) - MEAN) / SPREAD


def _lessons(
    places: Places,
    names: Sequence[str],
    images: dict[str, np.ndarray],
    teacher: TextTeacher,
    to_images: Tensor,
    sentences: SentenceVectors,
) -> _Lessons:
    flickr = [name for name in names if name.startswith("flickr8k/")]
    row = {name: number for number, name in enumerate(flickr)}
    said = captions(places, flickr)
    told = where_told(said, teacher, sentences)
    with torch.no_grad():
        of_words = unit(words(places).directions() @ to_images)
    print(f"{len(names)} photographs, {len(flickr)} of them with captions", flush=True)
    return _Lessons(
        torch.from_numpy(all_squeezed([places.photograph(name) for name in names], STORED)),
        torch.from_numpy(np.stack([images[name] for name in names])).float(),
        torch.tensor([row.get(name, -1) for name in names]),
        told,
        torch.cat([told.reshape(-1, told.shape[-1]), of_words, of_words]),
    )


def _optimizer(tower: ImageTower) -> torch.optim.Optimizer:
    """Create the optimizer; ``peak`` is the maximum learning rate of a group."""
    free = [parameter for parameter in tower.trunk.parameters() if parameter.requires_grad]
    groups = [
        {"params": list(tower.head.parameters()), "peak": 1.5e-3, "weight_decay": 0.02},
        {
            "params": [parameter for parameter in free if parameter.ndim > 1],
            "peak": 1.5e-4,
            "weight_decay": 0.03,
        },
        {
            "params": [parameter for parameter in free if parameter.ndim <= 1],
            "peak": 1.5e-4,
            "weight_decay": 0,
        },
    ]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98))


def _set_rates(optimizer: torch.optim.Optimizer, step: int, total: int) -> None:
    """Set the learning rates: 100 steps of warm-up, then cosine decay; the trunk starts after 60 steps."""
    rate = min(1, step / 100) * (0.5 * (1 + math.cos(math.pi * step / total)) * 0.98 + 0.02)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * rate * (group["peak"] > 1e-3 or step > 60)


def _losses(vectors: Tensor, at: Tensor, lessons: _Lessons) -> dict[str, Tensor]:
    goals = lessons.goals[at]
    angle = 1 - (vectors * goals).sum(1).mean()
    of_bank = agreement(vectors, goals, lessons.bank)
    likeness = ((goals @ goals.T - vectors @ vectors.T) ** 2).mean() * 8
    return {
        "angle": angle,
        "bank": of_bank,
        "likeness": likeness,
        "captions": _captions_loss(vectors, lessons.own[at], lessons.told),
    }


def agreement(vectors: Tensor, goals: Tensor, bank: Tensor) -> Tensor:
    """Return the Kullback-Leibler divergence between the similarities of ``goals`` and ``vectors`` to ``bank``.

    Both are (n, 512); a random part of ``bank`` is used.
    """
    drawn = bank[torch.randint(0, len(bank), (_BANK,))]
    with torch.no_grad():
        near = functional.softmax(goals @ drawn.T * 20, dim=1)
    reached = functional.log_softmax(vectors @ drawn.T * 20, dim=1)
    return (near * (near.clamp_min(1e-9).log() - reached)).sum(1).mean()


def _captions_loss(vectors: Tensor, own: Tensor, told: Tensor) -> Tensor:
    """Return the contrastive loss of photographs and captions, in both directions."""
    has = own >= 0
    count = int(has.sum())
    if count <= 8:
        return torch.tensor(0.0)
    right = told[own[has], torch.randint(0, CAPTIONS_EACH, (count,))]
    others = told[torch.randint(0, len(told), (_OTHERS,)), torch.randint(0, CAPTIONS_EACH, (_OTHERS,))]
    seen = vectors[has]
    to_texts = torch.cat([seen @ right.T, seen @ others.T], 1) * 18
    numbers = torch.arange(count)
    return (
        functional.cross_entropy(to_texts, numbers, label_smoothing=0.02)
        + functional.cross_entropy(right @ seen.T * 18, numbers)
    ) / 2
