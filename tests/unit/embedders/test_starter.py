"""Tests of the starter model. The quality of its results is tested in tests/e2e/test_starter.py."""

import dataclasses
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contracts.embedder_contract import EmbedderContract, pictures
from helpers import rounding

from imagefinder.domain.errors import ModelError
from imagefinder.embedders import model_registry
from imagefinder.embedders.embedder import Embedder
from imagefinder.embedders.hardware import device
from imagefinder.embedders.importing.importer import imported_models
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.towers import tiny_vit, tower_loader
from imagefinder.resources import resource

LARGEST = 60_000_000
"""Maximum size in bytes, since every download of the program contains the model."""


@pytest.fixture
def spec() -> ClipSpec:
    (found,) = imported_models(resource("models"))
    return found


class TestStarterModel(EmbedderContract):
    @pytest.fixture(scope="class")
    @classmethod
    def loaded(cls) -> Iterator[Embedder]:
        """One embedder shared by all tests, which do not modify it."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(device, "has_fast_bfloat16", lambda: False)
            embedder = model_registry.create("starter", "cpu", Path("no models of the user's"))
            yield embedder

    @pytest.fixture
    def make(self, loaded: Embedder) -> Callable[[], Embedder]:
        return lambda: loaded

    @pytest.fixture
    def embedder(self, loaded: Embedder) -> Embedder:
        return loaded

    def test_a_picture_gives_512_numbers(self, embedder: Embedder) -> None:
        assert embedder.encode_images([embedder.prepare(pictures(1)[0])]).shape == (1, 512)

    @pytest.mark.parametrize(
        "text",
        ["cup of coffee 咖啡", "咖啡 cup of coffee", "чашка cup of coffee", "ｃｕｐ of coffee（咖啡）"],
    )
    def test_words_in_another_script_play_no_part(self, embedder: Embedder, text: str) -> None:
        alone, beside = embedder.encode_texts(["cup of coffee", text])
        np.testing.assert_allclose(alone, beside, atol=rounding.NETWORK)
        assert embedder.understands(text)

    def test_it_says_which_words_play_no_part(self, embedder: Embedder) -> None:
        assert embedder.unknown_words("cup 咖啡 of coffee ロケット") == ["咖啡", "ロケット"]
        assert embedder.unknown_words("café in Zürich, 1998") == []

    @pytest.mark.parametrize("text", ["a dog", "Zürich", "é", "ｃａｔ", "café 1998", "2024", "红色 dog"])
    def test_it_tries_what_may_be_english(self, embedder: Embedder, text: str) -> None:
        assert embedder.understands(text)

    @pytest.mark.parametrize("text", ["海滩上的狗", "собака", "صورة 12"])
    def test_it_does_not_pretend_to_know_another_script(self, embedder: Embedder, text: str) -> None:
        assert not embedder.understands(text)


def test_its_id_changes_with_its_weights(spec: ClipSpec) -> None:
    content = hashlib.sha256(spec.weights.read_bytes()).hexdigest()
    assert spec.weights_id == f"sha256:{content[:16]}", "or vectors of other weights would pass for its own"
    assert spec.id != dataclasses.replace(spec, weights_id="sha256:0123456789abcdef").id
    assert spec.id.startswith(f"open_clip:TinyViT-5M-192:{spec.weights_id}:")


def test_it_is_small(spec: ClipSpec) -> None:
    assert spec.weights.stat().st_size <= LARGEST


def test_the_tower_in_fewer_operations_gives_the_same_vectors(
    spec: ClipSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "has_fast_bfloat16", lambda: False)
    found: list[Any] = []
    for is_folded in (tower_loader._is_folded, lambda visual: False):
        monkeypatch.setattr(tower_loader, "_is_folded", is_folded)
        embedder = OpenClipEmbedder(spec, "cpu")
        found.append(embedder.encode_images([embedder.prepare(picture) for picture in pictures(3)]))
    np.testing.assert_allclose(found[0], found[1], atol=rounding.NETWORK)


def test_registering_the_tower_twice_is_harmless() -> None:
    tower_loader.import_open_clip()
    from timm.models import is_model

    tiny_vit.register()
    tiny_vit.register()  # repeated: a warning would fail this test
    assert is_model(tiny_vit.NAME)


def test_an_unreadable_middle_of_its_weights_is_one_sentence(spec: ClipSpec, tmp_path: Path) -> None:
    content = bytearray(spec.weights.read_bytes())
    content[100:200] = bytes(100)  # in the header
    (tmp_path / "weights.safetensors").write_bytes(content)
    damaged = OpenClipEmbedder(dataclasses.replace(spec, weights=tmp_path / "weights.safetensors"), "cpu")
    with pytest.raises(ModelError, match="damaged or not whole"):
        damaged.encode_texts(["a dog"])
