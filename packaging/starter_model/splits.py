"""Split of the photographs into training and held-out data.

``held_out.json`` is authoritative for the held-out data: 1,000 photographs of Flickr8k and 24 classes of Caltech-101.
It was drawn with seed 7. The same random stream also determines the order of the other photographs and the selection
from the other classes, so this module repeats the drawing to get to the same state.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HELD_OUT = Path(__file__).with_name("held_out.json")
PER_CLASS = 80
"""Maximum number of photographs of each class of Caltech-101; they are used unlabelled, for variety."""
TAUGHT_HELD_OUT = 200
"""Number of held-out photographs with teacher vectors, to measure the agreement of the image tower with its teacher.

They also count in the centre of the vectors, which is their only influence on the training.
"""
_SEED = 7


@dataclass(frozen=True)
class Splits:
    """Short names of the photographs for training and evaluation."""

    flickr_train: list[str]
    flickr_held_out: list[str]
    objects_train: list[str]
    """Photographs of Caltech-101."""
    classes_held_out: list[str]
    """Classes of Caltech-101, sorted."""

    def first(self, count: int) -> "Splits":
        """Return the first ``count`` photographs of each kind, for a rehearsal."""
        return Splits(
            self.flickr_train[:count],
            self.flickr_held_out[:count],
            self.objects_train[:count],
            self.classes_held_out,
        )


def read_held_out(path: Path = HELD_OUT) -> tuple[list[str], list[str]]:
    """Read the held-out file names of Flickr8k and classes of Caltech-101."""
    listed = json.loads(path.read_text())
    return listed["flickr8k"], listed["caltech101"]


def objects(data: Path) -> dict[str, list[str]]:
    """Return the sorted photographs of each class of Caltech-101 in the data folder."""
    return {
        folder.name: [f"caltech101/{folder.name}/{name}" for name in _names(folder)]
        for folder in sorted((data / "caltech101").iterdir())
    }


def split(data: Path) -> Splits:
    """Split the photographs in the data folder.

    Raises:
        LookupError: Held-out photographs or classes are missing.
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
