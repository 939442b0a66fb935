"""Validation of untrusted model configs: known keys, plain names, bounded numbers.

A config from elsewhere is passed to open_clip, timm and transformers. They interpret some names as hub
addresses or as folders, and build models of any size. Therefore every value is checked here first. The bounds
are several times the values in open_clip's own configs (``open_clip/model_configs`` of 3.3, 144 files), which
the comments give as "published". EVA-CLIP-18B (arXiv:2402.04252), the largest CLIP published, has a width of 5,120.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.spec import JsonDict
from imagefinder.embedders.untrusted_files import shown
from imagefinder.translation import join_names, tr

_Check = Callable[[str, Any], None]

IMAGE_SIDE = 1024
"""Maximum side of a model's input in pixels; published: 512."""
LAYERS = 128
"""Maximum number of layers of a tower; published: 64."""
VOCABULARY = 4_000_000
"""Maximum size of a vocabulary; published: 901,629."""
_WIDTH, _EMBEDDING = 6144, 8192  # published: 1,792 and 1,536
_HEADS, _HEAD_WIDTH = 256, 1024  # 20 and 112
_CONTEXT = 2048  # 77; Long-CLIP (arXiv:2403.15378) has 248
_TOWER_SIZE = 1 << 16
_PATCH_VALUES = 1 << 23
"""Maximum size of the position embedding: patches of a picture times width; published: 1.8 million."""

# A name in timm's own registry, perhaps with a tag. Names with a colon or slash are addresses or folders.
_TIMM_NAME = re.compile(r"[A-Za-z0-9_]{1,100}(\.[A-Za-z0-9_]{1,60})?")
# huggingface_hub's rule for repository names (utils/_validators.py), excluding names that could be paths.
_REPOSITORY = re.compile(r"(?!.*(\.\.|--))[A-Za-z0-9_][\w.-]{0,95}(/[A-Za-z0-9_][\w.-]{0,95})?", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_]{0,60}")
_LONGEST_NAME = 200

# Keys that are null in open_clip or in its own configs. An empty name also counts as missing.
_NULLABLE = frozenset(
    "act_kwargs block_type hf_model_name hf_tokenizer_name init_logit_bias ls_init_value norm_kwargs patch_size "
    "timm_drop_path timm_model_name timm_pool timm_proj tokenizer_kwargs tokenizer_mode".split()
)


class _RefusalError(Exception):
    """A value is not allowed. The message completes "... is refused: "."""


def check_config(config: JsonDict, path: Path, own_folder: Path | None = None) -> None:
    """Check a model config (``embed_dim``, ``vision_cfg``, ``text_cfg``) before it is passed to any library.

    Args:
        config: The config.
        path: The file it was read from, for messages.
        own_folder: The model's own folder, which is allowed as the name of the tokenizer and of the text tower.

    Raises:
        ModelError: The config contains something that is not allowed. The message names the key.
    """
    try:
        _check_object(config, _MODEL, "")
        text = {
            key: None if own_folder is not None and value == str(own_folder) else value
            for key, value in config["text_cfg"].items()
        }
        _check_object(config["vision_cfg"], _VISION, "vision_cfg.")
        _check_object(text, _TEXT, "text_cfg.")
        _check_object(config.get("multimodal_cfg", {}), _CAPTIONS, "multimodal_cfg.")
        _check_together(config)
    except _RefusalError as refusal:
        raise refused(path, str(refusal)) from refusal


def check_preprocess(config: JsonDict, path: Path) -> None:
    """Check the preprocessing part of a config. Unknown keys are allowed.

    Raises:
        ModelError: As for ``check_config``.
    """
    try:
        for key, value in config.items():
            if key in _PREPROCESS and value is not None:
                _PREPROCESS[key](key, value)
    except _RefusalError as refusal:
        raise refused(path, str(refusal)) from refusal


def check_tower_config(config: JsonDict, path: Path) -> None:
    """Check the sizes in a transformers config (``config.json`` of a text tower).

    Published: 36 layers, width 5,120 (mT5-XL), 250,112 words.

    Raises:
        ModelError: As for ``check_config``.
    """
    try:
        for key, value in config.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                is_word = "vocab" in key or "token" in key
                most = LAYERS if "layers" in key else VOCABULARY if is_word else _TOWER_SIZE
                _real(-VOCABULARY, most)(key, value)
    except _RefusalError as refusal:
        raise refused(path, str(refusal)) from refusal


