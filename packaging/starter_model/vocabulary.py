"""Final training of the text tower alone: rare words, and captions with the finished image tower.

The image tower stays as ``together`` left it. The earlier stages saw each of WordNet's 31,704 lemmas only a few times,
and the vectors of rare words were far from their targets, so most of each batch here consists of words and lemmas. To
prevent forgetting, captions are still trained with the image tower's vectors of their photographs.
"""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from checkpoints import chance_state, load, restore_chance, save, unfinished
from clip_teacher import centred_vectors
from evaluation import encode_pictures, held_out
from image_tower import new_image_tower
from places import Places
from splits import Splits
from text_lessons import Lesson, asked_as, text_lessons
from text_teacher import contrast, load_text_teacher
from text_tower import parameters_by_decay, rate_of_step
from texts import CAPTIONS_EACH
from together import report, views_of_third_stage
from torch import Tensor, nn
from tower_pair import LAST
from towers import ImageTower, text_tower, tokenizer, tokens_of, unit

STEPS = 240
_VIEWS = 2
_AT_ONCE = 256
"""Number of photographs that go through the image tower's last stage together."""
_CAPTIONED = 288
"""Number of photographs in a batch, each with one caption."""
_BATCHES = {"words": 384, "lemmas": 704}
_LONGEST = {"captions": 20, "words": 10, "lemmas": 10}
"""Maximum number of tokens of each kind of text; the few longer ones are truncated."""
_RATE = 1e-3
_WARM_UP = 15
"""Number of warm-up steps."""
_KEEP = 0.97
"""Decay of the running means per step."""
_SMOOTHING = 0.02
_SAVE_EVERY, _REPORT_EVERY = 25, 50
_SEED = 2


@dataclass(frozen=True)
class _Lessons:
    """Training data of the text tower."""

    seen: Tensor
    """The image tower's unit vectors of the photographs of Flickr8k, (views, n, 512)."""
    captions: Lesson
    """Five captions of each of these photographs, with the text teacher's vectors, (5n, 512)."""
    by_heart: dict[str, Lesson]
    """Words and lemmas, with their target vectors."""


