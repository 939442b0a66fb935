"""Conversion of CLIP models of the transformers library (``CLIPModel``) to open_clip's equivalent form.

Such a repository has ``model.safetensors``, ``config.json`` with ``"model_type": "clip"``, and
``preprocessor_config.json``. transformers itself is not needed.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.config_bounds import check_config, check_preprocess
from imagefinder.embedders.spec import JsonDict
from imagefinder.embedders.untrusted_files import read_json_object
from imagefinder.embedders.weights.state_dict import Shapes, shapes_of
from imagefinder.translation import tr

if TYPE_CHECKING:
    import torch

# Defaults that transformers omits from a config.json (CLIPTextConfig and CLIPVisionConfig).
_TEXT = {
    "vocab_size": 49408,
    "hidden_size": 512,
    "intermediate_size": 2048,
    "num_hidden_layers": 12,
    "num_attention_heads": 8,
    "max_position_embeddings": 77,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
}
_VISION = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "image_size": 224,
    "patch_size": 32,
    "hidden_act": "quick_gelu",
    "layer_norm_eps": 1e-5,
}
_NAMES = {
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
}
_PARTS = (
    ("text_model.encoder.layers.", "transformer.resblocks."),
    ("vision_model.encoder.layers.", "visual.transformer.resblocks."),
    ("text_model.final_layer_norm.", "ln_final."),
    ("vision_model.pre_layrnorm.", "visual.ln_pre."),  # sic
    ("vision_model.post_layernorm.", "visual.ln_post."),
    (".self_attn.out_proj.", ".attn.out_proj."),
    (".layer_norm1.", ".ln_1."),
    (".layer_norm2.", ".ln_2."),
    (".mlp.fc1.", ".mlp.c_fc."),
    (".mlp.fc2.", ".mlp.c_proj."),
)
# Linear layers in transformers, but matrices multiplied from the right in CLIP.
_TURNED = {"text_projection.weight": "text_projection", "visual_projection.weight": "visual.proj"}
_QUERY = re.compile(r"(.*)\.self_attn\.q_proj\.(weight|bias)")
_KEY_OR_VALUE = re.compile(r"\.self_attn\.[kv]_proj\.(weight|bias)$")
# Pillow's numbers of resampling filters.
_RESAMPLING = {2: "bilinear", 3: "bicubic"}


def is_of_transformers(names: Mapping[str, Any]) -> bool:
    """Return whether these are the tensors of a complete ``CLIPModel``."""
    return {"text_projection.weight", "visual_projection.weight"} <= set(names) and any(
        _QUERY.fullmatch(name) for name in names
    )


def as_open_clip(state: "Mapping[str, torch.Tensor]") -> "dict[str, torch.Tensor]":
    """Return the weights with open_clip's names and layout, unchanged if they have them already.

    Raises:
        ModelError: The weights are incomplete.
    """
    if not is_of_transformers(state):
        return dict(state)
    try:
        return _as_open_clip(state)
    except (LookupError, RuntimeError) as error:  # missing tensors, or inconsistent shapes
        raise ModelError(tr("The weights are not those of a whole CLIP model of transformers.")) from error


def _as_open_clip(state: "Mapping[str, torch.Tensor]") -> "dict[str, torch.Tensor]":
    import torch

    renamed = {}
    for name, tensor in state.items():
        if match := _QUERY.fullmatch(name):
            layer, kind = match.groups()
            parts = [state[f"{layer}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
            renamed[_renamed(f"{layer}.attn.in_proj_{kind}")] = torch.cat(parts)
        elif name in _TURNED:
            renamed[_TURNED[name]] = tensor.t()
        elif not _KEY_OR_VALUE.search(name) and not name.endswith(".position_ids"):
            renamed[_renamed(name)] = tensor
    return renamed


def shapes_as_open_clip(found: Shapes) -> Shapes:
    """Return the shapes that ``as_open_clip`` would produce from tensors of these shapes."""
    import torch

    return shapes_of(as_open_clip({name: torch.empty(shape, device="meta") for name, shape in found.items()}))


def config_of_transformers(folder: Path) -> tuple[Path, JsonDict, JsonDict] | None:
    """Read the configs beside such weights, and convert them to open_clip's form.

    Returns:
        The config file, the model config and the preprocessing; None if there is no ``config.json`` of a CLIP model.

    Raises:
        ModelError: The model computes differently from open_clip's CLIP, or its config has values that are
            not allowed.
    """
    path = folder / "config.json"
    config = _read(path)
    if config.get("model_type") != "clip":
        return None
    try:
        text = {**_TEXT, **config.get("text_config", {})}
        vision = {**_VISION, **config.get("vision_config", {})}
        model_cfg = _model_config(text, vision, int(config.get("projection_dim", 512)))
        overlay = _preprocess(_read(folder / "preprocessor_config.json"))
    except (TypeError, ValueError, LookupError, AttributeError, ArithmeticError) as error:
        raise ModelError(tr("{path} is damaged: it does not describe a CLIP model.", path=path)) from error
    same = {(part["hidden_act"], part["layer_norm_eps"]) for part in (text, vision)}
    if same not in ({("quick_gelu", 1e-5)}, {("gelu", 1e-5)}) or text["vocab_size"] != _TEXT["vocab_size"]:
        raise ModelError(
            tr(
                "{path} describes a CLIP model that open_clip does not compute in this form. Get the one for "
                "open_clip, which is published with an open_clip_config.json.",
                path=path,
            )
        )
    check_config(model_cfg, path)
    check_preprocess(overlay, path)
    return path, model_cfg, overlay


def _model_config(text: JsonDict, vision: JsonDict, dimension: int) -> JsonDict:
    towers = {}
    for name, tower in (("vision_cfg", vision), ("text_cfg", text)):
        towers[name] = {"layers": tower["num_hidden_layers"], "width": tower["hidden_size"]}
        if tower["intermediate_size"] != 4 * tower["hidden_size"]:
            towers[name]["mlp_ratio"] = tower["intermediate_size"] / tower["hidden_size"]
    towers["text_cfg"]["context_length"] = text["max_position_embeddings"]
    towers["text_cfg"]["vocab_size"] = text["vocab_size"]
    towers["text_cfg"]["heads"] = text["num_attention_heads"]
    towers["vision_cfg"]["image_size"] = vision["image_size"]
    towers["vision_cfg"]["patch_size"] = vision["patch_size"]
    head = vision["hidden_size"] // vision["num_attention_heads"]
    if head != 64:  # the default of open_clip's CLIPVisionCfg, omitted in its own configs
        towers["vision_cfg"]["head_width"] = head
    activation = {"quick_gelu": True} if vision["hidden_act"] == "quick_gelu" else {}
    return {"embed_dim": dimension, **activation, **towers}


def _preprocess(config: JsonDict) -> JsonDict:
    """Convert the preprocessing config. Empty if there is none, because open_clip's default is CLIP's."""
    if not config:
        return {}
    size = config.get("size", {})
    squash = isinstance(size, dict) and "height" in size and not config.get("do_center_crop", True)
    found = {
        "mean": config.get("image_mean"),
        "std": config.get("image_std"),
        "interpolation": _RESAMPLING[config.get("resample", 3)],
        "resize_mode": "squash" if squash else "shortest",
    }
    return {key: value for key, value in found.items() if value is not None}


def _renamed(name: str) -> str:
    if name in _NAMES:
        return _NAMES[name]
    for theirs, ours in _PARTS:
        name = name.replace(theirs, ours)
    return name


def _read(path: Path) -> JsonDict:
    """Return the JSON object in a file, or an empty dict if the file does not exist."""
    return read_json_object(path) if path.is_file() else {}
