"""The folders that models are kept in, read. Imports nothing of what makes them, because every start reads them.

A folder holds ``weights.safetensors``, ``config.json`` (in the form of open_clip's ``open_clip_config.json``:
the model and its preprocessing, so that nothing depends on what a later open_clip says), ``model.json``
(its name and origin, and the name of its image tower for OpenVINO, if one lies there) and, for a model that leans on
transformers, ``tokenizer/`` with the tokenizer's files.
The starter model, which comes with the program, lies in a folder of the same form.
"""

import json
from collections.abc import Iterator
from pathlib import Path

from imagefinder.embedders.spec import ClipSpec, JsonDict

WEIGHTS, TOKENIZER = "weights.safetensors", "tokenizer"
CONFIG, MODEL = "config.json", "model.json"


def imported_models(models_dir: Path) -> Iterator[ClipSpec]:
    """The models kept in ``models_dir``, by folder name. A folder that is not whole is passed over."""
    for folder in sorted(models_dir.glob("[!.]*/")):
        if spec := read_folder(folder):
            yield spec


def read_folder(folder: Path) -> ClipSpec | None:
    """The model of one folder; None where the folder is not whole."""
    try:
        about = json.loads((folder / MODEL).read_text(encoding="utf-8"))
        config = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        spec = ClipSpec(
            name=about["name"],
            weights_id=about["weights_id"],
            arch=about["arch"],
            weights=folder / WEIGHTS,
            model_cfg=with_own_tokenizer(config["model_cfg"], folder / TOKENIZER),
            preprocess_cfg=config["preprocess_cfg"],
            openvino_tower=folder / about["openvino_tower"] if "openvino_tower" in about else None,
        )
        _ = spec.dimension, spec.image_side, spec.id  # asked of every model, so they have to be in there
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # not a folder of ours, or half deleted by hand
    return spec if spec.weights.is_file() else None


def with_own_tokenizer(model_cfg: JsonDict, folder: Path) -> JsonDict:
    """The config with the tokenizer's files of the model's own folder, wherever that lies now, if it has any."""
    if not folder.is_dir():
        return model_cfg
    named = [key for key in ("hf_tokenizer_name", "hf_model_name") if model_cfg["text_cfg"].get(key)]
    return {**model_cfg, "text_cfg": {**model_cfg["text_cfg"], **dict.fromkeys(named, str(folder))}}
