import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contracts.embedder_contract import EmbedderContract, pictures
from helpers import rounding
from helpers.tiny_clip import as_open_clip_takes
from PIL import Image

from imagefinder.domain.errors import DeviceError, ModelError
from imagefinder.embedders.embedder import Embedder
from imagefinder.embedders.hardware import device
from imagefinder.embedders.openclip import OpenClipEmbedder
from imagefinder.embedders.spec import ClipSpec
from imagefinder.embedders.towers import tower_loader
from imagefinder.embedders.weights.torch_weights import read_weights

PHOTOS = Path("/work/shared/data/photos")
MakeSpec = Callable[..., ClipSpec]


class TestOpenClipEmbedderInFloat32(EmbedderContract):
    @pytest.fixture
    def make(self, tiny_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Embedder]:
        monkeypatch.setattr(device, "has_fast_bfloat16", lambda: False)
        return lambda: OpenClipEmbedder(tiny_spec(), "cpu")

    def test_the_device_tells_the_precision(self, embedder: Embedder) -> None:
        assert embedder.device == "cpu (float32)"


class TestOpenClipEmbedderInBfloat16(EmbedderContract):
    tolerance = 1e-2

    @pytest.fixture
    def make(self, tiny_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Embedder]:
        monkeypatch.setattr(device, "has_fast_bfloat16", lambda: True)
        return lambda: OpenClipEmbedder(tiny_spec(), "cpu")

    def test_the_device_tells_the_precision(self, embedder: Embedder) -> None:
        assert embedder.device == "cpu (bfloat16)"


class TestOpenClipEmbedderThatSquashes(EmbedderContract):
    @pytest.fixture
    def make(self, tiny_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Embedder]:
        monkeypatch.setattr(device, "has_fast_bfloat16", lambda: False)
        spec = tiny_spec(resize_mode="squash", interpolation="bilinear", mean=[0.5] * 3, std=[0.5] * 3)
        return lambda: OpenClipEmbedder(spec, "cpu")


def encode(spec: ClipSpec) -> Any:
    embedder = OpenClipEmbedder(spec, "cpu")
    return embedder.encode_images([embedder.prepare(picture) for picture in pictures(4)])


def test_embeddings_are_those_of_open_clip_itself(
    tiny_spec: MakeSpec, tiny_weights: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "has_fast_bfloat16", lambda: False)
    embedder = OpenClipEmbedder(tiny_spec(), "cpu")
    prepared = [embedder.prepare(picture) for picture in pictures(3)]
    import open_clip
    import torch

    spec = tiny_spec()
    reference = open_clip.CLIP(**spec.model_cfg).eval()
    reference.load_state_dict(tiny_weights)
    tokens = open_clip.SimpleTokenizer(context_length=16)(["a red bus", "two dogs"])
    with torch.inference_mode():
        images = reference.encode_image(
            as_open_clip_takes(prepared, spec.preprocess_cfg), normalize=True
        ).numpy()
        texts = reference.encode_text(tokens, normalize=True).numpy()
    np.testing.assert_allclose(embedder.encode_images(prepared), images, atol=rounding.NETWORK)
    np.testing.assert_allclose(embedder.encode_texts(["a red bus", "two dogs"]), texts, atol=rounding.NETWORK)


