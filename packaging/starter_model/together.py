"""Joint training of both towers.

Before this stage, each tower is trained separately, by teachers with a common space. The small image tower is less
exact than its teacher; here the text tower learns the image tower's actual vectors of captioned photographs, and the
image tower's last stage learns to match the captions. The earlier stages are frozen, so their outputs are computed only
once, for a few random crops of every photograph. To prevent forgetting, the towers also rehearse everything else with
their teachers' vectors: photographs without captions, words, lemmas and phrases. The results are running means of both
towers' weights.
"""

import copy
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from checkpoints import chance_state, load, restore_chance, save, unfinished
from clip_teacher import centred_vectors
from evaluation import HeldOut, encode_pictures, held_out, naming, recalls
from image_tower import (
    STORED,
    agreement,
    crop,
    load_image_tower,
    photographs_seen,
    told_by_teacher,
    where_told,
)
from places import Places, all_squeezed
from sentences import SentenceVectors
from splits import Splits
from text_lessons import Lesson, asked_as, text_lessons
from text_teacher import contrast, held_out_texts, load_text_teacher
from text_tower import encode_texts, load_text_tower
from texts import CAPTIONS_EACH, captions, photo_of
from torch import Tensor, nn
from tower_pair import LAST, TowerPair
from towers import ImageTower, channels_last, tokenizer, tokens_of

STEPS = 220
PHRASES = 2_000
"""Number of generated phrases to rehearse, the first of those in the text tower's training."""
_VIEWS = 3
_LEAST = 0.85
"""Minimum share of a photograph's side in a crop; larger than before, because searches use whole photographs."""
_AT_ONCE = 64
"""Number of photographs whose views are computed together."""
_THIRD_STAGE = (160, 12, 12)
"""Shape of the third stage's output: channels, and cells down and across."""
_CAPTIONED, _OTHERS = 384, 128
"""Numbers of photographs in a batch with and without captions."""
_REHEARSED = {"words": 384, "lemmas": 80, "phrases": 48}
_LONGEST = {"captions": 20, "words": 10, "lemmas": 12, "phrases": 16}
"""Maximum number of tokens of each kind of text; the few longer ones are truncated."""
_SMOOTHING = 0.02
_SAVE_EVERY, _REPORT_EVERY = 30, 90
_SEED = 1


@dataclass(frozen=True)
class _Lessons:
    """Training data; photographs of Flickr8k, which have captions, come first."""

    views: Tensor
    """Outputs of the third stage, (views, n, 160, 12, 12) in bfloat16."""
    goals: Tensor
    """The image teacher's unit vectors, (n, 512)."""
    said: list[list[str]]
    """Five captions of each photograph of Flickr8k."""
    told: Tensor
    """The text teacher's vectors of the captions, (photographs of Flickr8k, 5, 512)."""
    bank: Tensor
    """Vectors of the captions, and of the words twice, (m, 512)."""
    rehearsed: dict[str, Lesson]
    """Words, lemmas and phrases to rehearse."""


def finish_together(
    places: Places,
    splits: Splits,
    found: Sequence[str],
    steps: int = STEPS,
    phrases: int = PHRASES,
    per_class: int = 30,
) -> None:
    """Train both towers together and write ``places.together``: their weights ``image`` and ``text``.

    An interrupted run resumes from its last saved step (every 30 steps) and computes the same views again.

    Args:
        places: The data and work folders.
        splits: The photographs to train on and to hold out.
        found: Names of the photographs from packages.
        steps: The number of steps.
        phrases: The number of generated phrases.
        per_class: The number of photographs of each held-out class for evaluation.
    """
    torch.manual_seed(_SEED)
    chance = np.random.RandomState(_SEED)
    images, _ = centred_vectors(places)
    teacher, to_images = load_text_teacher(places.text_teacher)
    image = load_image_tower(places)
    names = photographs_seen(splits, found, images)
    views = views_of_third_stage(image, [places.photograph(name) for name in names])
    said = captions(places, [name for name in names if name.startswith("flickr8k/")])
    rehearsed = text_lessons(places, splits, teacher, to_images, phrases)
    del rehearsed["captions"]
    sentences = SentenceVectors(places)
    sentences.add(held_out_texts(places, splits))
    told = where_told(said, teacher, sentences)
    of_words = rehearsed["words"].goals
    lessons = _Lessons(
        views,
        torch.from_numpy(np.stack([images[name] for name in names])).float(),
        said,
        told,
        torch.cat([told.reshape(-1, told.shape[-1]), of_words, of_words]),
        rehearsed,
    )
    unseen = held_out(places, splits, images, per_class)
    pair = TowerPair(image, load_text_tower(places))
    tokenize = tokenizer()
    step = 0
    stopped = unfinished(places.together)
    if stopped.exists():
        state = load(stopped)
        pair.restore(state["pair"])
        restore_chance(state["chance"], chance)
        step = state["step"]
        print(f"going on at step {step} of {steps}", flush=True)
    else:
        print(f"before: {_report(unseen, pair)}", flush=True)
        pictures, objects = (encode_pictures(image, pixels) for pixels in (unseen.flickr, unseen.objects))
        by_teacher = told_by_teacher(unseen, teacher, sentences)
        print(f"by the text teacher: {unseen.report(pictures, objects, *by_teacher)}", flush=True)
    started = time.monotonic()
    averages: dict[str, float] = {}
    while step < steps:
        pair.begin_step(step, steps)
        losses = learn_captions(pair, lessons, tokenize, chance)
        for kind, lesson in lessons.rehearsed.items():
            losses[kind] = rehearse(pair, kind, lesson, tokenize, chance)
        pair.end_step(step)
        for name, value in losses.items():
            averages[name] = averages.get(name, value) * 0.95 + 0.05 * value
        step += 1
        if step % _SAVE_EVERY == 0 or step == steps:
            figures = " ".join(f"{name} {value:.3f}" for name, value in averages.items())
            print(f"{step}/{steps} {time.monotonic() - started:.0f} s {figures}", flush=True)
            save(stopped, {"pair": pair.state(), "chance": chance_state(chance), "step": step})
        if step % _REPORT_EVERY == 0 or step == steps:
            print(f"step {step}: {_report(unseen, pair)}", flush=True)
    save(places.together, {"image": pair.mean_image.state_dict(), "text": pair.mean_text})
    stopped.unlink(missing_ok=True)


