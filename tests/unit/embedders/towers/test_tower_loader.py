"""Tests of single towers: they give the vectors of the whole model, and take only their own memory."""

import dataclasses
import os
import threading
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contracts.embedder_contract import pictures
from helpers import rounding
from helpers.tiny_clip import TINY_CONFIG, as_open_clip_takes, random_model

from imagefinder.domain.errors import ModelError
from imagefinder.embedders import openclip
from imagefinder.embedders.hardware import device
from imagefinder.embedders.importing.importer import imported_models
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.spec import ClipSpec, merge_preprocess
from imagefinder.embedders.towers import tower_loader
from imagefinder.resources import resource

TEXTS = ["a red bus", "two dogs on a beach at night", ""]


def _changed(**parts: Any) -> dict[str, Any]:
    config = deepcopy(TINY_CONFIG)
    for name, value in parts.items():
        config[name] = {**config[name], **value} if isinstance(value, dict) and name in config else value
    return config


def _starter() -> dict[str, Any]:
    (spec,) = imported_models(resource("models"))
    return spec.model_cfg


_SIGLIP_VISION = {
    "image_size": 224,
    "timm_model_name": "vit_tiny_patch16_224",
    "timm_model_pretrained": False,
    "timm_pool": "map",
    "timm_proj": "none",
}
_SIGLIP_TEXT = {
    "context_length": 16,
    "vocab_size": 49408,
    "width": 64,
    "heads": 2,
    "layers": 2,
    "no_causal_mask": True,
    "proj_bias": True,
    "pool_type": "last",
    "norm_kwargs": {"eps": 1e-6},
}
CONFIGS: dict[str, Callable[[], dict[str, Any]]] = {
    "CLIP": lambda: TINY_CONFIG,
    "CLIP of OpenAI": lambda: _changed(quick_gelu=True),
    "CLIP with a text tower of its own": lambda: _changed(custom_text=True),
    "CLIP with a ResNet": lambda: _changed(
        vision_cfg={"layers": [1, 1, 1, 1], "width": 16, "image_size": 64, "patch_size": None}
    ),
    "the starter's": _starter,
    "SigLIP": lambda: {
        "embed_dim": 192,
        "init_logit_bias": -10,
        "custom_text": True,
        "vision_cfg": _SIGLIP_VISION,
        "text_cfg": _SIGLIP_TEXT,
    },
    "SigLIP that reads to the end": lambda: {
        "embed_dim": 192,
        "custom_text": True,
        "vision_cfg": _SIGLIP_VISION,
        "text_cfg": {**_SIGLIP_TEXT, "pool_type": "argmax"},
    },
    "CoCa": lambda: _changed(
        custom_text=True,
        vision_cfg={"attentional_pool": True, "attn_pooler_heads": 2, "output_tokens": True},
        text_cfg={"embed_cls": True, "output_tokens": True},
        multimodal_cfg={"context_length": 16, "vocab_size": 49408, "width": 64, "heads": 2, "layers": 2},
    ),
}


@dataclasses.dataclass
class Case:
    """An open_clip model, and a spec for the same weights in a file."""

    whole: Any
    spec: ClipSpec


@pytest.fixture(scope="module", params=list(CONFIGS))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    from safetensors.torch import save_file

    tower_loader.import_open_clip()
    tower_loader.tiny_vit.register()
    config = CONFIGS[request.param]()
    whole = random_model(config)
    path = tmp_path_factory.mktemp("whole") / "weights.safetensors"
    save_file(whole.state_dict(), path)
    return Case(whole, ClipSpec("a/b", "test", "a", path, config, merge_preprocess(config, {})))


@pytest.fixture(autouse=True)
def full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "has_fast_bfloat16", lambda: False)


def unit(rows: Any) -> Any:
    return rows.numpy() / np.linalg.norm(rows.numpy(), axis=1, keepdims=True)


