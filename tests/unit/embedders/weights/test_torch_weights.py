"""Tests of reading weights: what a file contains, and how much of it stays in memory."""

import json
from pathlib import Path
from typing import Any

import pytest
from helpers.tiny_clip import TINY_CONFIG, random_model

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.towers import tower_loader
from imagefinder.embedders.weights.torch_weights import mapped_state, read_weights

KINDS = ["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A file with tensors of all types and shapes, and these tensors."""
    import torch
    from safetensors.torch import save_file

    state = {kind: torch.arange(35).reshape(5, 7).to(getattr(torch, kind)) for kind in KINDS}
    state |= {"one": torch.tensor(3.5), "none": torch.empty(0, 4), "large": torch.rand(300, 70)}
    save_file(state, tmp_path / "weights.safetensors")
    return tmp_path / "weights.safetensors", state


def test_every_kind_of_tensor_comes_back_as_it_was_stored(stored: tuple[Path, dict[str, Any]]) -> None:
    import torch

    path, state = stored
    found = mapped_state(path)
    assert found.keys() == state.keys()
    for name, value in found.items():
        assert value.dtype == state[name].dtype
        assert torch.equal(value, state[name])


def test_writing_to_a_tensor_changes_no_file(stored: tuple[Path, dict[str, Any]]) -> None:
    path, _ = stored
    before = path.read_bytes()
    mapped_state(path)["large"].fill_(7)
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F4", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": "two", "data_offsets": [0, 8]},
        {"dtype": "F32", "data_offsets": [0, 8]},
    ],
)
def test_a_table_of_contents_that_lies_is_a_sentence(tmp_path: Path, entry: dict[str, Any]) -> None:
    table = json.dumps({"a": entry}).encode()
    path = tmp_path / "weights.safetensors"
    path.write_bytes(len(table).to_bytes(8, "little") + table + bytes(8))
    with pytest.raises(ModelError, match="damaged or not whole"):
        read_weights(path)


def test_what_a_model_was_filled_with_is_let_go_of(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    save_file(random_model().state_dict(), tmp_path / "weights.safetensors")
    model, state = tower_loader.build(TINY_CONFIG), mapped_state(tmp_path / "weights.safetensors")
    tower_loader._take_out(model, tower_loader.Tower.TEXT)
    tower_loader._fill(model, state, "cpu", None)
    assert state
    assert not state.keys() & model.state_dict().keys()
