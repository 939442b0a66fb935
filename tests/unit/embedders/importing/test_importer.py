import errno
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from contracts.embedder_contract import pictures
from helpers import rounding

from imagefinder.domain.errors import ModelError
from imagefinder.embedders import model_registry, openclip
from imagefinder.embedders.importing.importer import import_checkpoint, imported_models


@pytest.fixture
def models(tmp_path: Path) -> Path:
    return tmp_path / "models"


def left_over(models: Path) -> list[Path]:
    return list(models.glob("**/*")) if models.exists() else []


def save(weights: dict[str, Any], path: Path) -> Path:
    import torch

    torch.save(weights, path)
    return path


def test_an_imported_model_is_created_by_its_name_and_finds(
    tiny_safetensors: Path, tiny_config: Path, models: Path
) -> None:
    name = import_checkpoint(tiny_safetensors, str(tiny_config), models)
    embedder = model_registry.create(name, "cpu", models)
    assert embedder.name == name
    assert embedder.dimension == 48
    stored = embedder.encode_images([embedder.prepare(picture) for picture in pictures(6)])
    assert (stored @ stored.T).argmax(axis=1).tolist() == list(range(6))
    assert name in {info.name for info in model_registry.available(models) if info.installed}


def test_the_users_file_is_left_as_it_is(tiny_safetensors: Path, tiny_config: Path, models: Path) -> None:
    before = tiny_safetensors.read_bytes(), tiny_safetensors.stat().st_mtime_ns
    import_checkpoint(tiny_safetensors, str(tiny_config), models)
    assert (tiny_safetensors.read_bytes(), tiny_safetensors.stat().st_mtime_ns) == before


def test_the_same_file_keeps_its_name_and_another_gets_another(
    tiny_weights: dict[str, Any], tiny_config: Path, models: Path, tmp_path: Path
) -> None:
    first = save(tiny_weights, tmp_path / "weights.pt")
    name = import_checkpoint(first, str(tiny_config), models)
    assert import_checkpoint(first, str(tiny_config), models) == name
    second = save({**tiny_weights, "ln_final.bias": tiny_weights["ln_final.bias"] + 1}, first)
    other = import_checkpoint(second, str(tiny_config), models)
    assert other == f"{name}-2"
    assert {model.name for model in imported_models(models)} == {name, other}
    assert len({model.id for model in imported_models(models)}) == 2


def test_the_user_may_choose_the_name(tiny_safetensors: Path, tiny_config: Path, models: Path) -> None:
    assert import_checkpoint(tiny_safetensors, str(tiny_config), models, "Mein Modell/ä") == "Mein Modell/ä"
    assert model_registry.create("Mein Modell/ä", "cpu", models).dimension == 48


def test_weights_keep_their_type_and_may_share_memory(
    tiny_weights: dict[str, Any], tiny_config: Path, models: Path, tmp_path: Path
) -> None:
    import torch
    from safetensors.torch import load_file

    half = {name: value.half() for name, value in tiny_weights.items()}
    half["ln_final.weight"] = half["ln_final.bias"] = torch.ones(64, dtype=torch.float16)
    half["text_projection"] = half["text_projection"].t().contiguous().t()
    import_checkpoint(save(half, tmp_path / "half.pt"), str(tiny_config), models)
    (model,) = imported_models(models)
    stored = load_file(model.weights)
    assert {value.dtype for value in stored.values()} == {torch.float16}
    assert all(torch.equal(stored[name], half[name]) for name in half)


def test_a_config_brings_its_preprocessing(tiny_safetensors: Path, tiny_config: Path, models: Path) -> None:
    content = {
        "model_cfg": json.loads(tiny_config.read_text()),
        "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "resize_mode": "squash"},
    }
    config = models.parent / "open_clip_config.json"
    config.write_text(json.dumps(content))
    import_checkpoint(tiny_safetensors, str(config), models)
    (model,) = imported_models(models)
    assert model.preprocess_cfg["mean"] == [0.5, 0.5, 0.5]
    assert model.preprocess_cfg["resize_mode"] == "squash"
    assert model.preprocess_cfg["size"] == 32


