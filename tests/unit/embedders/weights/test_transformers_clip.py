"""Tests that CLIP models of the transformers library give the same vectors as transformers."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contracts.embedder_contract import pictures
from helpers.tiny_clip import as_open_clip_takes

from imagefinder.domain.errors import ModelError
from imagefinder.embedders import model_registry
from imagefinder.embedders.importing.importer import import_model
from imagefinder.embedders.towers.tokenizer import load_tokenizer
from imagefinder.embedders.towers.tower_loader import import_open_clip

TEXT = {"hidden_size": 64, "intermediate_size": 256, "num_hidden_layers": 2, "num_attention_heads": 2}
VISION = {**TEXT, "num_attention_heads": 1, "image_size": 32, "patch_size": 8}


def made(folder: Path, activation: str, **text: Any) -> Any:
    """Save a tiny CLIPModel with random weights as transformers does, and return it."""
    import_open_clip()  # works around a torchvision that does not fit this torch
    transformers = pytest.importorskip("transformers")
    import torch

    torch.manual_seed(4)
    config = transformers.CLIPConfig(
        text_config={
            **TEXT,
            "max_position_embeddings": 16,
            "hidden_act": activation,
            "eos_token_id": 49407,
            **text,
        },
        vision_config={**VISION, "hidden_act": activation},
        projection_dim=48,
    )
    model = transformers.CLIPModel(config).eval()
    for weight in model.parameters():  # initial weights are so small that all activation functions look alike
        torch.nn.init.normal_(weight, std=0.3)
    model.save_pretrained(folder)
    preprocess = {
        "image_mean": [0.4] * 3,
        "image_std": [0.3] * 3,
        "resample": 3,
        "size": {"shortest_edge": 32},
    }
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocess))
    return model


@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
def test_it_gives_the_vectors_that_transformers_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, activation: str
) -> None:
    import torch

    monkeypatch.setattr("imagefinder.embedders.hardware.device.has_fast_bfloat16", lambda: False)
    theirs = made(tmp_path / "clip", activation)
    done = import_model(tmp_path / "clip", "", tmp_path / "models")
    assert done.model.preprocess_cfg["mean"] == [0.4] * 3
    assert bool(done.model.model_cfg.get("quick_gelu")) == (activation == "quick_gelu")
    ours = model_registry.create(done.model.name, "cpu", tmp_path / "models")
    prepared = [ours.prepare(picture) for picture in pictures(3)]
    tokens = load_tokenizer({"context_length": 16})(["a red bus", "two dogs"])
    with torch.inference_mode():
        vision = theirs.vision_model(
            pixel_values=as_open_clip_takes(prepared, done.model.preprocess_cfg)
        ).pooler_output
        text = theirs.text_model(input_ids=tokens).pooler_output
        images, texts = theirs.visual_projection(vision), theirs.text_projection(text)
    for mine, reference in (
        (ours.encode_images(prepared), images),
        (ours.encode_texts(["a red bus", "two dogs"]), texts),
    ):
        unit = torch.nn.functional.normalize(reference, dim=-1).numpy()
        np.testing.assert_allclose(mine, unit, atol=1e-5)


def test_without_its_config_it_is_refused_as_no_architecture_of_that_size_is_known(tmp_path: Path) -> None:
    made(tmp_path / "clip", "gelu")
    (tmp_path / "clip" / "config.json").unlink()
    with pytest.raises(ModelError, match="fits none of the architectures"):
        import_model(tmp_path / "clip", "", tmp_path / "models")


def test_an_architecture_that_contradicts_its_config_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "clip", "gelu")
    with pytest.raises(ModelError, match=r"“ViT-B-32” contradicts .*config\.json"):
        import_model(tmp_path / "clip", "ViT-B-32", tmp_path / "models")


def test_what_open_clip_computes_otherwise_is_refused(tmp_path: Path) -> None:
    made(tmp_path / "clip", "gelu", hidden_act="relu")
    with pytest.raises(ModelError, match="does not compute in this form"):
        import_model(tmp_path / "clip", "", tmp_path / "models")


def test_the_first_clips_config_is_known_by_its_name(tmp_path: Path) -> None:
    from imagefinder.embedders.importing.architecture_detection import same_architecture
    from imagefinder.embedders.weights.transformers_clip import config_of_transformers

    (tmp_path / "config.json").write_text(json.dumps({"model_type": "clip", "projection_dim": 512}))
    known = config_of_transformers(tmp_path)
    assert known is not None
    assert same_architecture(known[1]) == ["ViT-B-32-quickgelu"]
