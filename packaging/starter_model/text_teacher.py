"""Training of the text teacher, which maps MiniLM's sentence vectors to the image teacher's space.

Two maps are learned together. ``TextTeacher`` maps MiniLM's vectors to the centred space of the image teacher. A linear
map does the same for CLIP ViT-B/32's vectors of words, because those of ViT-B/16 are not available. The teacher learns
from captions and their photographs, the linear map from the words in the captions; the teacher then also learns from
the mapped vectors of words.
"""

import re
from pathlib import Path
from typing import Any

import numpy as np
import torch
from checkpoints import load, save
from clip_teacher import centred_vectors
from evaluation import recalls
from places import Places
from sentences import DIMENSIONS as SENTENCE
from sentences import SentenceVectors
from splits import Splits
from texts import (
    CALTECH_CLASSES,
    CAPTIONS_EACH,
    Words,
    captions,
    clean,
    defined,
    first_glosses,
    photo_of,
    spoken,
    words,
)
from torch import Tensor, nn
from torch.nn import functional
from towers import DIMENSIONS, unit

STEPS = 1200
_BATCH, _PROMPTS, _DEFINITIONS = 768, 256, 512
_PROMPT_EVERY = 3
"""Every third word is also learned as "a photo of a WORD"."""
_SEED = 0


class TextTeacher(nn.Module):
    """Network that maps MiniLM's vectors (n, 384) to unit vectors (n, 512)."""

    def __init__(self, hidden: int = 1536) -> None:
        super().__init__()
        self.lin = nn.Linear(SENTENCE, DIMENSIONS)
        first, last = nn.Linear(SENTENCE, hidden), nn.Linear(hidden, DIMENSIONS)
        self.mlp = nn.Sequential(first, nn.GELU(), nn.Dropout(0.2), last)
        nn.init.zeros_(last.weight)
        self.scale = nn.Parameter(torch.tensor(3.0))

    def forward(self, sentences: Tensor) -> Tensor:
        """Map sentence vectors (n, 384) to unit vectors (n, 512)."""
        return unit(self.lin(sentences) + self.mlp(sentences))


def load_text_teacher(path: Path) -> tuple[TextTeacher, Tensor]:
    """Load the trained teacher, and the matrix (512, 512) that maps row vectors of CLIP ViT-B/32."""
    state = load(path)
    teacher = TextTeacher()
    teacher.load_state_dict(state["teacher"])
    return teacher.eval(), state["words_to_images"]


def definitions_of(known: Words) -> dict[str, str]:
    """Return definitions of words: from LVIS, otherwise WordNet's first gloss."""
    glosses = first_glosses()
    return {**{name: glosses[name] for name in known.names if name in glosses}, **known.definitions}


def held_out_texts(places: Places, splits: Splits) -> list[str]:
    """Return all texts that the evaluation needs from the text teacher."""
    names = [spoken(name) for name in (*CALTECH_CLASSES, *splits.classes_held_out)]
    asked = [caption for each in captions(places, splits.flickr_held_out) for caption in each]
    return [*asked, *names, *map(photo_of, names)]


