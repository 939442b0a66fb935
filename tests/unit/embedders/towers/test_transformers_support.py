"""Tests of multilingual models: SigLIP2's form, and one whose text tower comes from transformers."""

import dataclasses
import json
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import rounding
from helpers.many_languages import SIGLIP2_LIKE, SQUASHED, siglip2_like, write_tokenizer, xlm_roberta_like
from helpers.tiny_clip import as_open_clip_takes
from PIL import Image

from imagefinder import ImageFinder
from imagefinder.domain.errors import ModelError
from imagefinder.embedders import model_registry
from imagefinder.embedders.catalogue import catalogue
from imagefinder.embedders.embedder import Embedder
from imagefinder.embedders.hardware import device
from imagefinder.embedders.importing.importer import import_checkpoint, imported_models
from imagefinder.embedders.spec import ClipSpec, JsonDict
from imagefinder.embedders.towers import transformers_support
from imagefinder.embedders.towers.tokenizer import load_tokenizer
from imagefinder.paths import default_places

pytest.importorskip("transformers", reason="the extra “languages” is not installed")

MAKERS = {"siglip2": siglip2_like, "xlm-roberta": xlm_roberta_like}


@pytest.fixture(scope="module", params=sorted(MAKERS))
def published(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model as published: a folder with weights, config and tokenizer files. Must not be modified."""
    return MAKERS[request.param](tmp_path_factory.mktemp("hub") / request.param)


@pytest.fixture(scope="module")
def kept(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model store into which the published model was imported. Must not be modified."""
    models = tmp_path_factory.mktemp("models")
    import_checkpoint(published, "", models)
    return models


@pytest.fixture(autouse=True)
def full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "has_fast_bfloat16", lambda: False)


def only(models: Path) -> ClipSpec:
    (model,) = imported_models(models)
    return model


def embedder_of(models: Path) -> Embedder:
    return model_registry.create(only(models).name, "cpu", models)


def test_a_chinese_query_is_its_english_twin(kept: Path) -> None:
    embedder = embedder_of(kept)
    chinese, english, other = embedder.encode_texts(["一只红色的狗在草地", "a red dog on meadow", "a cat"])
    np.testing.assert_allclose(chinese, english, atol=rounding.NETWORK)
    assert chinese @ other < 0.999
    assert embedder.understands("红色的狗")
    assert not model_registry.create("starter", "cpu", kept).understands("红色的狗"), (
        "it was taught English alone"
    )


