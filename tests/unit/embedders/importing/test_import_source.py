"""Tests of importing from folders, of files beside a config, and of files that are not CLIP models."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from imagefinder.domain.errors import ModelError
from imagefinder.embedders import model_registry, openclip
from imagefinder.embedders.importing import architecture_detection, importer
from imagefinder.embedders.importing.importer import import_model, imported_models


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


@pytest.fixture
def local_dir(tmp_path: Path, tiny_safetensors: Path, tiny_config: Path) -> Path:
    """Return a folder in the form of open_clip's ``local-dir:``, with its own preprocessing."""
    folder = tmp_path / "my-clip"
    folder.mkdir()
    shutil.copy(tiny_safetensors, folder / "open_clip_model.safetensors")
    content = {"model_cfg": json.loads(tiny_config.read_text()), "preprocess_cfg": {"resize_mode": "squash"}}
    (folder / "open_clip_config.json").write_text(json.dumps(content))
    return folder


def write(path: Path, tensors: dict[str, Any]) -> Path:
    from safetensors.torch import save_file

    save_file(tensors, path)
    return path


@pytest.mark.parametrize("before", ["", "local-dir:"])
def test_a_local_dir_is_imported_with_its_own_preprocessing(
    local_dir: Path, models: Path, before: str
) -> None:
    done = import_model(Path(f"{before}{local_dir}"), "", models)
    assert done.model.preprocess_cfg["resize_mode"] == "squash"
    assert done.model.name.endswith("/my-clip")
    assert "preprocessing from open_clip_config.json" in done.how
    assert model_registry.create(done.model.name, "cpu", models).id == done.model.id


def test_a_file_takes_its_config_from_beside_it(local_dir: Path, models: Path) -> None:
    done = import_model(local_dir / "open_clip_model.safetensors", "", models)
    assert done.model.preprocess_cfg["resize_mode"] == "squash"


