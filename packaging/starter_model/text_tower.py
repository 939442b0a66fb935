"""Training of the text tower, a small transformer on CLIP's tokens, by the text teacher and CLIP's word vectors."""

import math
import time

import numpy as np
import torch
from checkpoints import chance_state, load, restore_chance, save, unfinished
from places import Places
from safetensors.torch import load_file
from sentences import DIMENSIONS as SENTENCE
from sentences import SentenceVectors, sentence_files
from splits import Splits
from text_lessons import MADE_UP, text_lessons
from text_teacher import load_text_teacher
from texts import captions
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from towers import TEXT_WIDTH, VOCABULARY, text_tower, tokenizer, tokens_of, unit

STEPS = 500
_BATCHES = {"captions": 256, "words": 448, "lemmas": 192, "phrases": 192}
_WEIGHTS = {"captions": 1.0, "words": 1.0, "lemmas": 0.5, "phrases": 0.5}
_ALIKE = 0.98
"""Cosine above which two targets count as the same."""
_SAVE_EVERY = 100
_SEED = 0


def load_text_tower(places: Places) -> nn.Module:
    """Load the trained text tower."""
    tower = text_tower()
    tower.load_state_dict(load(places.text_tower)["tower"])
    return tower


def train_text_tower(places: Places, splits: Splits, steps: int = STEPS, phrases: int = MADE_UP) -> None:
    """Train the text tower and write ``places.text_tower``; an interrupted run resumes from its last saved step."""
    torch.manual_seed(_SEED)
    chance = np.random.RandomState(_SEED)
    teacher, to_images = load_text_teacher(places.text_teacher)
    lessons = text_lessons(places, splits, teacher, to_images, phrases)
    print({kind: len(lesson) for kind, lesson in lessons.items()}, flush=True)
    tower = text_tower()
    begin_with_word_pieces(tower, places)
    scale = nn.Parameter(torch.tensor(3.0))
    optimizer = _optimizer(tower, scale)
    mean = {name: values.clone() for name, values in tower.state_dict().items()}
    tokenize = tokenizer()
    asked = [each[0] for each in captions(places, splits.flickr_held_out)]
    sentences = SentenceVectors(places)
    sentences.add(asked)
    with torch.no_grad():
        wanted = teacher(sentences.of(asked))
    step = 0
    stopped = unfinished(places.text_tower)
    if stopped.exists():
        state = load(stopped)
        tower.load_state_dict(state["tower"])
        mean = state["mean"]
        optimizer.load_state_dict(state["optimizer"])
        with torch.no_grad():
            scale.copy_(state["scale"])
        restore_chance(state["chance"], chance)
        step = state["step"]
        print(f"going on at step {step} of {steps}", flush=True)
    started = time.monotonic()
    averages: dict[str, float] = {}
    while step < steps:
        for group in optimizer.param_groups:
            group["lr"] = 1.5e-3 * rate_of_step(step, steps, warm_up=100)
        optimizer.zero_grad()
        for kind, lesson in lessons.items():
            texts, goals = lesson.batch(kind, _BATCHES[kind], chance)
            with torch.autocast("cpu", torch.bfloat16):
                said = tower(tokens_of(tokenize, texts))
            angle, told_apart = _losses(unit(said.float()), goals, scale)
            ((3 * angle + 0.5 * told_apart) * _WEIGHTS[kind]).backward()
            averages[kind] = averages.get(kind, angle.item()) * 0.97 + 0.03 * angle.item()
        nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
        optimizer.step()
        if step % 2 == 0:
            keep = min(0.99, (step + 1) / (step + 10))
            for name, values in tower.state_dict().items():
                mean[name].lerp_(values, 1 - keep)
        step += 1
        if step % _SAVE_EVERY == 0 or step == steps:
            agreement = (encode_texts(mean, asked) * wanted).sum(1).mean().item()
            figures = " ".join(f"{kind} {value:.3f}" for kind, value in averages.items())
            print(
                f"{step}/{steps} {time.monotonic() - started:.0f} s {figures} "
                f"held-out captions' cosine to the teacher {agreement:.3f}",
                flush=True,
            )
            save(
                stopped,
                {
                    "tower": tower.state_dict(),
                    "mean": mean,
                    "optimizer": optimizer.state_dict(),
                    "scale": scale.detach(),
                    "chance": chance_state(chance),
                    "step": step,
                },
            )
    save(places.text_tower, {"tower": mean})
    stopped.unlink(missing_ok=True)