def test_a_chinese_query_finds_the_same_pictures_in_the_same_order(
    published: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "IMAGEFINDER_MODEL"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "pictures"
    folder.mkdir()
    random = np.random.default_rng(4)
    for number in range(8):
        noise = random.integers(0, 256, (40, 40, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{number}.png")
    name = import_checkpoint(published, "", default_places().models)
    with ImageFinder.open(tmp_path / "library", model=name, device="cpu") as finder:
        finder.add(folder)
        chinese, english = (
            {hit.path: hit.score for hit in finder.search(text, include_rest=True)}
            for text in ("红色的狗", "red dog")
        )
    assert len(english) == 8
    assert chinese == pytest.approx(english, abs=2e-5)  # scores are rounded to 5 decimals
    # The same order, except for pictures with equal scores.
    assert [english[path] for path in chinese] == pytest.approx(list(english.values()), abs=2e-5)


def test_the_model_stands_by_itself_wherever_it_is_moved(kept: Path, published: Path, tmp_path: Path) -> None:
    here, there = only(kept), tmp_path / "elsewhere"
    shutil.copytree(kept, there)
    moved = only(there)
    assert moved.id == here.id
    assert str(published) not in json.dumps([here.model_cfg, moved.model_cfg])
    assert str(kept) not in json.dumps(moved.model_cfg)
    stored = json.loads((moved.weights.parent / "config.json").read_text())
    assert str(tmp_path) not in json.dumps(stored)
    before, after = (embedder_of(models).encode_texts(["红色的狗"]) for models in (kept, there))
    np.testing.assert_allclose(before, after, atol=rounding.NETWORK)


@pytest.mark.parametrize("start", ["a red dog on meadow " * 40, "一只红色的狗在草地" * 30, "狗" * 900])
def test_what_stands_behind_the_context_of_its_tokenizer_counts(kept: Path, start: str) -> None:
    embedder = embedder_of(kept)
    first, second = embedder.encode_texts([start + " cat", start + " dog"])
    assert not np.array_equal(first, second)
    assert embedder.pieces_of(start + " cat") > 1
    assert embedder.pieces_of("一只红色的狗在草地") == 1


def test_nothing_is_fetched_to_load_it_or_to_ask_it(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[object] = []

    def refuse(*address: object) -> None:
        tries.append(address)
        raise ConnectionRefusedError

    for way in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, way, lambda self, address: refuse(address))
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    embedder = embedder_of(kept)
    assert embedder.encode_texts(["狗"]).shape == (1, 48)
    assert embedder.encode_images([embedder.prepare(Image.new("RGB", (40, 30)))]).shape == (1, 48)
    assert tries == []


def test_it_computes_what_open_clip_does(tmp_path: Path) -> None:
    published = siglip2_like(tmp_path / "siglip2")
    models = tmp_path / "models"
    import_checkpoint(published, "", models)
    import open_clip
    import torch

    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{published}")
    tokenizer = open_clip.get_tokenizer(f"local-dir:{published}")
    texts, picture = ["A red Dog!", "红色的狗"], Image.effect_noise((50, 40), 80).convert("RGB")
    with torch.no_grad():
        words = model.eval().encode_text(tokenizer(texts), normalize=True).numpy()
        pixels = preprocess(picture)
    ours = embedder_of(models)
    mine = as_open_clip_takes([ours.prepare(picture)], SQUASHED)[0]
    np.testing.assert_array_equal(mine, pixels.numpy())
    np.testing.assert_allclose(ours.encode_texts(texts), words, atol=rounding.NETWORK)


def test_the_way_a_text_is_cleaned_is_the_models_own(tmp_path: Path) -> None:
    write_tokenizer(tmp_path, ["<pad>", "<eos>", "<bos>", "<unk>"], "$A <eos>")
    text_cfg = {**SIGLIP2_LIKE["text_cfg"], "hf_tokenizer_name": str(tmp_path)}
    tokens = load_tokenizer(text_cfg)(["A red, DOG!", "a red dog", "狗"])
    assert tokens.shape == (3, 64)
    assert tokens[0].tolist() == tokens[1].tolist()
    assert tokens[2].tolist()[1:] == [1] + [0] * 62
    cased = load_tokenizer({**text_cfg, "tokenizer_kwargs": {}})(["A red, DOG!", "a red dog"])
    assert cased[0].tolist() != cased[1].tolist()


@pytest.mark.parametrize("ends", [True, False])
def test_a_text_is_framed_as_the_tokenizers_settings_say(tmp_path: Path, ends: bool) -> None:
    """Gemma's ``tokenizer.json`` adds a start token and no end token; SigLIP2 was trained with the reverse."""
    write_tokenizer(tmp_path, ["<pad>", "<eos>", "<bos>", "<unk>"], "<bos> $A")
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text())
    settings |= {"bos_token": "<bos>", "eos_token": "<eos>", "add_bos_token": not ends, "add_eos_token": ends}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings))
    text_cfg = {**SIGLIP2_LIKE["text_cfg"], "hf_tokenizer_name": str(tmp_path)}
    dog = load_tokenizer(text_cfg)(["dog"])[0].tolist()
    assert dog[:3] == ([4, 1, 0] if ends else [2, 4, 0])


def test_pictures_are_embedded_where_transformers_is_missing_but_words_say_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published, models = siglip2_like(tmp_path / "siglip2"), tmp_path / "models"
    import_checkpoint(published, "", models)
    monkeypatch.setattr(transformers_support, "has_transformers", lambda: False)
    embedder = embedder_of(models)
    assert len(embedder.encode_images([embedder.prepare(Image.new("RGB", (40, 30)))])) == 1
    with pytest.raises(ModelError, match=r'pip install "imagefinder\[languages\]"'):
        embedder.encode_texts(["狗"])


def test_the_frozen_program_says_where_such_models_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformers_support, "has_transformers", lambda: False)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(ModelError, match=r"does not come with this program.*another model"):
        transformers_support.require_transformers()


