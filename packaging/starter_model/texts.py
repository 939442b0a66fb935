"""What there is to learn in words: captions, words with CLIP's vectors, WordNet's lemmas, made-up phrases."""

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
"""Of a photograph of Flickr8k."""
# Folders of Caltech-101 whose names are no words for what they show.
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
    """Words with the vectors that CLIP ViT-B/32's text tower gives them, less their mean."""

    names: list[str]
    vectors: npt.NDArray[np.float32]
    """(n, 512), not of unit length."""
    definitions: dict[str, str]
    """LVIS's, of some names and of a few more."""

    def directions(self) -> Tensor:
        """(n, 512), of unit length."""
        return unit(torch.from_numpy(self.vectors))

    def number(self) -> dict[str, int]:
        """Where each name is."""
        return {name: number for number, name in enumerate(self.names)}


def clean(text: str) -> str:
    """Lower case, without punctuation around it, what is in brackets, and lines between words."""
    text = text.strip().strip("\"'.,;:!?").replace("_", " ").replace("-", " ").lower()
    return re.sub(r"\s+", " ", re.sub(r"\(.*?\)", "", text)).strip()


def words(places: Places) -> Words:
    """The words of all tables; LVIS's vectors, made with another prompt, are moved to where the others are."""
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
    """Five captions of each photograph of Flickr8k; where there are fewer, they come again."""
    listed = json.loads((places.data / "flickr8k_captions.json").read_text())
    return [(listed[name.rpartition("/")[2]] * CAPTIONS_EACH)[:CAPTIONS_EACH] for name in photographs]


def lemmas() -> list[tuple[str, str]]:
    """WordNet's nouns and their glosses, in lower case: up to four names of each of ImageNet's synsets in timm."""
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
    """The gloss of each lemma's first synset."""
    glosses: dict[str, str] = {}
    for name, gloss in lemmas():
        glosses.setdefault(name, gloss)
    return glosses


def defined(name: str, definition: str) -> str:
    """How a word is put to MiniLM together with what it means."""
    return f"{name}, {definition}"


def made_up(places: Places, count: int, chance: np.random.RandomState) -> list[str]:
    """Phrases of Visual Genome's objects, attributes and relationships put together at random."""
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
    """What one would call a class of Caltech-101."""
    return _SPOKEN.get(folder, folder.replace("_", " ").lower())


def photo_of(name: str) -> str:
    """CLIP's usual prompt."""
    return f"a photo of a {name}"
