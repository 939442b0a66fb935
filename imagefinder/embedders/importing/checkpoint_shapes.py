"""Names and shapes of tensors, as defined by an architecture and as found in a file."""

from pathlib import Path
from typing import TYPE_CHECKING

from imagefinder.embedders.spec import JsonDict
from imagefinder.embedders.towers.tower_loader import build, import_open_clip
from imagefinder.embedders.weights.state_dict import Shapes, shapes_of, without_prefixes
from imagefinder.embedders.weights.torch_weights import read_weights
from imagefinder.embedders.weights.weights_file import WeightsKind, quantised, stored_shapes, weights_kind

if TYPE_CHECKING:
    import torch

# Stand-in for a text tower of transformers, whose shapes are not in open_clip's configs.
_ANY_TEXT: JsonDict = {"context_length": 8, "vocab_size": 8, "width": 64, "heads": 1, "layers": 1}


def expected_shapes(model_cfg: JsonDict) -> Shapes:
    """Return the shapes of the tensors that a model with this config has.

    If the text tower comes from transformers, only those of the image tower. The model is built on torch's
    meta device, which takes no memory and a tenth of a second.

    Raises:
        ModelError: open_clip cannot build the model, or its libraries are missing.
    """
    import_open_clip()
    import torch

    # The tokenizer has no weights, and may be missing on this computer.
    text_cfg = {key: value for key, value in model_cfg["text_cfg"].items() if key != "hf_tokenizer_name"}
    images_only = bool(text_cfg.get("hf_model_name"))
    config = {**model_cfg, "text_cfg": _ANY_TEXT if images_only else text_cfg}
    if images_only:
        config.pop("multimodal_cfg", None)
    with torch.device("meta"):
        shapes = shapes_of(build(config).state_dict())
    return {name: shape for name, shape in shapes.items() if not images_only or name.startswith("visual.")}


def found_shapes(path: Path, trusted: bool = False) -> Shapes:
    """Return the shapes of the tensors in a weights file, without prefixes added in training.

    Args:
        path: The weights file.
        trusted: As for ``read_weights``.

    Raises:
        ModelError: It is not a weights file, is damaged or quantised, or would run code.
    """
    if weights_kind(path) is WeightsKind.SAFETENSORS:
        return without_prefixes(stored_shapes(path))
    weights = read_weights(path, trusted)
    kinds = {
        str(tensor.dtype)
        for name, tensor in weights.items()
        if name.endswith("weight") and _is_coarse(tensor)
    }
    if kinds:
        raise quantised(path, ", ".join(sorted(kinds)))
    return shapes_of(weights)


def _is_coarse(tensor: "torch.Tensor") -> bool:
    return not tensor.is_floating_point() or tensor.element_size() == 1