def test_words_give_what_the_whole_model_gives(case: Case) -> None:
    import open_clip
    import torch

    context = case.spec.model_cfg["text_cfg"]["context_length"]
    tokens = open_clip.SimpleTokenizer(context_length=context)(TEXTS)
    with torch.inference_mode():
        expected = unit(case.whole.encode_text(tokens))
    embedder = OpenClipEmbedder(case.spec, "cpu")
    np.testing.assert_allclose(embedder.encode_texts(TEXTS), expected, atol=rounding.NETWORK)
    assert (embedder.is_text_loaded, embedder.is_image_loaded) == (True, False)


def test_pictures_give_what_the_whole_model_gives(case: Case) -> None:
    import torch

    embedder = OpenClipEmbedder(case.spec, "cpu")
    prepared = [embedder.prepare(picture) for picture in pictures(3)]
    whole = deepcopy(case.whole)
    # The same function with fewer or reordered operations; test_starter compares them.
    if hasattr(whole.visual, "trunk"):
        tower_loader._fold(whole.visual)
    tower_loader._put_channels_last(whole.visual)
    with torch.inference_mode():
        expected = unit(whole.encode_image(as_open_clip_takes(prepared, case.spec.preprocess_cfg)))
    np.testing.assert_allclose(embedder.encode_images(prepared), expected, atol=rounding.NETWORK)
    assert (embedder.is_text_loaded, embedder.is_image_loaded) == (False, True)


