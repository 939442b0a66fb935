"""Texts for the training: captions, words with CLIP's vectors, WordNet's lemmas, and generated phrases."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import torch
from places import Places
from torch import Tensor
from towers import unit
from word_tables import phrases

from imagefinder.embedders.towers.torchvision_ops import import_torchvision

CAPTIONS_EACH = 5
"""Number of captions of each photograph of Flickr8k."""
# Folders of Caltech-101 whose names are not the usual word for their contents.
_SPOKEN = {
    "car_side": "car side",
    "Faces": "face",
    "Faces_easy": "face",
    "Motorbikes": "motorbike",
    "airplanes": "airplane",
    "ketch": "ketch",
    "crocodile_head": "crocodile head",
}
CALTECH_CLASSES = (
    "accordion airplanes anchor ant barrel bass beaver binocular bonsai brain brontosaurus buddha butterfly camera "
    "cannon car_side ceiling_fan cellphone chair chandelier cougar_body crab crayfish crocodile cup dalmatian "
    "dollar_bill dolphin dragonfly electric_guitar elephant emu euphonium ewer Faces ferry flamingo garfield gerenuk "
    "gramophone grand_piano hawksbill headphone hedgehog helicopter ibis inline_skate joshua_tree kangaroo ketch "
    "lamp laptop leopards llama lobster lotus mandolin mayfly menorah metronome minaret Motorbikes nautilus octopus "
    "okapi pagoda panda pigeon pizza platypus pyramid revolver rhino rooster saxophone schooner scissors scorpion "
    "sea_horse snoopy soccer_ball stapler starfish stegosaurus stop_sign strawberry sunflower tick trilobite "
    "umbrella watch water_lilly wheelchair wild_cat windsor_chair wrench yin_yang"
).split()
_PATTERNS = (
    "a {a} {o}",
    "{a} {o}",
    "a {o} {r} a {o2}",
    "{o} and {o2}",
    "a {a} {o} {r} the {o2}",
    "a photo of a {a} {o}",
    "{o} {r} {o2}",
    "the {o} with a {a} {o2}",
    "a {o} next to a {o2}",
    "{a} {o} {r} {a2} {o2}",
)


@dataclass(frozen=True)
class Words:
    """Words with their vectors from CLIP ViT-B/32's text tower, minus the mean vector."""

    names: list[str]
    vectors: npt.NDArray[np.float32]
    """(n, 512), not of unit length."""
    definitions: dict[str, str]
    """LVIS's definitions of some names, and of a few others."""

    def directions(self) -> Tensor:
        """Return the vectors at unit length, (n, 512)."""
        return unit(torch.from_numpy(self.vectors))

    def number(self) -> dict[str, int]:
        """Return the row of each name."""
        return {name: number for number, name in enumerate(self.names)}


def clean(text: str) -> str:
    """Convert to lower case; remove surrounding punctuation, text in brackets, underscores and hyphens."""
    text = text.strip().strip("\"'.,;:!?").replace("_", " ").replace("-", " ").lower()
    return re.sub(r"\s+", " ", re.sub(r"\(.*?\)", "", text)).strip()


def words(places: Places) -> Words:
    """Return the words of all tables; LVIS's vectors, made with another prompt, are shifted to match the others."""
    with np.load(places.word_vectors) as tables:
        listed = [clean(word) for word in tables["words"].tolist()]
        vectors = tables["clip32"].astype(np.float32)
        classes = [clean(name) for name in tables["lvis"].tolist()]
        of_classes = tables["lvis_clip32"].astype(np.float32)
        class_definitions = tables["lvis_definitions"].tolist()
    first: dict[str, int] = {}
    for number, word in enumerate(listed):
        if re.fullmatch(r"[a-z][a-z0-9 ]+", word):
            first.setdefault(word, number)
    centred = vectors - vectors[list(first.values())].mean(0)
    found = {word: centred[number] for word, number in first.items()}
    shared = [number for number, name in enumerate(classes) if name in found]
    there = np.mean([found[classes[number]] for number in shared], 0)
    of_classes = of_classes - of_classes[shared].mean(0) + there
    definitions: dict[str, str] = {}
    for number, name in enumerate(classes):
        definitions.setdefault(name, class_definitions[number])
        if name and name not in found:
            found[name] = of_classes[number]
    return Words(list(found), np.stack(list(found.values())), definitions)


def captions(places: Places, photographs: Sequence[str]) -> list[list[str]]:
    """Return five captions of each photograph of Flickr8k; if there are fewer, they are repeated."""
    listed = json.loads((places.data / "flickr8k_captions.json").read_text())
    return [(listed[name.rpartition("/")[2]] * CAPTIONS_EACH)[:CAPTIONS_EACH] for name in photographs]


def lemmas() -> list[tuple[str, str]]:
    """Return WordNet's nouns, in lower case, with glosses: up to four names of each ImageNet synset listed by timm."""
    import_torchvision()
    folder = files("timm.data") / "_info"
    names, glosses = (
        dict(
            line.split("\t") for line in (folder / f"imagenet_synset_to_{kind}.txt").read_text().splitlines()
        )
        for kind in ("lemma", "definition")
    )
    return [
        (name.lower(), glosses.get(synset, ""))
        for synset, listed in names.items()
        for name in listed.split(", ")[:4]
    ]


def first_glosses() -> dict[str, str]:
    """Return the gloss of each lemma's first synset."""
    glosses: dict[str, str] = {}
    for name, gloss in lemmas():
        glosses.setdefault(name, gloss)
    return glosses


def defined(name: str, definition: str) -> str:
    """Return the sentence that presents a word with its definition to MiniLM."""
    return f"{name}, {definition}"


def made_up(places: Places, count: int, chance: np.random.RandomState) -> list[str]:
    """Generate phrases by randomly combining objects, attributes and relationships of Visual Genome."""
    listed = phrases(places)

    def plain(kind: str, longest: int) -> list[str]:
        cleaned = map(clean, listed[kind])
        return [text for text in cleaned if 2 < len(text) < longest and re.fullmatch("[a-z ]+", text)]

    relationships, attributes, objects = (
        plain("relationships", 20),
        plain("attributes", 16),
        plain("objects", 24),
    )

    def one_of(choices: Sequence[str]) -> str:
        return choices[chance.randint(len(choices))]

    return [
        one_of(_PATTERNS).format(
            a=one_of(attributes),
            a2=one_of(attributes),
            o=one_of(objects),
            o2=one_of(objects),
            r=one_of(relationships),
        )
        for _ in range(count)
    ]


def spoken(folder: str) -> str:
    """Return the usual name of a class of Caltech-101."""
    return _SPOKEN.get(folder, folder.replace("_", " ").lower())


def photo_of(name: str) -> str:
    """Return CLIP's usual prompt for a name."""
    return f"a photo of a {name}"
