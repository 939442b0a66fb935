"""Tests of the bounds on model configs, which apply before any library reads them."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from helpers.tiny_clip import TINY_CONFIG
from hypothesis import given
from hypothesis import strategies as st

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.catalogue.catalogue import architectures, published_tags
from imagefinder.embedders.config_bounds import (
    check_config,
    check_name,
    check_preprocess,
    check_tower_config,
    name_from,
)
from imagefinder.embedders.spec import merge_preprocess

FILE = Path("open_clip_config.json")
ELSEWHERE = [
    "hf-hub:timm/resnet18.a1_in1k",
    "hf_hub:timm/resnet18",
    "HF-HUB:timm/resnet18",
    "local-dir:/etc",
    "local_dir:models",
    "file:///etc/passwd",
    "https://example.com/model",
    "/etc",
    "~/models",
    "../../etc",
    "./model",
    "a/../../b",
    "a/b/c",
    "C:\\models",
    "\\\\host\\share",
    "model name",
    "model\0name",
    "model\nname",
    "model\x1b[31m",
    "x" * 1000,
    "模型",
    5,
    True,
    ["resnet18"],
    {"name": "resnet18"},
]


def with_value(part: str, key: str, value: object) -> dict[str, Any]:
    config = deepcopy(TINY_CONFIG)
    (config[part] if part else config)[key] = value
    return config


@pytest.mark.parametrize("arch", sorted(architectures()))
def test_all_that_open_clip_itself_says_is_allowed(arch: str) -> None:
    config = json.loads(architectures()[arch].read_text())
    check_config(config, FILE)
    check_name(arch)
    for tag, row in published_tags(arch).items():
        check_preprocess(merge_preprocess(config, row), FILE)
        check_name(f"{arch}/{tag}")


@pytest.mark.parametrize("value", ELSEWHERE)
@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("vision_cfg", "timm_model_name"),
        ("text_cfg", "hf_model_name"),
        ("text_cfg", "hf_tokenizer_name"),
        ("text_cfg", "hf_proj_type"),
        ("text_cfg", "hf_pooler_type"),
        ("text_cfg", "tokenizer_mode"),
        ("vision_cfg", "timm_pool"),
        ("vision_cfg", "pos_embed_type"),
    ],
)
def test_a_name_that_leads_elsewhere_is_refused(part: str, key: str, value: object) -> None:
    with pytest.raises(ModelError, match=rf"open_clip_config\.json is refused: “{part}\.{key}” is"):
        check_config(with_value(part, key, value), FILE)


def test_a_repository_of_the_hub_is_a_name_of_a_tokenizer_but_of_no_tower_of_timm() -> None:
    check_config(with_value("text_cfg", "hf_tokenizer_name", "timm/ViT-B-16-SigLIP2"), FILE)
    with pytest.raises(ModelError, match="only plain names"):
        check_config(with_value("vision_cfg", "timm_model_name", "timm/vit_base_patch16_224"), FILE)
    check_config(with_value("vision_cfg", "timm_model_name", "vit_base_patch16_224.augreg_in21k"), FILE)


def test_the_models_own_folder_may_stand_for_a_name_and_no_other_may() -> None:
    config = with_value("text_cfg", "hf_tokenizer_name", "/models/x/tokenizer")
    check_config(config, FILE, Path("/models/x/tokenizer"))
    with pytest.raises(ModelError):
        check_config(config, FILE, Path("/models/y/tokenizer"))


@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("", "pretrained"),
        ("", "cache_dir"),
        ("", "cast_dtype"),
        ("vision_cfg", "pretrained"),
        ("vision_cfg", "checkpoint_path"),
        ("vision_cfg", "timm_model_kwargs"),
        ("text_cfg", "cache_dir"),
        ("text_cfg", "hf_tokenizer_path"),
        ("text_cfg", "trust_remote_code"),
    ],
)
def test_a_key_that_is_not_known_is_refused(part: str, key: str) -> None:
    with pytest.raises(ModelError, match="is not known here"):
        check_config(with_value(part, key, "x"), FILE)


@pytest.mark.parametrize("kwargs", [{"trust_remote_code": True}, {"tokenizer_file": "/etc/passwd"}, [], "x"])
def test_settings_of_a_tokenizer_are_known_ones(kwargs: object) -> None:
    with pytest.raises(ModelError, match="is refused"):
        check_config(with_value("text_cfg", "tokenizer_kwargs", kwargs), FILE)


NUMBERS = [
    ("", "embed_dim"),
    ("vision_cfg", "layers"),
    ("vision_cfg", "width"),
    ("vision_cfg", "head_width"),
    ("vision_cfg", "patch_size"),
    ("vision_cfg", "image_size"),
    ("vision_cfg", "mlp_ratio"),
    ("vision_cfg", "attn_pooler_queries"),
    ("text_cfg", "layers"),
    ("text_cfg", "width"),
    ("text_cfg", "heads"),
    ("text_cfg", "context_length"),
    ("text_cfg", "vocab_size"),
    ("text_cfg", "mlp_ratio"),
]


@pytest.mark.parametrize(
    "value", [0, -1, -(10**9), 10**9, 2**63, 10**400, True, "12", "x" * 10_000, [], [1, 2, 3], {}, 1e300]
)
@pytest.mark.parametrize(("part", "key"), NUMBERS)
def test_numbers_have_bounds(part: str, key: str, value: object) -> None:
    with pytest.raises(ModelError, match=rf"“{f'{part}.' if part else ''}{key}” (is|has)"):
        check_config(with_value(part, key, value), FILE)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize(("part", "key"), NUMBERS)
def test_what_is_no_number_is_refused(part: str, key: str, value: float) -> None:
    with pytest.raises(ModelError, match="may be a number from"):
        check_config(with_value(part, key, value), FILE)


@pytest.mark.parametrize(
    ("vision", "text", "words"),
    [
        ({"image_size": 1024, "patch_size": 1, "width": 768}, {}, "more than any model takes"),
        ({"image_size": [1024, 1024], "patch_size": 4, "width": 6144}, {}, "more than any model takes"),
        ({"image_size": 32, "patch_size": 64}, {}, "patch_size"),
        ({"width": 64, "head_width": 128}, {}, "head_width"),
        ({"patch_size": None}, {}, "patch_size"),
        ({"layers": [3, 4, 6]}, {}, "has 3 values"),
        ({"layers": [3, 4, 6, 10**6]}, {}, "layers"),
        ({"image_size": [32, 32, 32]}, {}, "has 3 values"),
        ({}, {"width": 100, "heads": 3}, "no multiple"),
        ({"act_kwargs": {"approximate": "sin"}}, {}, "approximate"),
        ({"norm_kwargs": {"eps": 10**9}}, {}, "eps"),
        ({"norm_kwargs": {"device": "cuda"}}, {}, "is not known here"),
    ],
)
def test_numbers_that_make_no_sense_together_are_refused(
    vision: dict[str, Any], text: dict[str, Any], words: str
) -> None:
    config = deepcopy(TINY_CONFIG)
    config["vision_cfg"] |= vision
    config["text_cfg"] |= text
    with pytest.raises(ModelError, match=words):
        check_config(config, FILE)


@pytest.mark.parametrize(
    "preprocess",
    [
        {"size": 10**6},
        {"size": [10**6, 10**6]},
        {"size": 0},
        {"size": True},
        {"size": [224]},
        {"mean": "abc"},
        {"mean": [0.5, 0.5]},
        {"mean": [0.5, None, 0.5]},
        {"mean": float("nan")},
        {"std": [0, 0, 0]},
        {"std": -1},
        {"std": [True, 1, 1]},
        {"std": [[1], [1], [1]]},
        {"mode": "CMYK"},
        {"interpolation": "__class__"},
        {"resize_mode": ["squash"]},
        {"fill_color": 10**9},
        {"fill_color": 1.5},
    ],
)
def test_preprocessing_has_bounds_too(preprocess: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"open_clip_config\.json is refused: “"):
        check_preprocess(preprocess, FILE)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("num_hidden_layers", 10**9),
        ("num_layers", 1000),
        ("hidden_size", 10**9),
        ("vocab_size", 10**10),
        ("d_ff", 2**40),
        ("layer_norm_eps", float("inf")),
    ],
)
def test_a_text_tower_of_transformers_has_bounds(key: str, value: float) -> None:
    known = {"model_type": "xlm-roberta", "vocab_size": 250_002, "hidden_size": 1024, "eos_token_id": 250_001}
    check_tower_config(known, FILE)
    with pytest.raises(ModelError, match=key):
        check_tower_config({**known, key: value}, FILE)


anything: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
keys = st.sampled_from([*NUMBERS, ("vision_cfg", "timm_model_name"), ("", "vision_cfg"), ("", "text_cfg")])


@given(keys, anything)
def test_whatever_a_config_says_is_allowed_or_refused_in_a_sentence(key: tuple[str, str], value: Any) -> None:
    try:
        check_config(with_value(*key, value), FILE)
    except ModelError as error:
        assert str(error).startswith("open_clip_config.json is refused: ")
        assert str(error).isprintable()


@pytest.mark.parametrize("name", ["ViT-B-32/mine", "my model (2)", "模型/照片", "a.b_c+d"])
def test_ordinary_names_of_models_are_allowed(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "../x",
            "a/../b",
            "/etc",
            "~x",
            "a//b",
            "a/",
            "..",
            ".",
            "-x",
            "a\\b",
            "a\0b",
            "a\nb",
            "\x1b[31mred",
        ),
        *("a\u202eb", "a\u2028b", "", " ", "x" * 201, "a/ /b", "\udcff"),
    ],
)
def test_a_name_that_is_a_path_or_cannot_be_seen_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="cannot be a model's name") as caught:
        check_name(name)
    assert str(caught.value).isprintable()


@given(st.text())
def test_any_files_name_is_made_a_models_name(label: str) -> None:
    check_name(name_from(label))
    check_name(f"ViT-B-32/{name_from(label)}")