def test_an_import_without_the_tokenizers_files_says_which_and_leaves_nothing(
    published: Path, tmp_path: Path
) -> None:
    bare, models = tmp_path / "bare", tmp_path / "models"
    bare.mkdir()
    for name in ("open_clip_config.json", "open_clip_model.safetensors"):
        shutil.copy(published / name, bare)
    with pytest.raises(ModelError, match=r"hf download tests/\S+ tokenizer.json tokenizer_config.json"):
        import_checkpoint(bare, "", models)
    assert list(models.glob("**/*")) == []


def test_the_tokenizers_files_are_taken_from_the_hubs_cache_too(
    published: Path, tmp_path: Path, no_models_of_this_machine: Path
) -> None:
    bare, models = tmp_path / "bare", tmp_path / "models"
    bare.mkdir()
    for name in ("open_clip_config.json", "open_clip_model.safetensors"):
        shutil.copy(published / name, bare)
    repository = json.loads((bare / "open_clip_config.json").read_text())["model_cfg"]["text_cfg"][
        "hf_tokenizer_name"
    ]
    cached = no_models_of_this_machine / f"models--{repository.replace('/', '--')}"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("1" * 40)
    shutil.copytree(published, cached / "snapshots" / ("1" * 40))
    import_checkpoint(bare, "", models)
    shutil.rmtree(cached)
    embedder = embedder_of(models)
    np.testing.assert_allclose(
        embedder.encode_texts(["狗"]), embedder.encode_texts(["dog"]), atol=rounding.NETWORK
    )


def test_a_folder_that_happens_to_be_called_like_a_repository_is_not_meant(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tests" / "twin-words").mkdir(parents=True)
    write_tokenizer(tmp_path / "tests" / "twin-words", ["<pad>", "<unk>"], "$A")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match=r"needs .* of tests/twin-words, which is not on this machine"):
        load_tokenizer(SIGLIP2_LIKE["text_cfg"])


@pytest.mark.parametrize("is_described", [True, False])
def test_a_program_that_a_tokenizer_brings_along_is_never_run(tmp_path: Path, is_described: bool) -> None:
    published, models, proof = siglip2_like(tmp_path / "siglip2"), tmp_path / "models", tmp_path / "was-run"
    (published / "evil.py").write_text(f"from pathlib import Path\nPath({str(proof)!r}).touch()\n")
    settings = json.loads((published / "tokenizer_config.json").read_text())
    settings |= {"tokenizer_class": "Evil", "auto_map": {"AutoTokenizer": ["evil.Evil", "evil.Evil"]}}
    (published / "tokenizer_config.json").write_text(json.dumps(settings))
    if is_described:
        import_checkpoint(published, "", models)
        assert embedder_of(models).encode_texts(["狗"]).shape == (1, 48)
    else:
        (published / "tokenizer.json").unlink()
        with pytest.raises(ModelError, match=r"tokenizer in .* cannot be used"):
            import_checkpoint(published, "", models)
        assert list(models.glob("**/*")) == []
    assert not proof.exists()


