"""Tiny stand-ins for multilingual models: random weights, and tokenizers with pairs of translated words.

A Chinese word and its English counterpart have the same token number, since a well-trained model would give
them nearly
the same vector.
"""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

TWINS = {"狗": "dog", "红色": "red", "草地": "meadow", "一只": "a", "在": "on"}

SIGLIP2_LIKE: dict[str, Any] = {
    "embed_dim": 48,
    "init_logit_bias": -10,
    "custom_text": True,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {
        "context_length": 64,
        "vocab_size": 32,
        "hf_tokenizer_name": "tests/twin-words",
        "tokenizer_kwargs": {"clean": "canonicalize"},
        "width": 64,
        "heads": 2,
        "layers": 2,
        "no_causal_mask": True,
        "proj_bias": True,
        "pool_type": "last",
        "norm_kwargs": {"eps": 1e-6},
        "act_kwargs": {"approximate": "tanh"},
    },
}
"""Reduced version of open_clip's ViT-B-16-SigLIP2.json."""

XLM_ROBERTA_LIKE: dict[str, Any] = {
    "embed_dim": 48,
    "vision_cfg": {"image_size": 32, "layers": 2, "width": 64, "head_width": 32, "patch_size": 8},
    "text_cfg": {
        "hf_model_name": "tests/tiny-xlm-roberta",
        "hf_tokenizer_name": "tests/tiny-xlm-roberta",
        "hf_pooler_type": "mean_pooler",
        "hf_proj_type": "linear",
    },
}
"""Reduced version of open_clip's xlm-roberta-base-ViT-B-32.json."""

SQUASHED = {"mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic", "resize_mode": "squash"}
"""Preprocessing of SigLIP2."""

_XLM_ROBERTA = {
    "model_type": "xlm-roberta",
    "architectures": ["XLMRobertaForMaskedLM"],
    "vocab_size": 32,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 80,
    "type_vocab_size": 1,
    "bos_token_id": 0,
    "pad_token_id": 1,
    "eos_token_id": 2,
}


def siglip2_like(folder: Path) -> Path:
    """Create a model folder in open_clip's ``local-dir:`` form and return it."""
    folder.mkdir(parents=True)
    write_tokenizer(folder, ["<pad>", "<eos>", "<bos>", "<unk>"], "$A <eos>")
    _write(folder / "open_clip_config.json", {"model_cfg": SIGLIP2_LIKE, "preprocess_cfg": SQUASHED})
    _save_weights(SIGLIP2_LIKE, folder)
    return folder


def xlm_roberta_like(folder: Path) -> Path:
    """Create such a folder for a transformers text tower, including the config of that tower."""
    from imagefinder.embedders.towers.tower_loader import import_open_clip
    from imagefinder.embedders.towers.transformers_support import bring_in_transformers

    folder.mkdir(parents=True)
    write_tokenizer(folder, ["<s>", "<pad>", "</s>", "<unk>"], "<s> $A </s>")
    _write(folder / "config.json", _XLM_ROBERTA)
    _write(folder / "open_clip_config.json", {"model_cfg": XLM_ROBERTA_LIKE})
    import_open_clip()
    bring_in_transformers()
    config = deepcopy(XLM_ROBERTA_LIKE)
    config["text_cfg"] |= {"hf_model_name": str(folder), "hf_model_pretrained": False}
    _save_weights({**config, "custom_text": True}, folder)
    return folder


def write_tokenizer(folder: Path, marks: list[str], frame: str) -> None:
    """Write a tokenizer of whole words.

    Args:
        folder: Where to write it.
        marks: Special tokens, numbered from 0. They begin, end or pad a text; the last one stands for unknown
        words.
        frame: Template of the tokens before and after a text.
    """
    from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors
    from tokenizers.models import WordLevel

    words = [*marks, *TWINS.values(), "cat", "photo"]
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(words)}, unk_token=marks[-1]))
    tokenizer.add_special_tokens(marks)
    spelt = [normalizers.Replace(chinese, f" {english} ") for chinese, english in TWINS.items()]
    tokenizer.normalizer = normalizers.Sequence([*spelt, normalizers.Replace("的", " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    numbered = [(mark, number) for number, mark in enumerate(marks)]
    tokenizer.post_processor = processors.TemplateProcessing(single=frame, special_tokens=numbered)
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "padding_side": "right", "pad_token": "<pad>"}
    _write(folder / "tokenizer_config.json", {**settings, "unk_token": marks[-1]})


def _save_weights(config: dict[str, Any], folder: Path) -> None:
    from helpers.tiny_clip import random_weights
    from safetensors.torch import save_file

    save_file(random_weights(config), folder / "open_clip_model.safetensors")


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