def train_text_teacher(places: Places, splits: Splits, steps: int = STEPS) -> None:
    """Train the text teacher and write ``places.text_teacher``.

    The file contains ``teacher``, ``words_to_images`` and the ``centre`` of the image space.
    """
    torch.manual_seed(_SEED)
    chance = np.random.RandomState(_SEED)
    images, centre = centred_vectors(places)
    photographs = [name for name in splits.flickr_train if name in images]
    seen = torch.from_numpy(np.stack([images[name] for name in photographs])).float()
    said = captions(places, photographs)
    known = words(places)
    number = known.number()
    definitions = definitions_of(known)
    sentences = SentenceVectors(places)
    sentences.add(
        [
            *(caption for each in said for caption in each),
            *known.names,
            *(defined(name, meaning) for name, meaning in definitions.items()),
            *held_out_texts(places, splits),
            *map(photo_of, known.names[::_PROMPT_EVERY]),
        ]
    )
    heard = torch.stack([sentences.of(each) for each in said])
    heard_words = sentences.of(known.names)
    heard_prompts = sentences.of([photo_of(name) for name in known.names[::_PROMPT_EVERY]])
    with_meaning = [name for name in definitions if name in number]
    heard_meanings = sentences.of([defined(name, definitions[name]) for name in with_meaning])
    meant = torch.tensor([number[name] for name in with_meaning])
    directions = known.directions()
    bags = bags_of_words(said, known)
    both, both16 = _words_of_both(places, known)

    # The map starts as a ridge regression over the 80 words for which both CLIPs have vectors.
    start = torch.linalg.solve(both.T @ both + 0.1 * torch.eye(DIMENSIONS), both.T @ both16)
    to_images = nn.Parameter(start.clone())
    teacher = TextTeacher()
    scale = nn.Parameter(torch.tensor(3.0))
    rates = (1e-3, 5e-4, 1e-3)
    groups: list[dict[str, Any]] = [
        {"params": list(teacher.parameters()), "weight_decay": 0.02},
        {"params": [to_images], "weight_decay": 0},
        {"params": [scale]},
    ]
    optimizer = torch.optim.AdamW(groups, lr=1e-3)
    batch = min(_BATCH, len(photographs))
    for step in range(steps):
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
        at = torch.from_numpy(chance.choice(len(photographs), batch, replace=False))
        which = torch.from_numpy(chance.randint(0, CAPTIONS_EACH, batch))
        told = teacher(heard[at, which] + torch.randn(batch, SENTENCE) * 0.01)
        of_captions = contrast(told @ seen[at].T * teacher.scale.exp())
        of_bags = contrast(unit(bags[at] @ to_images) @ seen[at].T * scale.exp())
        of_both = 1 - functional.cosine_similarity(both @ to_images, both16).mean()
        stay = ((to_images - start) ** 2).sum() * 0.01
        # The map should preserve the similarities between words.
        drawn = torch.from_numpy(
            chance.choice(len(known.names), min(_BATCH, len(known.names)), replace=False)
        )
        mapped = unit(directions[drawn] @ to_images)
        likeness = ((mapped @ mapped.T - directions[drawn] @ directions[drawn].T) ** 2).mean() * _BATCH * 0.05
        of_words = 1 - (teacher(heard_words[drawn]) * mapped.detach()).sum(1).mean()
        drawn = torch.from_numpy(chance.choice(len(heard_prompts), _PROMPTS, replace=False))
        mapped = unit(directions[drawn * _PROMPT_EVERY] @ to_images).detach()
        of_words = of_words + 0.5 * (1 - (teacher(heard_prompts[drawn]) * mapped).sum(1).mean())
        drawn = torch.from_numpy(chance.choice(len(with_meaning), _DEFINITIONS, replace=False))
        mapped = unit(directions[meant[drawn]] @ to_images).detach()
        of_meanings = 1 - (teacher(heard_meanings[drawn]) * mapped).sum(1).mean()
        loss = of_captions + of_bags + of_both + likeness + stay + 3 * of_words + 1.5 * of_meanings
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if (step + 1) % 300 == 0:
            print(
                f"{step + 1}/{steps} captions {of_captions.item():.3f} words {of_words.item():.3f} "
                f"meanings {of_meanings.item():.3f}",
                flush=True,
            )
    teacher.eval()
    taught = [name for name in splits.flickr_held_out if name in images]
    if taught:
        with torch.no_grad():
            told = torch.stack(
                [teacher(sentences.of(each)) for each in zip(*captions(places, taught), strict=True)]
            )
        pictures = torch.from_numpy(np.stack([images[name] for name in taught])).float()
        figures = " ".join(f"{figure:.3f}" for figure in recalls(told, pictures))
        print(f"captions to the image teacher's vectors of {len(taught)} held out: recall@1/5/10 {figures}")
    save(
        places.text_teacher,
        {
            "teacher": teacher.state_dict(),
            "words_to_images": to_images.data,
            "centre": torch.from_numpy(centre),
        },
    )


def contrast(likeness: Tensor, smoothing: float = 0.0) -> Tensor:
    """Return CLIP's symmetric contrastive loss; matching pairs are on the diagonal of ``likeness``.

    ``smoothing`` is the label smoothing.
    """
    own = torch.arange(len(likeness))
    rows, columns = (
        functional.cross_entropy(way, own, label_smoothing=smoothing) for way in (likeness, likeness.T)
    )
    return (rows + columns) / 2


def bags_of_words(said: list[list[str]], known: Words) -> Tensor:
    """Return the mean CLIP ViT-B/32 vector of the words in each photograph's captions, weighted by rarity.

    The result is (n, 512), at unit length.
    """
    number = known.number()
    bags: list[list[int]] = []
    for each in said:
        bag: list[int] = []
        for caption in each:
            for word in re.findall(r"[a-z]+", caption.lower()):
                for form in (word, word.removesuffix("s")):
                    if form in number and len(form) > 2:
                        bag.append(number[form])
                        break
        bags.append(bag)
    in_photographs = np.bincount(
        np.concatenate([np.unique(bag) for bag in bags]).astype(int), minlength=len(known.names)
    )
    rarity = np.log((len(said) + 1) / (in_photographs + 1.0)).astype(np.float32)
    rows = [row for row, bag in enumerate(bags) for _ in bag]
    columns = [column for bag in bags for column in bag]
    weights = [float(max(rarity[column] - 1, 0)) for column in columns]
    shape = (len(said), len(known.names))
    matrix = torch.sparse_coo_tensor(
        torch.tensor([rows, columns]), torch.tensor(weights), shape, check_invariants=True
    ).coalesce()
    return unit(torch.sparse.mm(matrix, known.directions()))


def _words_of_both(places: Places, known: Words) -> tuple[Tensor, Tensor]:
    """Return the unit vectors of COCO's classes from CLIP ViT-B/32 and from ViT-B/16."""
    with np.load(places.word_vectors) as tables:
        names = [clean(name) for name in tables["coco"].tolist()]
        vectors = tables["coco_clip16"]
    number = known.number()
    shared = [row for row, name in enumerate(names) if name in number]
    centred = vectors - vectors.mean(0)
    return (
        unit(torch.from_numpy(known.vectors)[[number[names[row]] for row in shared]]),
        unit(torch.from_numpy(centred[shared]).float()),
    )