class Trap:
    """Object that creates a file when unpickled."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.proof,)


@pytest.mark.parametrize(("zipped", "protocol"), [(True, 2), (False, 2), (False, 4)])
def test_a_malicious_pickle_is_refused_and_never_run(
    tiny_config: Path, models: Path, tmp_path: Path, zipped: bool, protocol: int
) -> None:
    proof, path = tmp_path / "was-run", tmp_path / "weights.pt"
    if zipped:
        save({"state_dict": Trap(proof)}, path)
    else:
        path.write_bytes(pickle.dumps({"state_dict": Trap(proof)}, protocol))
    with pytest.raises(ModelError, match="could run a program hidden in it"):
        import_checkpoint(path, str(tiny_config), models)
    assert not proof.exists()
    assert left_over(models) == []
    pickle.loads(pickle.dumps(Trap(proof)))
    assert proof.exists(), "the trap itself does not work"


def test_a_torchscript_archive_is_refused(tiny_config: Path, models: Path, tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "clip.pt", "w") as archive:
        for name in ("clip/data.pkl", "clip/constants.pkl", "clip/code/__torch__.py"):
            archive.writestr(name, b"")
    with pytest.raises(ModelError, match="TorchScript"):
        import_checkpoint(tmp_path / "clip.pt", str(tiny_config), models)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_torchscript_archive_of_openai_is_known_by_its_checksum(
    tiny_weights: dict[str, Any],
    tiny_config: Path,
    models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import torch

    from imagefinder.embedders.weights.weights_file import sha256

    class Holder(torch.nn.Module):
        def forward(self, pixels: torch.Tensor) -> torch.Tensor:
            return pixels

    def holding(weights: dict[str, Any]) -> torch.nn.Module:
        module, parts = Holder(), {name.partition(".")[0] for name in weights}
        for part in sorted(parts):
            inner = {
                name.partition(".")[2]: value
                for name, value in weights.items()
                if name.partition(".")[0] == part
            }
            if "" in inner:
                module.register_buffer(part, inner[""])
            else:
                module.add_module(part, holding(inner))
        return module

    path = tmp_path / "ViT.pt"
    torch.jit.script(holding({**tiny_weights, "input_resolution": torch.tensor(32)})).save(str(path))
    row = {"url": f"https://openaipublic.azureedge.net/clip/models/{sha256(path)}/ViT.pt"}
    monkeypatch.setattr(
        "imagefinder.embedders.importing.importer.published_table", lambda: {"ViT": {"openai": row}}
    )
    import_checkpoint(path, str(tiny_config), models)
    assert len(list(imported_models(models))) == 1


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is empty"),
        (b"\xff\xd8\xff\xe0 JFIF", "it is a picture"),
        (b"\n <!DOCTYPE html><html>", "it is a web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00", "Git LFS pointer"),
        (b"just words", "expected is a .safetensors file"),
        ((900).to_bytes(8, "little") + b'{"a": ', "expected is a .safetensors file"),
        ((6).to_bytes(8, "little") + b'{"a": ', "damaged or not whole"),
        (b"\x80\x02", "damaged or not whole|refused"),
    ],
)
def test_a_file_that_is_no_weights_is_named_for_what_it_is(
    tiny_config: Path, models: Path, tmp_path: Path, content: bytes, reason: str
) -> None:
    path = tmp_path / "model.safetensors"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=reason):
        import_checkpoint(path, str(tiny_config), models)
    assert left_over(models) == []


def test_a_truncated_file_is_refused(
    tiny_weights: dict[str, Any], tiny_safetensors: Path, tiny_config: Path, models: Path, tmp_path: Path
) -> None:
    for whole in (tiny_safetensors, save(tiny_weights, tmp_path / "whole.pt")):
        short = tmp_path / f"short{whole.suffix}"
        short.write_bytes(whole.read_bytes()[:-5000])
        with pytest.raises(ModelError, match=r"damaged|is not a weights file"):
            import_checkpoint(short, str(tiny_config), models)


def test_a_missing_file_is_said_to_be_missing(tiny_config: Path, models: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no file"):
        import_checkpoint(tmp_path / "none.pt", str(tiny_config), models)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda w: {k: v for k, v in w.items() if k != "visual.proj"}, "“visual.proj” is missing"),
        (
            lambda w: {**w, "visual.proj": w["visual.proj"][:, :40]},
            "has the shape 64 x 40 in place of 64 x 48",
        ),
        (lambda w: {**w, "extra": w["visual.proj"].clone()}, "“extra” has no place in it"),
        (lambda w: {k: v for k, v in w.items() if "ln_" not in k}, "is missing, and .* more"),
        (lambda w: {**w, "visual.positional_embedding": w["visual.positional_embedding"][:10]}, "10 x 64"),
    ],
)
def test_weights_that_do_not_fit_are_refused_with_the_tensor(
    tiny_weights: dict[str, Any],
    tiny_config: Path,
    models: Path,
    tmp_path: Path,
    change: Callable[[Any], Any],
    reason: str,
) -> None:
    path = save(change(tiny_weights), tmp_path / "wrong.pt")
    with pytest.raises(ModelError, match=reason):
        import_checkpoint(path, str(tiny_config), models)
    assert left_over(models) == []


def test_other_things_than_weights_in_a_checkpoint_are_refused(
    tiny_config: Path, models: Path, tmp_path: Path
) -> None:
    for content in ([1, 2], {"a": 1}, {}):
        with pytest.raises(ModelError, match="cannot be a CLIP model"):
            import_checkpoint(save(content, tmp_path / "odd.pt"), str(tiny_config), models)  # type: ignore[arg-type]


def test_an_unknown_architecture_is_refused_with_a_suggestion(tiny_safetensors: Path, models: Path) -> None:
    with pytest.raises(ModelError, match=r"no model architecture called “ViT-B-23”.* ViT-B-32"):
        import_checkpoint(tiny_safetensors, "ViT-B-23", models)
    with pytest.raises(ModelError, match=r"no weights called “opnai”.* openai"):
        import_checkpoint(tiny_safetensors, "ViT-B-32/opnai", models)


@pytest.mark.parametrize("content", ["no json", "[]", '{"embed_dim": 4}', '{"model_cfg": 3}'])
def test_a_json_that_is_no_model_config_is_refused(
    tiny_safetensors: Path, models: Path, tmp_path: Path, content: str
) -> None:
    (tmp_path / "bad.json").write_text(content)
    with pytest.raises(ModelError, match="config"):
        import_checkpoint(tiny_safetensors, str(tmp_path / "bad.json"), models)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    tiny_safetensors: Path, tiny_config: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("imagefinder.embedders.importing.importer.os.fsync", full)
    with pytest.raises(ModelError, match=r"could not be stored in .*: No space left on device"):
        import_checkpoint(tiny_safetensors, str(tiny_config), models)
    assert left_over(models) == []


def test_a_half_written_import_is_not_listed(tiny_safetensors: Path, tiny_config: Path, models: Path) -> None:
    import_checkpoint(tiny_safetensors, str(tiny_config), models)
    (models / ".partial-x").mkdir()
    (models / "foreign").mkdir()
    (model,) = imported_models(models)
    model.weights.unlink()
    assert list(imported_models(models)) == []


def test_an_imported_model_gives_what_its_file_gives(
    tiny_safetensors: Path, tiny_config: Path, models: Path, tiny_spec: Callable[..., Any]
) -> None:
    name = import_checkpoint(tiny_safetensors, str(tiny_config), models)
    mine, direct = model_registry.create(name, "cpu", models), openclip.OpenClipEmbedder(tiny_spec(), "cpu")
    np.testing.assert_allclose(
        mine.encode_texts(["a dog"]), direct.encode_texts(["a dog"]), atol=rounding.NETWORK
    )
