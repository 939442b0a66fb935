"""Comparison of the NumPy text tower and its tokenizer with open_clip's."""

import subprocess
import sys
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import rounding
from helpers.tiny_clip import TINY_CONFIG, random_model
from hypothesis import example, given, settings
from hypothesis import strategies as st

from imagefinder.embedders.embedder import FloatArray
from imagefinder.embedders.spec import ClipSpec, merge_preprocess
from imagefinder.embedders.towers.clip_vocabulary import ClipVocabulary
from imagefinder.embedders.towers.numpy_text_tower import NumpyTextTower, numpy_text_tower
from imagefinder.embedders.towers.tower_loader import import_open_clip
from imagefinder.resources import resource

ODD_TEXTS = [
    "",
    "   ",
    "a dog",
    "It's I'll DON'T we've",
    "12345 a_b-c!! (x)",
    "Ⅷ²½ café naïve ﬁne",
    "犬 на пляже",
    "&amp;lt; tags &quot;",
    "<end_of_text> in the <start_of_text> middle",
    "tabs\tand\nlines\x1cand\x85more",
    "“curly” quotes — and dashes…",
    "👩‍👩‍👧 on the beach 🏖️",
    "x" * 300,
    "ein sehr langer Satz " * 40,
    "âœ” mojibake",
]


@pytest.fixture(scope="module")
def thousand_texts() -> list[str]:
    """Unusual texts, then queries of one to twelve words, in varying case and with varying separators."""
    words = resource("relevance").joinpath("unrelated_queries.txt").read_text(encoding="utf-8").split()
    random = np.random.default_rng(11)
    texts = list(ODD_TEXTS)
    while len(texts) < 1000:
        chosen = [str(word) for word in random.choice(words, random.integers(1, 13))]
        texts.append(str(random.choice([" ", ", ", " - ", "_"])).join(chosen))
    return [text.upper() if number % 7 == 0 else text for number, text in enumerate(texts)]


@pytest.fixture(scope="module")
def vocabulary() -> ClipVocabulary:
    return ClipVocabulary()


@cache
def open_clips_tokenizer() -> Any:
    import_open_clip()
    from open_clip import SimpleTokenizer

    return SimpleTokenizer()


def tokens_of_open_clip(texts: list[str], length: int) -> Any:
    return open_clips_tokenizer()(texts, context_length=length).tolist()


def padded(tokens: list[list[int]], length: int) -> list[list[int]]:
    return [some + [0] * (length - len(some)) for some in tokens]


@pytest.mark.parametrize("length", [77, 16])
def test_a_thousand_texts_have_the_tokens_that_open_clip_gives(
    vocabulary: ClipVocabulary, thousand_texts: list[str], length: int
) -> None:
    tokens = vocabulary(thousand_texts, length)
    assert padded(tokens, length) == tokens_of_open_clip(thousand_texts, length)


@settings(deadline=None, max_examples=300)
@given(text=st.text(max_size=60))
@example(text="\x00ab\x7f")
@example(text="İstanbul ǅ")
def test_any_text_has_the_tokens_that_open_clip_gives(text: str, vocabulary: ClipVocabulary) -> None:
    assert padded(vocabulary([text], 77), 77) == tokens_of_open_clip([text], 77)


def test_a_word_without_end_is_cut_and_takes_no_time(vocabulary: ClipVocabulary) -> None:
    (tokens,) = vocabulary(["ab" * 500_000], 77)
    assert tokens == vocabulary(["ab" * 500], 77)[0]


VARIANTS: dict[str, dict[str, Any]] = {
    "CLIP": {},
    "of OpenAI": {"quick_gelu": True},
    "with a tower of its own": {"custom_text": True},
    "that sees all at once": {"text_cfg": {"no_causal_mask": True}},
    "with another ratio": {"text_cfg": {"mlp_ratio": 2.0, "heads": 4, "layers": 3}},
}


def config_of(variant: str) -> dict[str, Any]:
    config = deepcopy(TINY_CONFIG)
    for key, value in VARIANTS[variant].items():
        config[key] = {**config[key], **value} if isinstance(value, dict) else value
    return config


def spec_of(path: Path, config: dict[str, Any]) -> ClipSpec:
    return ClipSpec("a/b", "test", "a", path, config, merge_preprocess(config, {}))


def unit(rows: FloatArray) -> FloatArray:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def made(tmp_path: Path, config: dict[str, Any], **weights: Any) -> tuple[Any, ClipSpec]:
    """Return open_clip's model, and the spec of a file with its weights.

    In the file, ``weights`` replace those of the model, or are omitted if None.
    """
    from safetensors.torch import save_file

    model = random_model(config)
    given = {name.replace("__", "."): value for name, value in weights.items()}
    state = {name: value for name, value in {**model.state_dict(), **given}.items() if value is not None}
    save_file(state, tmp_path / "weights.safetensors")
    return model, spec_of(tmp_path / "weights.safetensors", config)


