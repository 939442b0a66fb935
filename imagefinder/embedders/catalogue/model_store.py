"""Read the model store: the folders of imported and downloaded models. Light, because every start reads it.

A folder holds ``weights.safetensors``, ``config.json`` (in the form of open_clip's ``open_clip_config.json``:
the model and its preprocessing, so that nothing depends on what a later open_clip says), ``model.json``
(its name and origin, and the name of its image tower for OpenVINO, if one lies there) and, for a model that leans on
transformers, ``tokenizer/`` with the tokenizer's files.
The starter model, which comes with the program, lies in a folder of the same form.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.spec import ClipSpec, JsonDict
from imagefinder.embedders.untrusted_files import read_json_object

WEIGHTS, TOKENIZER = "weights.safetensors", "tokenizer"
CONFIG, MODEL = "config.json", "model.json"
_TOWER = re.compile(r"tower-[0-9a-f]{8}\.xml")
_LONGEST_WORD = 1000


def imported_models(models_dir: Path, *, is_trusted: bool = False) -> Iterator[ClipSpec]:
    """The models kept in ``models_dir``, by folder name. A folder that is not whole is passed over.

    ``is_trusted``: they came with the program, so what their configs say need not be checked at every start.
    """
    for folder in sorted(models_dir.glob("[!.]*/")):
        if spec := read_folder(folder, is_trusted=is_trusted):
            yield spec


def read_folder(folder: Path, *, is_trusted: bool = False) -> ClipSpec | None:
    """The model of one folder; None where the folder is not whole, or a config says what is not allowed."""
    try:
        about = read_json_object(folder / MODEL)
        config = read_json_object(folder / CONFIG)
        tower = about.get("openvino_tower")
        if tower is not None and not _TOWER.fullmatch(tower):
            return None
        spec = ClipSpec(
            name=_word(about["name"]),
            weights_id=_word(about["weights_id"]),
            arch=_word(about["arch"]),
            weights=folder / WEIGHTS,
            model_cfg=with_own_tokenizer(config["model_cfg"], folder / TOKENIZER),
            preprocess_cfg=config["preprocess_cfg"],
            openvino_tower=folder / tower if tower else None,
        )
        if not is_trusted:
            from imagefinder.embedders.config_bounds import check_config, check_preprocess

            check_config(spec.model_cfg, folder / CONFIG, folder / TOKENIZER)
            check_preprocess(spec.preprocess_cfg, folder / CONFIG)
        _ = spec.dimension, spec.image_side, spec.id  # asked of every model, so they have to be in there
    except (ModelError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # not a folder of ours, or half deleted, or changed, by hand
    return spec if spec.weights.is_file() else None


def with_own_tokenizer(model_cfg: JsonDict, folder: Path) -> JsonDict:
    """The config with the tokenizer's files of the model's own folder, wherever that lies now, if it has any."""
    if not folder.is_dir():
        return model_cfg
    named = [key for key in ("hf_tokenizer_name", "hf_model_name") if model_cfg["text_cfg"].get(key)]
    return {**model_cfg, "text_cfg": {**model_cfg["text_cfg"], **dict.fromkeys(named, str(folder))}}


def _word(value: object) -> str:
    """A name of a model, an architecture or of weights.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_WORD:
        raise ValueError(value)
    return value
