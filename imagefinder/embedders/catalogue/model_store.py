"""The model store: folders of imported and downloaded models. Cheap to import, because every start reads it.

A folder contains ``weights.safetensors``, ``config.json`` (in the form of open_clip's
``open_clip_config.json``: the model and its preprocessing, independent of later versions of open_clip),
``model.json`` (name, origin and, if present, the file name of the image tower for OpenVINO) and, for a model
that uses transformers, ``tokenizer/`` with the tokenizer's files. The starter model that comes with the
program has a folder of the same form.
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
    """Iterate over the models in ``models_dir``, sorted by folder name. Incomplete folders are skipped.

    Args:
        models_dir: Folder of the model store.
        is_trusted: Whether the models came with the program, so their configs need not be checked at every start.
    """
    for folder in sorted(models_dir.glob("[!.]*/")):
        if spec := read_folder(folder, is_trusted=is_trusted):
            yield spec


def read_folder(folder: Path, *, is_trusted: bool = False) -> ClipSpec | None:
    """Return the model of one folder. None if the folder is incomplete, or a config is invalid."""
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
        _ = (
            spec.dimension,
            spec.image_side,
            spec.id,
        )  # required of every model; they raise if the config is incomplete
    except (ModelError, OSError, ValueError, KeyError, TypeError, AttributeError):
        return None  # another folder, or one that was partly deleted or edited by hand
    return spec if spec.weights.is_file() else None


def with_own_tokenizer(model_cfg: JsonDict, folder: Path) -> JsonDict:
    """Return the config with names replaced by the tokenizer folder of the model, if that exists.

    The folder is passed in at each start, because the model store may have been moved.
    """
    if not folder.is_dir():
        return model_cfg
    named = [key for key in ("hf_tokenizer_name", "hf_model_name") if model_cfg["text_cfg"].get(key)]
    return {**model_cfg, "text_cfg": {**model_cfg["text_cfg"], **dict.fromkeys(named, str(folder))}}


def _word(value: object) -> str:
    """Return the name of a model, an architecture or of weights.

    Raises:
        ValueError: The value is not a valid name.
    """
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_WORD:
        raise ValueError(value)
    return value