@torch.inference_mode()
def encode_texts(state: dict[str, Tensor], texts: list[str], batch: int = 256) -> Tensor:
    """Embed texts as unit vectors (n, 512) with a text tower that has the weights ``state``."""
    with torch.random.fork_rng():  # initialising the new tower must not advance the training's random stream
        tower = text_tower()
    tower.load_state_dict(state)
    tower.eval()
    tokenize = tokenizer()
    runs = [texts[start : start + batch] for start in range(0, len(texts), batch)]
    return torch.cat([unit(tower(tokens_of(tokenize, run))) for run in runs])


def begin_with_word_pieces(tower: nn.Module, places: Places) -> None:
    """Initialise the token embeddings from MiniLM's word pieces for the same letters.

    MiniLM's 384 dimensions are reduced to their 256 principal axes.
    """
    weights, vocabulary = sentence_files(places.archives, places.unpacked)
    pieces = load_file(weights)["embeddings.word_embeddings.weight"].float()
    cutter = Tokenizer.from_file(str(vocabulary))
    cutter.no_padding()
    tokens = tokenizer()
    start = torch.zeros(VOCABULARY, SENTENCE)
    for number in range(VOCABULARY - 2):  # the last two are the start and end tokens
        letters = tokens.decoder[number].replace("</w>", "")
        spelled = bytearray(
            tokens.byte_decoder[letter] for letter in letters if letter in tokens.byte_decoder
        )
        ids = cutter.encode(spelled.decode("utf-8", "ignore"), add_special_tokens=False).ids
        if ids:
            start[number] = pieces[ids].mean(0)
    start -= start.mean(0)
    axes, strengths, _ = torch.svd_lowrank(start, TEXT_WIDTH, niter=4)
    projected = axes * strengths
    projected = projected / projected.std() * 0.03
    with torch.no_grad():
        tower.get_parameter("token_embedding.weight").copy_(projected + torch.randn_like(projected) * 0.005)


def rate_of_step(step: int, steps: int, warm_up: int) -> float:
    """Return the learning rate as a share of its peak: linear warm-up, then cosine decay to 0.02."""
    return min(1, (step + 1) / warm_up) * (0.5 * (1 + math.cos(math.pi * step / steps)) * 0.98 + 0.02)


def parameters_by_decay(tower: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Return the parameters without weight decay (biases, norms, positions) and those with it (matrices)."""
    still: list[nn.Parameter] = []
    matrices: list[nn.Parameter] = []
    for name, values in tower.named_parameters():
        (still if values.ndim < 2 or "positional" in name else matrices).append(values)
    return still, matrices


def _optimizer(tower: nn.Module, scale: nn.Parameter) -> torch.optim.Optimizer:
    still, matrices = parameters_by_decay(tower)
    embedding = tower.get_parameter("token_embedding.weight")
    groups = [
        {"params": still, "weight_decay": 0},
        {"params": [values for values in matrices if values is not embedding], "weight_decay": 0.05},
        {"params": [embedding], "weight_decay": 0.0},
        {"params": [scale], "weight_decay": 0},
    ]
    return torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.98))


def _losses(said: Tensor, goals: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """Return the angle loss to each text's target, and the cross-entropy of finding it among the batch's targets."""
    count = len(goals)
    likeness = said @ goals.T * scale.exp()
    alike = (goals @ goals.T > _ALIKE) & ~torch.eye(count, dtype=torch.bool)
    likeness = likeness.masked_fill(alike, -1e4)
    return 1 - (said * goals).sum(1).mean(), functional.cross_entropy(likeness, torch.arange(count))
