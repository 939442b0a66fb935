"""A tiny CLIP model with seeded random weights, which runs the real code of open_clip within a second."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.tiny_clip import TINY_CONFIG, random_weights

from imagefinder.embedders.importing import checkpoint_shapes, importer
from imagefinder.embedders.spec import ClipSpec, merge_preprocess
from imagefinder.embedders.towers import tower_loader
from imagefinder.embedders.weights import torch_weights


@pytest.fixture(scope="session")
def tiny_weights() -> dict[str, Any]:
    """Weights of the tiny model by name. Must not be modified."""
    return random_weights()


@pytest.fixture(scope="session")
def tiny_safetensors(tiny_weights: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    from safetensors.torch import save_file

    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(tiny_weights, path)
    return path


@pytest.fixture(scope="session")
def tiny_config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("config") / "tiny-clip.json"
    path.write_text(json.dumps(TINY_CONFIG))
    return path


@pytest.fixture
def tiny_spec(tiny_safetensors: Path) -> Callable[..., ClipSpec]:
    """Factory of specs for the tiny model, with optional preprocessing."""

    def make(weights: Path = tiny_safetensors, **preprocess: object) -> ClipSpec:
        merged = merge_preprocess(TINY_CONFIG, preprocess)
        return ClipSpec("tiny/test", "test", "tiny", weights, TINY_CONFIG, merged)

    return make


@pytest.fixture(autouse=True)
def no_models_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty model cache, so that tests do not depend on models of this computer."""
    cache = tmp_path / "model-cache"
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    return cache


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Path of the model store, which is not created yet."""
    return tmp_path / "models"


@pytest.fixture
def _no_library_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail a test in which torch would read a file or open_clip would build a model."""
    for module, name in (
        (torch_weights, "import_torch_with_patient_threads"),
        (checkpoint_shapes, "build"),
        (tower_loader, "build"),
        (importer, "sha256"),
    ):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("it was not refused before"))
