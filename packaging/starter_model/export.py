"""Export of both towers for the program: ``weights.safetensors`` in float16, ``config.json`` and ``model.json``."""

import hashlib
import json
from pathlib import Path
from typing import Any

import torch
from checkpoints import load
from places import Places
from safetensors.torch import save_file
from torch import Tensor, nn
from towers import MODEL_CONFIG, SIDE, convolutions, whole_model

ARCHITECTURE = "TinyViT-5M-192"
PREPROCESSING: dict[str, Any] = {
    "mode": "RGB",
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
    "interpolation": "bicubic",
    "resize_mode": "squash",
    "fill_color": 0,
    "size": SIDE,
}
_HEAD = {"head.0": "head.mlp.fc1", "head.2": "head.mlp.fc2"}


def export(places: Places, folder: Path) -> None:
    """Write the three files of the model to ``folder``."""
    towers = load(places.vocabulary)
    state = model_state(towers["image"], towers["text"])
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / "weights.safetensors"
    halved = {name: values.half() if values.is_floating_point() else values for name, values in state.items()}
    save_file(
        {name: values.contiguous() for name, values in halved.items()}, weights, metadata={"format": "pt"}
    )
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    _write_json(folder / "config.json", {"model_cfg": MODEL_CONFIG, "preprocess_cfg": PREPROCESSING})
    _write_json(
        folder / "model.json",
        {"name": "starter", "arch": ARCHITECTURE, "weights_id": f"sha256:{digest[:16]}"},
    )
    print(f"{weights}: {weights.stat().st_size / 1e6:.1f} MB, SHA-256 {digest}")


def model_state(image: dict[str, Tensor], text: dict[str, Tensor]) -> dict[str, Tensor]:
    """Convert the weights of both towers to those of the whole model, with open_clip's names.

    Raises:
        KeyError: A tower lacks weights of the model.
        ValueError: Weights have an unexpected name or shape.
    """
    torch.manual_seed(0)
    model = whole_model()
    state = model.state_dict()
    new = {f"visual.{name}": values for name, values in _with_batch_norms(model.visual, image).items()}
    new |= {f"text.{name}": values for name, values in text.items()}
    towers = {name for name in state if name.startswith(("visual.", "text."))}
    if missing := {name for name in towers if not name.endswith("num_batches_tracked")} - set(new):
        raise KeyError(f"no weights for {len(missing)} names, such as {min(missing)}")
    for name, values in new.items():
        if name not in state or state[name].shape != values.shape:
            raise ValueError(f"{name} of shape {tuple(values.shape)} does not belong to the model")
        state[name] = values
    return state


def _with_batch_norms(visual: Any, image: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return the image tower's weights under open_clip's names.

    timm's network has a batch norm after each convolution. Ours are folded, so those of timm only add the bias.
    """
    pairs = {f"trunk.{name}": pair for name, pair in convolutions(visual.trunk)}
    named = {}
    for name, values in image.items():
        layer, _, kind = name.rpartition(".")
        if layer in _HEAD:
            named[f"{_HEAD[layer]}.{kind}"] = values
        elif layer in pairs and kind == "weight":
            norm: nn.BatchNorm2d = pairs[layer].bn
            named[f"{layer}.conv.weight"] = values
            named[f"{layer}.bn.weight"] = torch.ones_like(norm.weight)
            named[f"{layer}.bn.running_mean"] = torch.zeros_like(norm.weight)
            named[f"{layer}.bn.running_var"] = torch.full_like(norm.weight, 1 - norm.eps)
        elif layer in pairs:
            named[f"{layer}.bn.bias"] = values
        else:
            named[name] = values
    return named


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n")
