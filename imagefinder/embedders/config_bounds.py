"""Validate an untrusted model config: known keys, plain names, numbers within bounds.

A config from elsewhere goes to open_clip, timm and transformers, which take some names for addresses of a hub or for
folders, and build whatever size they are told. So each is checked here first. The bounds are several times what
open_clip's own configs say (``open_clip/model_configs`` of 3.3, 144 of them), which the comments give; EVA-CLIP-18B
(arXiv:2402.04252), the largest CLIP published, is 5,120 wide.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.spec import JsonDict
from imagefinder.embedders.untrusted_files import shown
from imagefinder.translation import tr

_Check = Callable[[str, Any], None]

IMAGE_SIDE = 1024
"""Pixels of a model's input at most; published: 512."""
LAYERS = 128
"""Of a tower at most; published: 64."""
VOCABULARY = 4_000_000
"""Words at most; published: 901,629."""
_WIDTH, _EMBEDDING = 6144, 8192  # published: 1,792 and 1,536
_HEADS, _HEAD_WIDTH = 256, 1024  # 20 and 112
_CONTEXT = 2048  # 77; Long-CLIP (arXiv:2403.15378) has 248
_TOWER_SIZE = 1 << 16
_PATCH_VALUES = 1 << 23
"""Numbers in the table of positions at most: patches of a picture times the width; published: 1.8 million."""

# A name within timm's own registry, perhaps with a tag. Whatever has a colon or a slash is an address or a folder.
_TIMM_NAME = re.compile(r"[A-Za-z0-9_]{1,100}(\.[A-Za-z0-9_]{1,60})?")
# huggingface_hub's rule for repositories (utils/_validators.py), without what could be read as a path.
_REPOSITORY = re.compile(r"(?!.*(\.\.|--))[A-Za-z0-9_][\w.-]{0,95}(/[A-Za-z0-9_][\w.-]{0,95})?", re.ASCII)
_WORD = re.compile(r"[A-Za-z0-9_]{0,60}")
_LONGEST_NAME = 200

# Keys that open_clip gives null by itself, or its own configs do; an empty name is none, too.
_NULLABLE = frozenset(
    "act_kwargs block_type hf_model_name hf_tokenizer_name init_logit_bias ls_init_value norm_kwargs patch_size "
    "timm_drop_path timm_model_name timm_pool timm_proj tokenizer_kwargs tokenizer_mode".split()
)


class _RefusalError(Exception):
    """What is wrong with a value; completes "… is refused: "."""


def check_config(config: JsonDict, path: Path, own_folder: Path | None = None) -> None:
    """Check a model config (``embed_dim``, ``vision_cfg``, ``text_cfg``) before any library sees it.

    ``own_folder`` may stand in place of the names of a tokenizer and a text tower: the model's own files.

    Raises:
        ModelError: it says something that is not allowed; the message names the key in ``path``.
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
    """Check what a config says of preprocessing; keys that mean nothing here may be there.

    Raises:
        ModelError: as for ``check_config``.
    """
    try:
        for key, value in config.items():
            if key in _PREPROCESS and value is not None:
                _PREPROCESS[key](key, value)
    except _RefusalError as refusal:
        raise refused(path, str(refusal)) from refusal


def check_tower_config(config: JsonDict, path: Path) -> None:
    """Check the sizes that a config of transformers states (``config.json`` of a text tower).

    Published: 36 layers, 5,120 wide (mT5-XL), 250,112 words.

    Raises:
        ModelError: as for ``check_config``.
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
    """Check what a model is to be called: it is shown in terminals and lists, typed, and part of a folder's name.

    Raises:
        ModelError: it holds control characters, reads as a path or an option, or is too long.
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
    """A file's or folder's name made fit for a model's name."""
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
    """The refusal of a file from elsewhere."""
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
    """What no number tells by itself."""
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
        if not is_number or not least <= value <= most:  # which NaN is not
            raise _wrong_number(key, value, least, most)

    return check


def _several(check_one: _Check, *counts: int) -> _Check:
    """One value, or a list of so many."""

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
                    known=", ".join(known),
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
    """Of a transformer, or of the four stages of a ResNet (published: 36)."""
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