def test_nothing_of_a_tower_is_left_as_the_memory_was(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(
        tower_loader, "_is_folded", lambda visual: False
    )  # otherwise the names would differ from the file's
    weights = case.whole.state_dict()
    own = {**dict(case.whole.named_buffers()), **weights}
    for tower in tower_loader.Tower:
        loaded = tower_loader.load_tower(case.spec, tower, torch.device("cpu"), torch.float32)
        assert all(torch.equal(value, weights[name]) for name, value in loaded.state_dict().items())
        assert all(torch.equal(value, own[name]) for name, value in loaded.named_buffers())
        has_pictures = {name.startswith("visual.") for name in loaded.state_dict()}
        assert has_pictures == {tower is tower_loader.Tower.IMAGE}


def test_in_half_precision_no_weight_stays_in_full(case: Case) -> None:
    import torch

    for tower in tower_loader.Tower:
        loaded = tower_loader.load_tower(case.spec, tower, torch.device("cpu"), torch.bfloat16)
        kinds = {tensor.dtype for tensor in [*loaded.parameters(), *loaded.buffers()]}
        assert torch.float32 not in kinds
        assert torch.bfloat16 in kinds


MakeSpec = Callable[..., ClipSpec]


@pytest.fixture
def altered(tiny_spec: MakeSpec, tiny_weights: dict[str, Any], tmp_path: Path) -> Callable[..., ClipSpec]:
    """A factory of specs for the tiny model with some weights replaced, or omitted if None."""
    from safetensors.torch import save_file

    def make(**weights: Any) -> ClipSpec:
        given = {name.replace("__", "."): value for name, value in weights.items()}
        mixed = {name: value for name, value in {**tiny_weights, **given}.items() if value is not None}
        save_file(mixed, tmp_path / "altered.safetensors")
        return tiny_spec(tmp_path / "altered.safetensors")

    return make


def test_words_need_no_look_at_the_weights_for_pictures(
    altered: Callable[..., ClipSpec], tiny_weights: dict[str, Any]
) -> None:
    import torch

    spec = altered(visual__proj=torch.full_like(tiny_weights["visual.proj"], torch.nan))
    embedder = OpenClipEmbedder(spec, "cpu")
    assert embedder.encode_texts(["a dog"]).shape == (1, 48)
    with pytest.raises(ModelError, match="no usable numbers"):
        embedder.encode_images([embedder.prepare(pictures(1)[0])])


@pytest.mark.parametrize(
    ("name", "asked"),
    [("text_projection", "words"), ("text_projection", "pictures"), ("visual__proj", "pictures")],
)
@pytest.mark.parametrize("is_missing", [True, False])
def test_what_does_not_fit_is_refused(
    altered: Callable[..., ClipSpec], name: str, asked: str, is_missing: bool
) -> None:
    import torch

    embedder = OpenClipEmbedder(altered(**{name: None if is_missing else torch.zeros(3, 4)}), "cpu")
    with pytest.raises(ModelError, match=f"do not fit .*“{name.replace('__', '.')}”"):
        if asked == "words":
            embedder.encode_texts(["a dog"])
        else:
            embedder.encode_images([embedder.prepare(pictures(1)[0])])


@pytest.mark.parametrize("tower", list(tower_loader.Tower))
def test_a_file_cut_short_is_refused_whichever_tower_is_asked_first(
    tiny_spec: MakeSpec, tmp_path: Path, tower: tower_loader.Tower
) -> None:
    import torch

    whole = tiny_spec().weights.read_bytes()
    (tmp_path / "short.safetensors").write_bytes(whole[:-1000])
    with pytest.raises(ModelError, match="damaged or not whole"):
        tower_loader.load_tower(
            tiny_spec(tmp_path / "short.safetensors"), tower, torch.device("cpu"), torch.float32
        )


def test_no_random_weights_are_drawn_for_what_is_filled_at_once() -> None:
    import torch
    from torch import nn

    def make() -> list[nn.Module]:
        return [nn.Linear(8, 8), nn.Embedding(8, 8), nn.Conv2d(3, 8, 3), nn.MultiheadAttention(8, 2)]

    before = torch.get_rng_state()
    with tower_loader._unfilled():
        made = make()
        nn.init.trunc_normal_(made[0].weight)  # type: ignore[arg-type]
    assert torch.equal(torch.get_rng_state(), before)
    make()
    assert not torch.equal(torch.get_rng_state(), before)


def test_other_threads_draw_random_numbers_meanwhile() -> None:
    import torch

    drawn: list[Any] = []
    with tower_loader._unfilled():
        thread = threading.Thread(target=lambda: drawn.append(torch.zeros(1000).normal_()))
        thread.start()
        thread.join()
    assert drawn[0].std() > 0.5


def test_a_checksum_is_proved_once_for_both_towers_and_again_for_another_content(
    tiny_spec: MakeSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(tiny_spec().weights.read_bytes())
    proofs = []
    genuine = openclip.sha256
    monkeypatch.setattr(openclip, "sha256", lambda path: proofs.append(path) or genuine(path))
    embedder = OpenClipEmbedder(dataclasses.replace(tiny_spec(path), sha256=genuine(path)), "cpu")
    prepared = [embedder.prepare(pictures(1)[0])]
    for _ in range(2):
        embedder.encode_texts(["a dog"])
        embedder.encode_images(prepared)
        assert embedder.release()
    assert len(proofs) == 1
    path.write_bytes(path.read_bytes()[:-4] + b"else")
    os.utime(path, ns=(1, 1))
    with pytest.raises(ModelError, match="checksum is wrong"):
        embedder.encode_texts(["a dog"])


def test_a_tower_that_did_no_work_for_long_is_let_go_of_and_loads_again(tiny_spec: MakeSpec) -> None:
    now = [1000.0]
    embedder = OpenClipEmbedder(tiny_spec(), "cpu", clock=lambda: now[0])
    assert not embedder.release()
    before = embedder.encode_texts(["a dog"])
    now[0] += 50
    embedder.encode_images([embedder.prepare(pictures(1)[0])])
    now[0] += 50
    assert embedder.is_loaded
    assert embedder.release(idle_s=60)
    assert (embedder.is_text_loaded, embedder.is_image_loaded) == (False, True)
    assert not embedder.release(idle_s=60)
    np.testing.assert_allclose(embedder.encode_texts(["a dog"]), before, atol=rounding.NETWORK)
    assert embedder.is_loaded
    embedder.close()
    assert not (embedder.is_text_loaded or embedder.is_image_loaded)