def tower_of(spec: ClipSpec) -> NumpyTextTower:
    tower = numpy_text_tower(spec)
    assert tower is not None
    return tower


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_thousand_texts_have_the_vectors_that_open_clip_gives(
    tmp_path: Path, thousand_texts: list[str], variant: str
) -> None:
    import torch

    model, spec = made(tmp_path, config_of(variant))
    with torch.inference_mode():
        expected = model.encode_text(torch.tensor(tokens_of_open_clip(thousand_texts, 16))).numpy()
    np.testing.assert_allclose(
        unit(tower_of(spec).encode(thousand_texts)), unit(expected), atol=rounding.NETWORK
    )


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_weights_may_be_stored_in_other_precisions(tmp_path: Path, kind: str) -> None:
    import torch

    dtype = getattr(torch, kind)
    config = config_of("CLIP")
    stored = {name: value.to(dtype) for name, value in random_model(config).state_dict().items()}
    _, spec = made(tmp_path, config, **stored)
    model = random_model(config)
    model.load_state_dict({name: value.float() for name, value in stored.items()})
    with torch.inference_mode():
        expected = model.encode_text(torch.tensor(tokens_of_open_clip(ODD_TEXTS, 16))).numpy()
    np.testing.assert_allclose(unit(tower_of(spec).encode(ODD_TEXTS)), unit(expected), atol=rounding.NETWORK)


def test_a_text_has_the_same_vector_alone_and_among_others(tmp_path: Path, thousand_texts: list[str]) -> None:
    _, spec = made(tmp_path, config_of("CLIP"))
    tower = tower_of(spec)
    together = tower.encode(thousand_texts[:100])
    for number in (0, 3, 12, 99):
        np.testing.assert_allclose(
            together[number], tower.encode([thousand_texts[number]])[0], atol=rounding.NETWORK
        )
    assert tower.encode([]).shape == (0, 48)


def test_the_starter_model_says_what_open_clip_says(thousand_texts: list[str]) -> None:
    import torch

    from imagefinder.embedders.importing.importer import imported_models
    from imagefinder.embedders.towers import tower_loader

    texts = thousand_texts[:200]
    (spec,) = imported_models(resource("models"))
    tower = tower_loader.load_tower(spec, tower_loader.Tower.TEXT, torch.device("cpu"), torch.float32)
    with torch.inference_mode():
        expected = tower.encode_text(torch.tensor(tokens_of_open_clip(texts, 32))).numpy()
    np.testing.assert_allclose(unit(tower_of(spec).encode(texts)), unit(expected), atol=rounding.NETWORK)


@pytest.mark.parametrize(
    "text_cfg",
    [
        {"pool_type": "last"},
        {"proj_bias": True},
        {"hf_tokenizer_name": "some/tokenizer"},
        {"hf_model_name": "some/tower"},
        {"vocab_size": 32000},
        {"act_kwargs": {"approximate": "tanh"}},
        {"norm_kwargs": {"eps": 1e-6}},
        {"tokenizer_kwargs": {"clean": "canonicalize"}},
        {"embed_cls": True},
        {"what_comes_next_year": 1},
    ],
)
def test_a_tower_of_another_kind_is_left_to_open_clip(tmp_path: Path, text_cfg: dict[str, Any]) -> None:
    _, spec = made(tmp_path, config_of("CLIP"))
    assert numpy_text_tower(spec) is not None
    strange = {**spec.model_cfg, "text_cfg": {**spec.model_cfg["text_cfg"], **text_cfg}}
    assert numpy_text_tower(spec_of(spec.weights, strange)) is None


def test_weights_that_do_not_fit_are_left_to_open_clip_to_refuse(tmp_path: Path) -> None:
    import torch

    _, lacking = made(tmp_path, config_of("CLIP"), ln_final__bias=None)
    assert numpy_text_tower(lacking) is None
    _, other = made(tmp_path, config_of("CLIP"), text_projection=torch.zeros(3, 4))
    assert numpy_text_tower(other) is None
    _, whole_numbers = made(tmp_path, config_of("CLIP"), ln_final__bias=torch.zeros(64, dtype=torch.int8))
    assert numpy_text_tower(whole_numbers) is None
    lacking.weights.write_bytes(lacking.weights.read_bytes()[:-8])
    assert numpy_text_tower(lacking) is None


def test_weights_of_pytorch_are_left_to_open_clip(tmp_path: Path) -> None:
    import torch

    config = config_of("CLIP")
    torch.save(random_model(config).state_dict(), tmp_path / "weights.pt")
    assert numpy_text_tower(spec_of(tmp_path / "weights.pt", config)) is None


_WITHOUT_TORCH = """
import sys
from imagefinder.embedders import model_registry
from pathlib import Path

model = model_registry.create("starter", "auto", Path("nowhere"))
model.encode_texts(["a dog on the beach"])
heavy = {"torch", "torchvision", "open_clip", "timm", "transformers", "regex", "ftfy"}
print(*sorted(heavy & set(sys.modules)))
"""


def test_embedding_a_text_imports_no_torch() -> None:
    done = subprocess.run([sys.executable, "-c", _WITHOUT_TORCH], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
