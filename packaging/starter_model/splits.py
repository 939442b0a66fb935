"""Which photographs the training sees, and which it never does.

``held_out.json`` is the one truth about what is held out: 1,000 photographs of Flickr8k and 24 classes of Caltech-101.
It was drawn with seed 7; that stream of random numbers goes on to the order of the others and to which photographs
of the other classes are taken, so it is run through here in the same way.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HELD_OUT = Path(__file__).with_name("held_out.json")
PER_CLASS = 80
"""At most so many photographs of each class of Caltech-101: unlabelled, only to see more than Flickr8k."""
TAUGHT_HELD_OUT = 200
"""So many held-out photographs have teacher vectors, to measure how near the image tower comes to its teacher; they
count in the vectors' centre, which is all that the training sees of them."""
_SEED = 7


@dataclass(frozen=True)
class Splits:
    """Photographs by their short names."""

    flickr_train: list[str]
    flickr_held_out: list[str]
    objects_train: list[str]
    """Of Caltech-101."""
    classes_held_out: list[str]
    """Of Caltech-101, sorted."""

    def first(self, count: int) -> "Splits":
        """Only the first ones of each kind: for a rehearsal."""
        return Splits(
            self.flickr_train[:count],
            self.flickr_held_out[:count],
            self.objects_train[:count],
            self.classes_held_out,
        )


def read_held_out(path: Path = HELD_OUT) -> tuple[list[str], list[str]]:
    """File names in Flickr8k, and classes of Caltech-101."""
    listed = json.loads(path.read_text())
    return listed["flickr8k"], listed["caltech101"]


def objects(data: Path) -> dict[str, list[str]]:
    """The photographs of each class of Caltech-101 that is in the data folder, sorted."""
    return {
        folder.name: [f"caltech101/{folder.name}/{name}" for name in _names(folder)]
        for folder in sorted((data / "caltech101").iterdir())
    }


def split(data: Path) -> Splits:
    """Divide what is in the data folder.

    Raises:
        LookupError: photographs or classes that are to be held out are not there.
    """
    photographs, classes = (set(names) for names in read_held_out())
    of_class = objects(data)
    flickr = _names(data / "flickr8k")
    if missing := (photographs - set(flickr)) | (classes - set(of_class)):
        raise LookupError(f"{data} lacks {len(missing)} of the held-out names, such as {min(missing)}")
    chance = np.random.RandomState(_SEED)
    chance.permutation(len(of_class))  # drew the held-out classes
    in_order = [flickr[i] for i in chance.permutation(len(flickr))]
    objects_train: list[str] = []
    for name, files in of_class.items():
        if name not in classes:
            objects_train += [files[i] for i in chance.permutation(len(files))[:PER_CLASS]]
    return Splits(
        [f"flickr8k/{name}" for name in in_order if name not in photographs],
        [f"flickr8k/{name}" for name in in_order if name in photographs],
        objects_train,
        sorted(classes),
    )


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