def test_bfloat16_points_the_same_way_as_float32(
    tiny_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for native in (False, True):
        monkeypatch.setattr(device, "has_fast_bfloat16", lambda native=native: native)
        found.append(encode(tiny_spec()))
    assert (found[0] * found[1]).sum(axis=1).min() > 0.999


def open_clips_transform(spec: ClipSpec) -> Any:
    tower_loader.import_open_clip()
    from open_clip.transform import PreprocessCfg, image_transform_v2

    return image_transform_v2(PreprocessCfg(**spec.preprocess_cfg), is_train=False)


@pytest.mark.parametrize("resize_mode", ["shortest", "squash", "longest"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
@pytest.mark.parametrize("side", [32, (32, 32), (24, 40)])
@pytest.mark.parametrize("size", [(300, 200), (200, 300), (31, 33), (32, 32), (7, 5), (700, 90), (201, 67)])
def test_preparing_is_what_open_clip_does(
    tiny_spec: MakeSpec,
    resize_mode: str,
    interpolation: str,
    side: int | tuple[int, int],
    size: tuple[int, int],
) -> None:
    spec = tiny_spec(resize_mode=resize_mode, interpolation=interpolation, fill_color=90, size=side)
    for picture in pictures(2, size):
        assert_prepared_alike(spec, picture)


def assert_prepared_alike(spec: ClipSpec, picture: Image.Image) -> None:
    prepared = OpenClipEmbedder(spec, "cpu").prepare(picture)
    expected = open_clips_transform(spec)(picture).numpy()
    np.testing.assert_array_equal(as_open_clip_takes([prepared], spec.preprocess_cfg)[0], expected)


@pytest.mark.skipif(not PHOTOS.is_dir(), reason="the development photographs are not on this machine")
def test_preparing_photographs_is_what_open_clip_does(tiny_spec: MakeSpec) -> None:
    spec = tiny_spec()
    for path in sorted(PHOTOS.rglob("*.jpg"))[:12]:
        with Image.open(path) as photo:
            picture = photo.convert("RGB")
        assert_prepared_alike(spec, picture)


def test_a_very_long_picture_shows_its_middle(tiny_spec: MakeSpec) -> None:
    embedder = OpenClipEmbedder(tiny_spec(mean=[0.0] * 3, std=[1.0] * 3), "cpu")
    long = Image.new("RGB", (4000, 20), (255, 0, 0))
    long.paste((0, 255, 0), (1900, 0, 2100, 20))
    assert (embedder.prepare(long) == (0, 255, 0)).all()


def test_the_model_is_loaded_once_however_many_threads_ask(
    tiny_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "has_fast_bfloat16", lambda: False)
    loads = []
    genuine = tower_loader.read_weights
    monkeypatch.setattr(tower_loader, "read_weights", lambda *a, **k: loads.append(1) or genuine(*a, **k))
    embedder = OpenClipEmbedder(tiny_spec(), "cpu")
    barrier = threading.Barrier(4)

    def ask(_: int) -> Any:
        barrier.wait()
        return embedder.encode_images([embedder.prepare(pictures(1)[0])])

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))
    assert len(loads) == 1
    for answer in answers:
        np.testing.assert_allclose(answer, answers[0], atol=rounding.NETWORK)


def test_a_device_that_is_not_here_is_refused_when_first_used(tiny_spec: MakeSpec) -> None:
    embedder = OpenClipEmbedder(tiny_spec(), "tpu")
    with pytest.raises(DeviceError, match=r"no device “tpu” here\. This machine has: cpu"):
        embedder.encode_images([embedder.prepare(pictures(1)[0])])
    with pytest.raises(DeviceError):
        assert embedder.device


def test_weights_that_give_nan_raise_and_give_no_embedding(
    tiny_spec: MakeSpec, tiny_weights: dict[str, Any], tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import save_file

    broken = {**tiny_weights, "visual.proj": torch.full_like(tiny_weights["visual.proj"], torch.nan)}
    save_file(broken, tmp_path / "nan.safetensors")
    with pytest.raises(ModelError, match="no usable numbers"):
        encode(tiny_spec(tmp_path / "nan.safetensors"))


def test_a_published_file_with_a_wrong_checksum_is_refused(tiny_spec: MakeSpec) -> None:
    with pytest.raises(ModelError, match="checksum is wrong"):
        encode(dataclasses.replace(tiny_spec(), sha256="0123456789abcdef"))


def test_the_id_changes_with_preprocessing_activation_and_weights(tiny_spec: MakeSpec) -> None:
    spec = tiny_spec()
    others = [
        tiny_spec(resize_mode="squash"),
        dataclasses.replace(spec, model_cfg={**spec.model_cfg, "quick_gelu": True}),
        dataclasses.replace(spec, weights_id="other"),
        dataclasses.replace(spec, arch="other"),
    ]
    assert len({spec.id, *(other.id for other in others)}) == 5
    assert tiny_spec().id == spec.id


def test_the_activation_function_is_the_one_configured(
    tiny_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(device, "has_fast_bfloat16", lambda: False)
    spec = tiny_spec()
    quick = dataclasses.replace(spec, model_cfg={**spec.model_cfg, "quick_gelu": True})
    np.testing.assert_allclose(encode(spec), encode(spec), atol=rounding.NETWORK)
    # In such a small model they differ little, but by more than rounding.
    assert np.abs(encode(spec) - encode(quick)).max() > 1e-5


def test_a_config_open_clip_cannot_build_is_refused(tiny_spec: MakeSpec) -> None:
    spec = tiny_spec()
    nonsense = dataclasses.replace(spec, model_cfg={**spec.model_cfg, "no_such_setting": 1})
    with pytest.raises(ModelError, match="cannot build a model from this config"):
        encode(nonsense)


def test_a_text_part_that_needs_transformers_says_so(
    tiny_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tiny_spec()
    text_cfg = {**spec.model_cfg["text_cfg"], "hf_tokenizer_name": "some/tokenizer"}
    needing = dataclasses.replace(spec, model_cfg={**spec.model_cfg, "text_cfg": text_cfg})
    monkeypatch.setattr("imagefinder.embedders.towers.transformers_support.has_transformers", lambda: False)
    with pytest.raises(ModelError, match=r'pip install "imagefinder\[languages\]"'):
        OpenClipEmbedder(needing, "cpu").encode_texts(["a dog"])


def test_a_tokenizer_that_is_not_on_this_machine_is_not_fetched(
    tiny_spec: MakeSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = tiny_spec()
    text_cfg = {**spec.model_cfg["text_cfg"], "hf_tokenizer_name": "some/tokenizer"}
    needing = dataclasses.replace(spec, model_cfg={**spec.model_cfg, "text_cfg": text_cfg})
    monkeypatch.setattr("imagefinder.embedders.towers.tokenizer.bring_in_transformers", lambda: None)
    with pytest.raises(ModelError, match=r"needs .* of some/tokenizer, which is not on this machine"):
        OpenClipEmbedder(needing, "cpu").encode_texts(["a dog"])


@pytest.mark.parametrize(
    "wrap",
    [
        lambda weights: weights,
        lambda weights: {"epoch": 3, "name": "run", "state_dict": weights},
        lambda weights: {"state_dict": {f"module.{name}": value for name, value in weights.items()}},
        lambda weights: {f"_orig_mod.{name}": value for name, value in weights.items()},
    ],
)
@pytest.mark.parametrize("legacy", [False, True])
def test_pytorch_checkpoints_are_unwrapped(
    tiny_weights: dict[str, Any], tmp_path: Path, wrap: Callable[[Any], Any], legacy: bool
) -> None:
    import torch

    path = tmp_path / "checkpoint.pt"
    torch.save(wrap(tiny_weights), path, _use_new_zipfile_serialization=not legacy)
    state = read_weights(path)
    assert state.keys() == tiny_weights.keys()
    assert all(torch.equal(state[name], tiny_weights[name]) for name in state)


def test_the_processor_flags_decide_about_bfloat16(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from imagefinder.embedders.hardware.processor import has_fast_bfloat16

    monkeypatch.setattr("platform.machine", lambda: "x86_64")
    for number, (vendor, flags, expected) in enumerate(
        [
            ("AuthenticAMD", "avx2 avx512f avx512_bf16", True),
            ("GenuineIntel", "avx2 avx512f avx512_bf16 amx_bf16", True),
            ("GenuineIntel", "avx2 avx512f avx512_bf16", False),
            ("AuthenticAMD", "avx2 avx512f", False),
        ]
    ):
        cpuinfo = tmp_path / str(number)
        cpuinfo.write_text(f"processor\t: 0\nvendor_id\t: {vendor}\nflags\t\t: fpu {flags}\n")
        assert has_fast_bfloat16(cpuinfo) is expected
    assert has_fast_bfloat16(tmp_path / "missing") is False