def test_a_config_of_a_known_architecture_is_called_by_its_name(
    local_dir: Path, models: Path, tiny_config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    know_tiny(monkeypatch, tiny_config)
    done = import_model(local_dir, "", models)
    assert (done.model.arch, done.model.name) == ("Tiny", "Tiny/my-clip")


def test_an_architecture_that_contradicts_the_config_is_refused_with_both(
    local_dir: Path, models: Path
) -> None:
    with pytest.raises(ModelError, match=r"“ViT-B-32” contradicts .*open_clip_config\.json says"):
        import_model(local_dir, "ViT-B-32", models)
    assert not models.exists()


def test_a_config_that_agrees_in_the_model_but_not_in_preprocessing_is_refused(
    local_dir: Path, models: Path, tmp_path: Path
) -> None:
    other = json.loads((local_dir / "open_clip_config.json").read_text())
    other["preprocess_cfg"] = {"resize_mode": "longest"}
    (tmp_path / "other.json").write_text(json.dumps(other))
    with pytest.raises(ModelError, match="says another preprocessing"):
        import_model(local_dir, str(tmp_path / "other.json"), models)


def test_a_config_that_says_the_same_may_be_named_too(local_dir: Path, models: Path) -> None:
    done = import_model(local_dir, str(local_dir / "open_clip_config.json"), models)
    assert done.model.preprocess_cfg["resize_mode"] == "squash"


def test_a_file_that_is_not_the_configs_is_refused(
    local_dir: Path, models: Path, tiny_weights: dict[str, Any]
) -> None:
    other = {**tiny_weights, "visual.proj": tiny_weights["visual.proj"][:, :40].contiguous()}
    write(local_dir / "other.safetensors", other)
    with pytest.raises(ModelError, match="64 x 40 in place of 64 x 48"):
        import_model(local_dir / "other.safetensors", "", models)


def know_tiny(monkeypatch: pytest.MonkeyPatch, config: Path) -> None:
    """Make the tiny model the only architecture that open_clip knows."""
    content = json.loads(config.read_text())
    architecture_detection.shapes_of_architecture.cache_clear()
    monkeypatch.setattr(architecture_detection, "architectures", lambda: {"Tiny": config})
    monkeypatch.setattr(architecture_detection, "model_config", lambda _: content)
    preprocess = {"size": 32, "mean": [0.5] * 3, "resize_mode": "shortest", "interpolation": "bicubic"}
    std = {"mode": "RGB", "std": [0.25] * 3, "fill_color": 0}
    monkeypatch.setattr(architecture_detection, "settings_for", lambda *_: (content, {**preprocess, **std}))


def test_a_lone_file_is_recognised_and_finds(
    tiny_safetensors: Path, tiny_config: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    know_tiny(monkeypatch, tiny_config)
    done = import_model(tiny_safetensors, "", models)
    assert (done.model.name, done.was_here) == ("Tiny/tiny", False)
    assert "Recognised as Tiny by its tensors" in done.how
    assert model_registry.create("Tiny/tiny", "cpu", models).encode_texts(["a dog"]).shape == (1, 48)


def test_the_same_weights_from_another_kind_of_file_are_the_model_that_is_here(
    tiny_weights: dict[str, Any], tiny_safetensors: Path, tiny_config: Path, models: Path, tmp_path: Path
) -> None:
    import torch

    first = import_model(tiny_safetensors, str(tiny_config), models).model
    torch.save({"state_dict": tiny_weights}, tmp_path / "again.pt")
    shuffled = write(tmp_path / "shuffled.safetensors", dict(reversed(tiny_weights.items())))
    for file in (tmp_path / "again.pt", shuffled, tiny_safetensors):
        again = import_model(file, str(tiny_config), models, "Another name")
        assert (again.model.name, again.model.id, again.was_here) == (first.name, first.id, True)
    assert [model.name for model in imported_models(models)] == [first.name]
    assert len(list(models.iterdir())) == 1


def test_the_same_weights_computed_otherwise_are_another_model(
    tiny_safetensors: Path, tiny_config: Path, local_dir: Path, models: Path
) -> None:
    first = import_model(tiny_safetensors, str(tiny_config), models).model
    second = import_model(local_dir, "", models)
    assert not second.was_here
    assert second.model.id != first.id


def test_a_folder_of_our_own_form_keeps_its_name_and_id_on_another_machine(
    tiny_safetensors: Path, tiny_config: Path, models: Path, tmp_path: Path
) -> None:
    import_model(tiny_safetensors, str(tiny_config), models, "Mine")
    (kept,) = imported_models(models)
    for path in (kept.weights.parent, kept.weights):
        elsewhere = tmp_path / f"elsewhere-{path.name}"
        done = import_model(path, "", elsewhere)
        assert (done.model.name, done.model.id) == ("Mine", kept.id)
        (copy,) = imported_models(elsewhere)
        assert replace(copy, weights=kept.weights) == kept
    assert import_model(kept.weights.parent, "", models).was_here


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({}, "is empty"),
        ({"notes.txt": b"x", "config.json": b"{}"}, "holds no weights"),
        ({"a.pt": b"x", "b.safetensors": b"x"}, r"several weights files: a\.pt, b\.safetensors"),
        (
            {"model.safetensors.index.json": b"{}", "model-00001-of-00002.safetensors": b"x"},
            "in several pieces",
        ),
        ({"model.onnx": b"\x08\x07\x12\x07pytorch"}, "it is an ONNX file"),
        ({"clip.gguf": b"GGUF\x03\x00\x00\x00"}, "it is a GGUF file"),
        ({"clip.bin": b"\x1f\x8b\x08\x00"}, "it is an archive; unpack it"),
        ({"open_clip_config.json": b"{", "open_clip_model.safetensors": b""}, "it is empty"),
    ],
)
def test_a_folder_that_cannot_be_imported_is_told_why(
    tmp_path: Path, models: Path, files: dict[str, bytes], reason: str
) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=reason):
        import_model(folder, "", models)
    assert not models.exists()


