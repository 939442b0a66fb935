"""Tests that untrusted archives and pickles of PyTorch are checked before PyTorch reads them."""

import io
import os
import pickle
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from helpers.hostile import refused

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.importing.importer import import_model
from imagefinder.embedders.weights.pickle_check import check_archive, check_legacy


class Evil:
    def __init__(self, call: Callable[..., Any], *arguments: object) -> None:
        self._call = call, arguments

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[object, ...]]:
        return self._call


def archive_file(path: Path, entries: dict[str, bytes], kind: int = zipfile.ZIP_STORED) -> Path:
    with zipfile.ZipFile(path, "w", kind) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


@pytest.mark.usefixtures("_no_library_sees_it")
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("call", [os.system, eval, exec, open, getattr, shutil.rmtree, os.open])
def test_a_pickle_that_calls_something_is_refused_and_nothing_is_called(
    tmp_path: Path, models: Path, protocol: int, call: Callable[..., Any]
) -> None:
    content = pickle.dumps({"state_dict": {"a": Evil(call, f"touch {tmp_path}/ran")}}, protocol)
    (tmp_path / "legacy.pt").write_bytes(content)
    refused(tmp_path / "legacy.pt", models, "could run a program hidden in it")
    path = archive_file(tmp_path / "zip.pt", {"archive/data.pkl": content, "archive/version": b"3"})
    refused(path, models, "could run a program hidden in it")
    assert not (tmp_path / "ran").exists()


@pytest.mark.usefixtures("_no_library_sees_it")
@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"\x80\x02" + b"(" * 100_000 + b"t" * 100_000 + b".", "nested too deeply"),
        (b"\x80\x02)" + b"\x85" * 100_000 + b".", "nested too deeply"),
        (b"\x80\x02}" + b")" + b"\x85" * 100_000 + b"K\x01s.", "nested too deeply"),
        (b"\x80\x04]" + b"\x94]\x94h\x00a" * 100 + b".", "holds no weights by name"),
        (b"\x80\x02}q\x00.", "holds no weights by name"),
        (b"\x80\x02X\xff\xff\xff\x7fabc.", "damaged"),
        (b"\x80\x04\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.", "damaged"),
        (b"\x80\x02aaaa.", "damaged"),
        (b"\x80\x02h\x05.", "damaged"),
        (b"\x80\x02" + b"N0" * 600_000 + b".", "larger than that of any model"),
        (b"\x80\x02\x82\x01.", "could run a program"),
        (b"\x80\x02cos\nsystem\n.", "could run a program"),
        (b"\x80\x02(X\x01\x00\x00\x00aios\nsystem\n.", "could run a program"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "could run a program"),
        (b"\x80\x04\x8c\x02os\x94\x8c\x06system\x94h\x00h\x01\x93.", "could run a program"),
        (b"\x80\x02ctorch.hub\nload\n.", "could run a program"),
        (b"\x80\x02cbuiltins\neval\n.", "could run a program"),
        (b"\x80\x02c__builtin__\ngetattr\n.", "could run a program"),
    ],
)
def test_a_pickle_that_is_no_model_is_refused(
    tmp_path: Path, models: Path, content: bytes, words: str
) -> None:
    (tmp_path / "legacy.pt").write_bytes(content)
    refused(tmp_path / "legacy.pt", models, words)
    refused(archive_file(tmp_path / "zip.pt", {"archive/data.pkl": content}), models, words)


@pytest.mark.usefixtures("_no_library_sees_it")
def test_a_pickle_of_a_billion_laughs_is_refused(tmp_path: Path, models: Path) -> None:
    value: list[Any] = ["x"]
    for _ in range(40):
        value = [value, value]
    (tmp_path / "x.pt").write_bytes(pickle.dumps({"state_dict": value}, 2))
    refused(tmp_path / "x.pt", models, "nested too deeply")


@pytest.mark.usefixtures("_no_library_sees_it")
def test_a_second_pickle_is_looked_at_too(tmp_path: Path, models: Path) -> None:
    content = pickle.dumps({}, 2) * 3 + pickle.dumps(Evil(os.system, "true"), 2)
    (tmp_path / "x.pt").write_bytes(content)
    refused(tmp_path / "x.pt", models, "could run a program")


@pytest.mark.usefixtures("_no_library_sees_it")
def test_an_archive_that_unpacks_is_refused(tmp_path: Path, models: Path) -> None:
    tensors = {"archive/data.pkl": pickle.dumps({}, 2), "archive/data/0": bytes(20_000_000)}
    refused(archive_file(tmp_path / "a.pt", tensors, zipfile.ZIP_DEFLATED), models, "is compressed")
    refused(archive_file(tmp_path / "b.pt", tensors, zipfile.ZIP_BZIP2), models, "is compressed")
    path = tmp_path / "c.pt"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}, 2))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr("archive/data.pkl", pickle.dumps(Evil(os.system, "true"), 2))
    refused(path, models, "a name stands in it twice")