def check_name(name: str) -> None:
    """Check the name for a model. It is shown in terminals and lists, typed, and used in a folder name.

    Raises:
        ModelError: The name has control characters, looks like a path or an option, or is too long.
    """
    if not _is_name(name):
        raise ModelError(
            tr(
                "“{name}” cannot be a model's name. Use up to {count} characters that can be seen, no backslash, and "
                "no part that is empty or only dots.",
                name=shown(name),
                count=_LONGEST_NAME,
            )
        )


def name_from(label: str) -> str:
    """Return a valid model name derived from the name of a file or folder."""
    plain = "".join("_" if each in "/\\" or not each.isprintable() else each for each in label)
    plain = plain.strip(" ")[: _LONGEST_NAME // 2]
    return plain if _is_name(plain) else f"model{plain}"


def _is_name(name: str) -> bool:
    parts = name.split("/")
    return (
        len(name) <= _LONGEST_NAME
        and name.isprintable()
        and "\\" not in name
        and name[:1] not in ("-", "~")
        and all(part.strip(" .") for part in parts)
    )


def refused(path: Path, what: str) -> ModelError:
    """Return the error for a refused file."""
    return ModelError(tr("{path} is refused: {what}.", path=path, what=what))


def _check_object(config: object, checks: Mapping[str, _Check], prefix: str) -> None:
    if not isinstance(config, dict):
        raise _RefusalError(tr("“{key}” is not an object of JSON", key=prefix.rstrip(".")))
    for key, value in config.items():
        if key not in checks:
            raise _RefusalError(tr("“{key}” is not known here", key=shown(prefix + key)))
        if value not in (None, "") or key not in _NULLABLE:
            checks[key](prefix + key, value)


def _check_together(config: JsonDict) -> None:
    """Check values that are only valid in combination."""
    vision, text = config["vision_cfg"], config["text_cfg"]
    if not vision.get("timm_model_name") and not isinstance(vision.get("layers"), list):
        width, patch = vision.get("width", 768), vision.get("patch_size", 16)
        side = vision.get("image_size", 224)
        height, across = side if isinstance(side, list) else (side, side)
        if patch is None:
            raise _wrong_number("vision_cfg.patch_size", patch, 1, 256)
        if vision.get("head_width", 64) > width:
            raise _wrong_number("vision_cfg.head_width", vision.get("head_width", 64), 1, width)
        if min(height, across) < patch:
            raise _wrong_number("vision_cfg.patch_size", patch, 1, min(height, across))
        if (height // patch) * (across // patch) * width > _PATCH_VALUES:
            raise _RefusalError(
                tr(
                    "pictures of {size} pixels in patches of {patch} are more than any model takes",
                    size=f"{height} x {across}",
                    patch=patch,
                )
            )
    if not text.get("hf_model_name"):
        width, heads = text.get("width", 512), text.get("heads", 8)
        if width % heads:
            raise _RefusalError(
                tr("“text_cfg.width” ({width}) is no multiple of “heads” ({heads})", width=width, heads=heads)
            )


def _whole(least: int, most: int) -> _Check:
    def check(key: str, value: Any) -> None:
        if type(value) is not int or not least <= value <= most:
            raise _wrong_number(key, value, least, most)

    return check


def _real(least: float, most: float) -> _Check:
    def check(key: str, value: Any) -> None:
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not least <= value <= most:  # also excludes NaN
            raise _wrong_number(key, value, least, most)

    return check


def _several(check_one: _Check, *counts: int) -> _Check:
    """Return a check for one value or for a list whose length is one of ``counts``."""

    def check(key: str, value: Any) -> None:
        if isinstance(value, list) and len(value) not in counts:
            raise _RefusalError(tr("“{key}” has {count} values", key=key, count=len(value)))
        for each in value if isinstance(value, list) else [value]:
            check_one(key, each)

    return check


def _text(pattern: re.Pattern[str]) -> _Check:
    def check(key: str, value: Any) -> None:
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _RefusalError(
                tr(
                    "“{key}” is “{value}”, and only plain names are allowed, none that leads to a folder or an address",
                    key=key,
                    value=shown(value),
                )
            )

    return check


def _one_of(*known: str) -> _Check:
    def check(key: str, value: Any) -> None:
        if value not in known:
            raise _RefusalError(
                tr(
                    "“{key}” is “{value}”; known are: {known}",
                    key=key,
                    value=shown(value),
                    known=join_names(known),
                )
            )

    return check


def _flag(key: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise _RefusalError(tr("“{key}” is {value}, and may be true or false", key=key, value=shown(value)))


def _options(checks: Mapping[str, _Check]) -> _Check:
    return lambda key, value: _check_object(value, checks, key + ".")


def _any_object(key: str, value: Any) -> None:
    if not isinstance(value, dict):
        raise _RefusalError(tr("“{key}” is not an object of JSON", key=key))


def _layers(key: str, value: Any) -> None:
    """Check the layers of a transformer, or of the four stages of a ResNet (published: 36)."""
    if isinstance(value, list):
        _several(_whole(1, LAYERS // 2), 4)(key, value)
    else:
        _whole(1, LAYERS)(key, value)


def _wrong_number(key: str, value: object, least: float, most: float) -> _RefusalError:
    return _RefusalError(
        tr(
            "“{key}” is {value}, and may be a number from {least} to {most}",
            key=key,
            value=shown(value),
            least=f"{least:,}",
            most=f"{most:,}",
        )
    )


_word = _text(_WORD)
_rate = _real(0, 1)
_BLOCKS: dict[str, _Check] = {
    "width": _whole(1, _WIDTH),
    "mlp_ratio": _real(0.1, 32),  # 8.57
    "ls_init_value": _rate,
    "act_kwargs": _options({"approximate": _one_of("none", "tanh")}),
    "norm_kwargs": _options({"eps": _real(1e-12, 0.1), "elementwise_affine": _flag}),
    "block_type": _word,
    **dict.fromkeys(
        ("qk_norm", "scaled_cosine_attn", "scale_heads", "scale_attn_inner", "scale_attn", "scale_fc"), _flag
    ),
    "pool_type": _word,
    "output_tokens": _flag,
    "final_ln_after_pool": _flag,
}
_VISION: dict[str, _Check] = {
    **_BLOCKS,
    "layers": _layers,
    "head_width": _whole(1, _HEAD_WIDTH),
    "patch_size": _whole(1, 256),  # 32
    "image_size": _several(_whole(16, IMAGE_SIDE), 2),
    "patch_dropout": _rate,
    "attentional_pool": _flag,
    "attn_pooler_queries": _whole(1, 4096),
    "attn_pooler_heads": _whole(1, _HEADS),
    "no_ln_pre": _flag,
    "pos_embed_type": _word,
    "timm_model_name": _text(_TIMM_NAME),
    "timm_model_pretrained": _flag,
    "timm_pool": _word,
    "timm_proj": _word,
    "timm_proj_bias": _flag,
    "timm_drop": _rate,
    "timm_drop_path": _rate,
}
_TEXT: dict[str, _Check] = {
    **_BLOCKS,
    "layers": _whole(1, LAYERS),
    "heads": _whole(1, _HEADS),
    "context_length": _whole(1, _CONTEXT),
    "vocab_size": _whole(1, VOCABULARY),
    "hf_tokenizer_name": _text(_REPOSITORY),
    "tokenizer_mode": _word,
    "tokenizer_kwargs": _options({"clean": _word, "strip_sep_token": _flag}),
    "embed_cls": _flag,
    "pad_id": _whole(-1, VOCABULARY),
    "eos_id": _whole(-1, VOCABULARY),
    "no_causal_mask": _flag,
    "proj_bias": _flag,
    "proj_type": _word,
    "hf_model_name": _text(_REPOSITORY),
    "hf_model_pretrained": _flag,
    "hf_proj_type": _word,
    "hf_pooler_type": _word,
}
_CAPTIONS: dict[str, _Check] = {
    **_TEXT,
    "dim_head": _whole(1, _HEAD_WIDTH),
    "n_queries": _whole(1, 4096),
    "attn_pooler_heads": _whole(1, _HEADS),
}
_MODEL: dict[str, _Check] = {
    "embed_dim": _whole(1, _EMBEDDING),
    "vision_cfg": _any_object,
    "text_cfg": _any_object,
    "multimodal_cfg": _any_object,
    "quick_gelu": _flag,
    "custom_text": _flag,
    "init_logit_scale": _real(-100, 100),
    "init_logit_bias": _real(-1000, 1000),
    "nonscalar_logit_scale": _flag,
    "output_dict": _flag,
}
_PREPROCESS: dict[str, _Check] = {
    "size": _several(_whole(16, IMAGE_SIDE), 2),
    "mode": _one_of("RGB"),
    "mean": _several(_real(-10, 10), 1, 3),
    "std": _several(_real(1e-4, 100), 1, 3),
    "interpolation": _one_of("bicubic", "bilinear", "random"),
    "resize_mode": _one_of("shortest", "longest", "squash"),
    "fill_color": _whole(0, 255),
}