class _Learner:
    """The text tower during training, with the running means of its weights."""

    def __init__(self, state: dict[str, Tensor]) -> None:
        self._tower = text_tower()
        self._tower.load_state_dict(state)
        self._tower.train()
        self.scale = nn.Parameter(torch.tensor(3.2))
        """Logarithm of the factor that scales similarities."""
        self.mean = {name: values.clone() for name, values in self._tower.state_dict().items()}
        self._optimizer = _optimizer(self._tower, self.scale)

    def vectors(self, tokens: Tensor) -> Tensor:
        """Convert tokens, (n, longest), to unit vectors (n, 512)."""
        with torch.autocast("cpu", torch.bfloat16):
            vectors = self._tower(tokens)
        return unit(vectors.float())

    def begin_step(self, step: int, steps: int) -> None:
        """Clear the gradients and set the learning rate: 15 steps of warm-up, then cosine decay."""
        rate = rate_of_step(step, steps, _WARM_UP)
        for group in self._optimizer.param_groups:
            group["lr"] = _RATE * rate
        self._optimizer.zero_grad()

    def end_step(self, step: int) -> None:
        """Apply the gradients and update the running means."""
        trained = [values for group in self._optimizer.param_groups for values in group["params"]]
        nn.utils.clip_grad_norm_(trained, 2.0)
        self._optimizer.step()
        moved = 1 - min(_KEEP, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, values in self._tower.state_dict().items():
                self.mean[name].lerp_(values, moved)

    def state(self) -> dict[str, Any]:
        """Return the complete training state, for ``restore``."""
        return {
            "tower": self._tower.state_dict(),
            "mean": self.mean,
            "scale": self.scale.detach(),
            "optimizer": self._optimizer.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Restore a state returned by ``state``."""
        self._tower.load_state_dict(state["tower"])
        self.mean = state["mean"]
        with torch.no_grad():
            self.scale.copy_(state["scale"])
        self._optimizer.load_state_dict(state["optimizer"])


def finish_vocabulary(places: Places, splits: Splits, steps: int = STEPS, per_class: int = 30) -> None:
    """Finish the text tower and write ``places.vocabulary``: the weights ``image``, unchanged, and ``text``.

    An interrupted run resumes from its last saved step (every 25 steps) and computes the same views again.
    ``per_class`` is the number of photographs of each held-out class for evaluation.
    """
    torch.manual_seed(_SEED)
    chance = np.random.RandomState(_SEED)
    before = load(places.together)
    image = new_image_tower(places)
    image.load_state_dict(before["image"])
    image.eval()
    lessons = _lessons(places, splits, image)
    unseen = held_out(places, splits, centred_vectors(places)[0], per_class)
    pictures, objects = (encode_pictures(image, pixels) for pixels in (unseen.flickr, unseen.objects))
    learner = _Learner(before["text"])
    tokenize = tokenizer()
    step = 0
    stopped = unfinished(places.vocabulary)
    if stopped.exists():
        state = load(stopped)
        learner.restore(state["learner"])
        restore_chance(state["chance"], chance)
        step = state["step"]
        print(f"going on at step {step} of {steps}", flush=True)
    started = time.monotonic()
    averages: dict[str, float] = {}
    while step < steps:
        learner.begin_step(step, steps)
        losses = _learn_captions(learner, lessons, tokenize, chance)
        for kind, lesson in lessons.by_heart.items():
            losses[kind] = _learn_by_heart(learner, kind, lesson, tokenize, chance)
        learner.end_step(step)
        for name, value in losses.items():
            averages[name] = averages.get(name, value) * 0.95 + 0.05 * value
        step += 1
        if step % _SAVE_EVERY == 0 or step == steps:
            figures = " ".join(f"{name} {value:.3f}" for name, value in averages.items())
            print(f"{step}/{steps} {time.monotonic() - started:.0f} s {figures}", flush=True)
            save(stopped, {"learner": learner.state(), "chance": chance_state(chance), "step": step})
        if step % _REPORT_EVERY == 0 or step == steps:
            print(f"step {step}: {report(unseen, pictures, objects, learner.mean)}", flush=True)
    save(places.vocabulary, {"image": before["image"], "text": learner.mean})
    stopped.unlink(missing_ok=True)


def _lessons(places: Places, splits: Splits, image: ImageTower) -> _Lessons:
    teacher, to_images = load_text_teacher(places.text_teacher)
    # Phrases are not learned here, so generate only one.
    lessons = text_lessons(places, splits, teacher, to_images, phrases=1)
    views = views_of_third_stage(image, [places.photograph(name) for name in splits.flickr_train], _VIEWS)
    seen = torch.stack([_seen(image, view) for view in views])
    return _Lessons(seen, lessons["captions"], {kind: lessons[kind] for kind in _BATCHES})


@torch.no_grad()
def _seen(image: ImageTower, view: Tensor) -> Tensor:
    """Convert outputs of the third stage, (n, 160, 12, 12) in bfloat16, to unit vectors (n, 512)."""
    trunk: Any = image.trunk
    vectors = []
    for start in range(0, len(view), _AT_ONCE):
        batch = view[start : start + _AT_ONCE].contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            features = image.head(trunk.forward_head(trunk.stages[LAST](batch)).float())
        vectors.append(unit(features.float()))
    return torch.cat(vectors)


def _learn_captions(
    learner: _Learner, lessons: _Lessons, tokenize: Any, chance: np.random.RandomState
) -> dict[str, float]:
    """Add the gradients of one batch of photographs with one caption each; return the losses."""
    views, count, _ = lessons.seen.shape
    own = chance.choice(count, min(_CAPTIONED, count), replace=False)
    which = own * CAPTIONS_EACH + chance.randint(0, CAPTIONS_EACH, len(own))
    texts = [asked_as(lessons.captions.texts[caption], "captions", chance) for caption in which]
    asked = learner.vectors(tokens_of(tokenize, texts, _LONGEST["captions"]))
    view = torch.from_numpy(chance.randint(0, views, len(own)))
    seen = lessons.seen[view, torch.from_numpy(own)]
    to_pictures = contrast(asked @ seen.T * learner.scale.exp(), _SMOOTHING)
    angle = 1 - (asked * lessons.captions.goals[torch.from_numpy(which)]).sum(1).mean()
    (to_pictures + 1.5 * angle).backward()
    return {"captions": to_pictures.item(), "text angle": angle.item()}


def _learn_by_heart(
    learner: _Learner, kind: str, lesson: Lesson, tokenize: Any, chance: np.random.RandomState
) -> float:
    """Add the gradients of one batch of words or lemmas; return the angle loss."""
    texts, goals = lesson.batch(kind, _BATCHES[kind], chance)
    vectors = learner.vectors(tokens_of(tokenize, texts, _LONGEST[kind]))
    angle = 1 - (vectors * goals).sum(1).mean()
    (4 * angle).backward()
    return angle.item()


def _optimizer(tower: nn.Module, scale: nn.Parameter) -> torch.optim.Optimizer:
    still, matrices = parameters_by_decay(tower)
    groups = [
        {"params": still, "weight_decay": 0},
        {"params": matrices, "weight_decay": 0.01},
        {"params": [scale], "weight_decay": 0},
    ]
    return torch.optim.AdamW(groups, lr=_RATE, betas=(0.9, 0.98))
