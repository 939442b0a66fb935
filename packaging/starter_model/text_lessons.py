"""What the text tower is to say: captions, words, lemmas and made-up phrases, each with its place among pictures."""

from dataclasses import dataclass

import numpy as np
import torch
from places import Places
from sentences import SentenceVectors
from splits import Splits
from text_teacher import TextTeacher, definitions_of
from texts import Words, captions, defined, first_glosses, made_up, words
from torch import Tensor
from torch.nn import functional
from towers import unit

MADE_UP = 25_000
"""Phrases."""
_CLIPS_OWN = 0.85
"""Of a word's place, so much is CLIP's own vector; the rest is what MiniLM makes of the word."""
_NEIGHBOURS = 8
_SEED = 11
PROMPTS = (
    "{}",
    "{}",
    "{}",
    "a photo of a {}",
    "a picture of a {}",
    "a {}",
    "the {}",
    "photo of {}",
    "{} photo",
    "a close-up of a {}",
    "an image of a {}",
    "some {}",
    "a photo of the {}",
    "my {}",
    "{}s",
)


@dataclass(frozen=True)
class Lesson:
    """Texts, and the unit vectors (n, 512) that the tower is to give them."""

    texts: list[str]
    goals: Tensor

    def __len__(self) -> int:
        """How many texts."""
        return len(self.texts)

    def batch(self, kind: str, count: int, chance: np.random.RandomState) -> tuple[list[str], Tensor]:
        """Draw ``count`` texts, asked as one asks for this kind, and their goals, (count, 512)."""
        at = chance.randint(0, len(self), count)
        texts = [asked_as(self.texts[number], kind, chance) for number in at]
        return texts, self.goals[torch.from_numpy(at)]


def text_lessons(
    places: Places, splits: Splits, teacher: TextTeacher, to_images: Tensor, phrases: int = MADE_UP
) -> dict[str, Lesson]:
    """``captions``, ``words``, ``lemmas`` and ``phrases``, in this order."""
    known = words(places)
    number = known.number()
    said = [caption for each in captions(places, splits.flickr_train) for caption in each]
    glosses = {name: gloss for name, gloss in first_glosses().items() if name not in number}
    lemmas = [defined(name, gloss) for name, gloss in glosses.items()]
    invented = made_up(places, phrases, np.random.RandomState(_SEED))
    sentences = SentenceVectors(places)
    sentences.add([*said, *lemmas, *invented])
    placed = unit(known.directions() @ to_images)
    with torch.no_grad():
        of_lemmas = teacher(sentences.of(lemmas))
        for rows, near in _by_neighbours(known, placed, lemmas, sentences):
            of_lemmas[rows] = unit(of_lemmas[rows] + near)
        of_words = unit(_CLIPS_OWN * placed + (1 - _CLIPS_OWN) * teacher(sentences.of(known.names)))
        return {
            "captions": Lesson(said, teacher(sentences.of(said))),
            "words": Lesson(known.names, of_words),
            "lemmas": Lesson(list(glosses), of_lemmas),
            "phrases": Lesson(invented, teacher(sentences.of(invented))),
        }


def asked_as(text: str, kind: str, chance: np.random.RandomState) -> str:
    """A word or lemma in one of many prompts; a caption mostly without its full stop; a phrase as it is."""
    if kind in {"words", "lemmas"}:
        return PROMPTS[chance.randint(len(PROMPTS))].format(text)
    if kind == "captions" and text.endswith(" .") and chance.rand() < 0.7:
        return text[:-2]
    return text


def _by_neighbours(
    known: Words, placed: Tensor, lemmas: list[str], sentences: SentenceVectors
) -> list[tuple[slice, Tensor]]:
    """Where the words are whose meanings are nearest to a lemma's, in runs of lemmas.

    Measured by leaving words out one by one: a cosine of 0.50 with CLIP's own vector beside the text teacher's
    vector, 0.44 by the teacher alone.
    """
    number = known.number()
    definitions = definitions_of(known)
    with_meaning = [name for name in definitions if name in number]
    meanings = sentences.of([defined(name, definitions[name]) for name in with_meaning])
    mean = meanings.mean(0)
    meanings = unit(meanings - mean)
    asked = unit(sentences.of(lemmas) - mean)
    where = placed[[number[name] for name in with_meaning]]
    found = []
    for start in range(0, len(asked), 2000):
        rows = slice(start, start + 2000)
        near = (asked[rows] @ meanings.T).topk(_NEIGHBOURS, 1)
        weights = functional.softmax(near.values / 0.1, dim=1)
        found.append((rows, unit((where[near.indices] * weights[:, :, None]).sum(1))))
    return found