def views_of_third_stage(tower: ImageTower, paths: Sequence[Path], count: int = _VIEWS) -> Tensor:
    """Compute the third stage's outputs for random crops of each photograph, (count, n, 160, 12, 12) in bfloat16."""
    trunk: Any = tower.trunk
    stages = nn.Sequential(trunk.patch_embed, *(trunk.stages[number] for number in range(LAST)))
    fast = channels_last(copy.deepcopy(stages).bfloat16().eval())
    pixels = torch.from_numpy(all_squeezed(paths, STORED))
    views = torch.empty(count, len(pixels), *_THIRD_STAGE, dtype=torch.bfloat16)
    for view in range(count):
        for start in range(0, len(pixels), _AT_ONCE):
            crops = crop(pixels[start : start + _AT_ONCE], _LEAST).bfloat16()
            with torch.inference_mode():
                features = fast(crops.contiguous(memory_format=torch.channels_last))
                views[view, start : start + _AT_ONCE] = features
        print(f"view {view + 1} of {count} of {len(pixels)} photographs", flush=True)
    return views


def learn_captions(
    pair: TowerPair, lessons: _Lessons, tokenize: Any, chance: np.random.RandomState
) -> dict[str, float]:
    """Add the gradients of one batch of photographs, most of them captioned; return the losses."""
    with_captions, count = len(lessons.said), len(lessons.goals)
    own = chance.choice(with_captions, min(_CAPTIONED, with_captions), replace=False)
    which = chance.randint(0, CAPTIONS_EACH, len(own))
    texts = [
        asked_as(lessons.said[photograph][caption], "captions", chance)
        for photograph, caption in zip(own, which, strict=True)
    ]
    without = count - with_captions
    others = with_captions + chance.choice(without, min(_OTHERS, without), replace=False)
    at = torch.from_numpy(np.concatenate([own, others]))
    views = lessons.views[torch.from_numpy(chance.randint(0, len(lessons.views), len(at))), at]
    seen = pair.image_vectors(views.contiguous(memory_format=torch.channels_last))
    asked = pair.text_vectors(tokens_of(tokenize, texts, _LONGEST["captions"]))
    goals = lessons.goals[at]
    to_each_other = contrast(asked @ seen[: len(own)].T * pair.scale.exp(), _SMOOTHING)
    angle = 1 - (seen * goals).sum(1).mean()
    of_bank = agreement(seen, goals, lessons.bank)
    text_angle = 1 - (asked * lessons.told[own, which]).sum(1).mean()
    (to_each_other + 1.5 * angle + of_bank + 1.5 * text_angle).backward()
    return {
        "captions": to_each_other.item(),
        "angle": angle.item(),
        "bank": of_bank.item(),
        "text angle": text_angle.item(),
    }


def rehearse(
    pair: TowerPair, kind: str, lesson: Lesson, tokenize: Any, chance: np.random.RandomState
) -> float:
    """Add the gradients of one batch of texts that were learned before; return the angle loss."""
    texts, goals = lesson.batch(kind, _REHEARSED[kind], chance)
    vectors = pair.text_vectors(tokens_of(tokenize, texts, _LONGEST[kind]))
    angle = 1 - (vectors * goals).sum(1).mean()
    (3 * angle * (1 if kind == "words" else 0.5)).backward()
    return angle.item()


def _report(unseen: HeldOut, pair: TowerPair) -> str:
    """Return the figures of the running means as one line."""
    pictures, objects = (
        encode_pictures(pair.mean_image, pixels) for pixels in (unseen.flickr, unseen.objects)
    )
    return report(unseen, pictures, objects, pair.mean_text)


def report(unseen: HeldOut, pictures: Tensor, objects: Tensor, text: dict[str, Tensor]) -> str:
    """Return the figures as one line: captions to pictures, names bare and in a prompt, pictures to pictures.

    ``pictures`` and ``objects`` are the vectors of those in ``unseen``, (n, 512); ``text`` are the weights of the text
    tower.
    """
    queries = torch.stack([encode_texts(text, each) for each in unseen.captions_in_turn()])
    bare, prompted = (
        naming(objects, encode_texts(text, names), unseen.labels)
        for names in (unseen.names, [photo_of(name) for name in unseen.names])
    )
    return (
        "recall@1/5/10 {:.3f} {:.3f} {:.3f} | naming top-1/5 {:.3f} {:.3f}, as a photo of it {:.3f} {:.3f} | "
        "precision@5 {:.3f}"
    ).format(*recalls(queries, pictures), *bare, *prompted, unseen.precision(objects))