def test_one_piece_of_several_is_refused(tmp_path: Path, models: Path, tiny_safetensors: Path) -> None:
    piece = tmp_path / "model-00001-of-00002.safetensors"
    shutil.copy(tiny_safetensors, piece)
    index = {"weight_map": {"visual.proj": piece.name}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(ModelError, match="in several pieces"):
        import_model(piece, "", models)


def test_a_broken_config_beside_weights_is_not_passed_over(local_dir: Path, models: Path) -> None:
    (local_dir / "open_clip_config.json").write_text("{")
    with pytest.raises(ModelError, match=r"open_clip_config\.json is not a JSON file"):
        import_model(local_dir, "", models)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["unet.to_q.lora_down.weight"], "it is a LoRA"),
        (
            ["model.diffusion_model.out.0.weight", "cond_stage_model.transformer.text_model.x"],
            "paints pictures",
        ),
        (
            ["vision_model.head.attention.in_proj_weight"],
            "SigLIP model in the form of the transformers library",
        ),
        (["text_model.encoder.layers.0.mlp.fc1.weight"], "text part of a CLIP model alone"),
        (["patch_embed.proj.weight", "blocks.0.attn.qkv.weight"], "model of pictures alone"),
        (["visual.conv1.weight"], "model of pictures alone"),
        (["model.layers.0.mlp.weight", "model.embed_tokens.weight"], "not named as those of a CLIP model"),
    ],
)
def test_other_models_are_called_what_they_are(
    tmp_path: Path, models: Path, names: list[str], reason: str
) -> None:
    import torch

    path = write(tmp_path / "x.safetensors", {name: torch.zeros(2, 2) for name in names})
    for arch in ("", "ViT-B-32"):
        with pytest.raises(ModelError, match=reason):
            import_model(path, arch, models)


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_quantised_weights_are_refused(
    tiny_weights: dict[str, Any], tiny_config: Path, tmp_path: Path, models: Path, suffix: str
) -> None:
    import torch

    path = tmp_path / f"x.{suffix}"
    tensors = {name: value.to(torch.int8) for name, value in tiny_weights.items()}
    write(path, tensors) if suffix == "safetensors" else torch.save(tensors, path)
    with pytest.raises(ModelError, match=r"are quantised \(.*8"):
        import_model(path, str(tiny_config), models)


def during_conversion(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    convert = openclip.convert_weights

    def converting(*arguments: Any) -> None:
        convert(*arguments)
        happens()

    monkeypatch.setattr(openclip, "convert_weights", converting)


def test_a_file_that_changes_while_it_is_read_is_not_kept(
    local_dir: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = local_dir / "open_clip_model.safetensors"
    during_conversion(monkeypatch, lambda: file.write_bytes(file.read_bytes() + b"0"))  # type: ignore[arg-type]
    with pytest.raises(ModelError, match="changed while it was read, so nothing was imported"):
        import_model(local_dir, "", models)
    assert list(models.iterdir()) == []


def test_a_file_that_vanishes_while_it_is_read_is_said_to_be_gone(
    local_dir: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    during_conversion(monkeypatch, (local_dir / "open_clip_model.safetensors").unlink)
    with pytest.raises(ModelError, match="There is no file"):
        import_model(local_dir, "", models)
    assert list(models.iterdir()) == []


def test_too_little_room_is_said_before_anything_is_copied(
    local_dir: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importer.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 10, 0))
    with pytest.raises(ModelError, match=r"needs \d+ MB in .*, where 0 MB are free"):
        import_model(local_dir, "", models)
    assert list(models.iterdir()) == []


def test_models_that_cannot_be_written_are_one_sentence(local_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "taken").write_bytes(b"a file where the folder should be")
    with pytest.raises(ModelError, match="could not be stored in"):
        import_model(local_dir, "", tmp_path / "taken")