def test_a_tokenizer_is_what_its_file_says_whatever_its_class_would_make_of_it(tmp_path: Path) -> None:
    """T5's class, as in SigLIP's repositories, builds a different tokenizer since transformers 5."""
    from tokenizers import Tokenizer, pre_tokenizers, processors
    from tokenizers.models import Unigram

    words = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁dog", -1.0), ("dog", -1.0), ("▁", -1.0)]
    tokenizer = Tokenizer(Unigram(words, unk_id=2))
    tokenizer.add_special_tokens(["<pad>", "</s>", "<unk>"])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    marks = {"pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "sep_token": "</s>"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "T5Tokenizer", **marks}))
    text_cfg = {"context_length": 5, "hf_tokenizer_name": str(tmp_path)}
    assert load_tokenizer(text_cfg)(["dog dog"]).tolist() == [[4, 3, 1, 0, 0]]
    # NLLB-CLIP's configs use this setting.
    without = load_tokenizer({**text_cfg, "tokenizer_kwargs": {"strip_sep_token": True}})
    assert without(["dog"]).tolist() == [[4, 0, 0, 0, 0]]


@pytest.mark.parametrize("setting", ["auto_map", "quantization_config", "_attn_implementation"])
def test_a_text_tower_that_asks_for_a_program_is_refused(tmp_path: Path, setting: str) -> None:
    published = xlm_roberta_like(tmp_path / "xlm")
    config = json.loads((published / "config.json").read_text())
    (published / "config.json").write_text(json.dumps({**config, setting: "somebody/something"}))
    with pytest.raises(ModelError, match=f"“{setting}”.*refused"):
        import_checkpoint(published, "", tmp_path / "models")


def test_only_what_a_tokenizer_is_read_from_is_copied(tmp_path: Path) -> None:
    published = siglip2_like(tmp_path / "siglip2")
    for name in ("evil.py", "tokenizer.pkl", "README.md"):
        (published / name).write_text("x = 1")
    import_checkpoint(published, "", tmp_path / "models")
    folder = only(tmp_path / "models").weights.parent / "tokenizer"
    assert {path.name for path in folder.iterdir()} == {"tokenizer.json", "tokenizer_config.json"}


def test_a_broken_tokenizer_is_one_sentence(tmp_path: Path) -> None:
    published = siglip2_like(tmp_path / "siglip2")
    (published / "tokenizer.json").write_text('{"version": "1.0", "model"')
    with pytest.raises(ModelError, match=r"tokenizer in .* cannot be used: .*Get its files again") as caught:
        import_checkpoint(published, "", tmp_path / "models")
    assert "\n" not in str(caught.value)


def test_a_setting_that_would_drop_words_at_random_is_refused(tmp_path: Path) -> None:
    text_cfg: JsonDict = {"context_length": 8, "tokenizer_kwargs": {"reduction_mask": "random"}}
    with pytest.raises(ModelError, match="“reduction_mask”"):
        load_tokenizer(text_cfg)


WITHOUT = """
import sys
from pathlib import Path
from PIL import Image
from imagefinder.embedders import model_registry
starter, models = model_registry.create("starter", "cpu", Path()), Path(sys.argv[1])
starter.encode_texts(["a dog"])
starter.encode_images([starter.prepare(Image.new("RGB", (200, 200)))])
assert "open_clip" in sys.modules
assert not {"transformers", "tokenizers"} & set(sys.modules), "imported for a model that does not use it"
"""
THEN = """
later = model_registry.create(sys.argv[2], "cpu", models)
chinese, english = later.encode_texts(["狗", "dog"])
assert abs(chinese - english).max() < 1e-2  # of bfloat16, where the processor has that
assert "transformers" in sys.modules
"""


def test_no_process_imports_transformers_before_a_model_needs_it(kept: Path) -> None:
    """A process that switches from an English to a multilingual model imports it then."""
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT + THEN, str(kept), only(kept).name], capture_output=True, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b""


def multilingual() -> list[str]:
    """Return open_clip's architectures with a tokenizer of transformers and with published weights."""
    return [
        arch
        for arch in catalogue.architectures()
        if catalogue.model_config(arch)["text_cfg"].get("hf_tokenizer_name")
        and catalogue.published_tags(arch)
    ]


@pytest.mark.parametrize("arch", multilingual())
def test_preprocessing_is_open_clips_own(arch: str) -> None:
    from imagefinder.embedders.towers.tower_loader import import_open_clip

    import_open_clip()
    from open_clip import get_pretrained_cfg
    from open_clip.transform import PreprocessCfg, merge_preprocess_dict

    for tag in catalogue.published_tags(arch):
        model_cfg, ours = catalogue.settings_for(arch, tag)
        # As open_clip.factory.create_model does for published weights.
        theirs: JsonDict = dataclasses.asdict(PreprocessCfg())
        theirs["size"] = model_cfg["vision_cfg"]["image_size"]
        theirs = merge_preprocess_dict(theirs, get_pretrained_cfg(arch, tag))
        assert {name: _plain(value) for name, value in theirs.items()} == ours
        if "SigLIP2" in arch:
            assert {name: ours[name] for name in SQUASHED} == SQUASHED
            assert model_cfg["text_cfg"]["context_length"] == 64
            assert model_cfg["text_cfg"]["tokenizer_kwargs"] == {"clean": "canonicalize"}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