@pytest.mark.usefixtures("_no_library_sees_it")
def test_an_archive_whose_sizes_are_lies_is_refused(tmp_path: Path, models: Path) -> None:
    path = archive_file(tmp_path / "a.pt", {"archive/data.pkl": b"\x80\x02}."})
    content = bytearray(path.read_bytes())
    entry = content.index(b"PK\x01\x02")
    content[entry + 24 : entry + 28] = struct.pack("<I", 4_000_000_000)
    path.write_bytes(content)
    refused(path, models, "is compressed")
    content[entry + 20 : entry + 28] = struct.pack("<II", 60_000_000, 60_000_000)
    path.write_bytes(content)
    refused(path, models, "damaged")
    content[entry + 20 : entry + 28] = struct.pack("<II", 90_000_000, 90_000_000)
    path.write_bytes(content)
    refused(path, models, "larger than that of any model")
    end = content.index(b"PK\x05\x06")
    content[end + 12 : end + 16] = struct.pack("<I", 0xFFFFFFF0)
    path.write_bytes(content)
    refused(path, models, "larger than that of any model|not a weights file")


@pytest.mark.parametrize("is_zip", [True, False])
def test_tensors_that_repeat_one_number_are_refused(
    tmp_path: Path, models: Path, tiny_weights: dict[str, Any], tiny_config: Path, *, is_zip: bool
) -> None:
    import torch

    repeated = {name: torch.zeros(()).expand(weight.shape) for name, weight in tiny_weights.items()}
    path = tmp_path / "x.pt"
    torch.save(repeated, path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(ModelError, match="many times the memory that the file has bytes"):
        import_model(path, str(tiny_config), models)


def spoilt(weights: dict[str, Any]) -> dict[str, Any]:
    """Return state dicts that PyTorch can write and read but that are not models, by what is wrong with them."""
    import torch

    weight = weights["visual.proj"]
    strange = {
        "sparse": weight.to_sparse(),
        "meta": torch.empty_like(weight, device="meta"),
        "complex": weight.to(torch.complex64),
        "quantised": torch.quantize_per_tensor(weight, 0.1, 0, torch.qint8),
        "a list": [1, 2],
        "text": "x" * 1000,
        "none": None,
    }
    return {
        **{name: {**weights, "visual.proj": value} for name, value in strange.items()},
        "numbers for names": dict(enumerate(weights.values())),
        "a list of all": [weights],
        "a tensor": weight,
        "an empty one": {},
        "a name that steers": {**weights, "a\n\x1b[31m": weight},
        "a name without end": {**weights, "x" * 100_000: weight},
        "no shape": {**weights, "visual.proj": torch.tensor(1.0)},
        "many sides": {**weights, "visual.proj": weight.reshape(*[1] * 60, *weight.shape)},
        "half of transformers": {
            "text_projection.weight": weight,
            "visual_projection.weight": weight,
            "text_model.encoder.layers.0.self_attn.q_proj.weight": weight,
            "vision_model.encoder.layers.0.self_attn.q_proj.weight": weight,
        },
    }


SPOILT = [
    *(
        "sparse",
        "meta",
        "complex",
        "quantised",
        "a list",
        "text",
        "none",
        "numbers for names",
        "a list of all",
    ),
    *("a tensor", "an empty one", "a name that steers", "a name without end", "no shape", "many sides"),
    "half of transformers",
]


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", SPOILT)
@pytest.mark.parametrize("is_zip", [True, False])
def test_tensors_that_are_none_of_a_model_are_refused_in_a_sentence(
    tmp_path: Path, models: Path, tiny_weights: dict[str, Any], tiny_config: Path, kind: str, *, is_zip: bool
) -> None:
    import torch

    path = tmp_path / "x.pt"
    torch.save(spoilt(tiny_weights)[kind], path, _use_new_zipfile_serialization=is_zip)
    with pytest.raises(ModelError) as caught:
        import_model(path, str(tiny_config), models)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 1000
    assert not models.exists() or not list(models.iterdir())


@pytest.mark.parametrize("form", ["image_encoder.model.patch_embed.0.rbr_conv.0.conv.weight"])
def test_half_a_model_in_a_form_that_is_converted_is_refused_in_a_sentence(
    tmp_path: Path, models: Path, tiny_weights: dict[str, Any], form: str
) -> None:
    from safetensors.torch import save_file

    few = {form: tiny_weights["visual.proj"], "token_embedding.weight": tiny_weights["ln_final.bias"].clone()}
    save_file(few, tmp_path / "x.safetensors")
    with pytest.raises(ModelError, match="do not fit the architecture MobileCLIP-S2"):
        import_model(tmp_path / "x.safetensors", "MobileCLIP-S2", models)


def test_what_pytorch_writes_passes(tmp_path: Path, tiny_weights: dict[str, Any]) -> None:
    import torch

    checkpoint = {
        "epoch": 3,
        "name": "ViT-B-32",
        "state_dict": {f"module.{name}": weight for name, weight in tiny_weights.items()},
        "optimizer": {
            "state": {0: {"step": torch.tensor(3.0), "exp_avg": torch.zeros(4)}},
            "betas": (0.9, 0.98),
        },
        "parameter": torch.nn.Parameter(torch.zeros(2, dtype=torch.bfloat16)),
        "shape": torch.Size([3, 4]),
    }
    for is_zip, check in ((True, check_archive), (False, check_legacy)):
        torch.save(checkpoint, tmp_path / "x.pt", _use_new_zipfile_serialization=is_zip)
        check(tmp_path / "x.pt")


def test_a_zip_is_known_by_what_pytorch_writes_of_more_than_four_gigabytes(tmp_path: Path) -> None:
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w") as archive,
        archive.open("archive/data.pkl", "w", force_zip64=True) as entry,
    ):
        entry.write(b"\x80\x02cos\nsystem\n.")
    (tmp_path / "x.pt").write_bytes(stream.getvalue())
    with pytest.raises(ModelError, match="could run a program"):
        check_archive(tmp_path / "x.pt")
