"""State dicts (weights by name): unwrapped, compared, made fit to store. Handles tensors without torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from imagefinder.model.errors import ModelError
from imagefinder.translation import tr


def unwrapped(content: Any, path: Path) -> dict[str, Any]:
    """Take off the usual wrappings of a state dict.

    These are a training checkpoint round it, and the prefixes that DistributedDataParallel and
    ``torch.compile`` put before names.

    Raises:
        ModelError: there are no tensors under names in it.
    """
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not content:
        raise ModelError(tr("{path} holds no weights by name, so it cannot be a CLIP model.", path=path))
    for prefix in ("module.", "_orig_mod.", "module."):
        if all(str(name).startswith(prefix) for name in content):
            content = {name[len(prefix) :]: value for name, value in content.items()}
    if not all(hasattr(value, "untyped_storage") for value in content.values()):
        raise ModelError(
            tr("{path} holds other things than weights under names, so it cannot be a CLIP model.", path=path)
        )
    return dict(content)


def misfits(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """What is wrong with ``found``, one phrase a tensor; empty when it fits."""
    shapes = {name: tuple(tensor.shape) for name, tensor in wanted.items()}
    wrong = [f"“{name}” is missing" for name in shapes if name not in found]
    wrong += [
        f"“{name}” has the shape {_times(found[name].shape)} in place of {_times(shape)}"
        for name, shape in shapes.items()
        if name in found and tuple(found[name].shape) != shape
    ]
    return wrong + [f"“{name}” has no place in it" for name in found if name not in shapes]


def separate(state: dict[str, Any]) -> dict[str, Any]:
    """The weights, no two over one piece of memory (safetensors refuses that); copies where it must."""
    seen: set[int] = set()
    apart: dict[str, Any] = {}
    for name, tensor in state.items():
        storage = tensor.untyped_storage()
        whole = storage.nbytes() == tensor.nbytes and tensor.is_contiguous()
        alone = whole and storage.data_ptr() not in seen
        seen.add(storage.data_ptr())
        apart[name] = tensor if alone else tensor.clone().contiguous()
    return apart


def _times(shape: Sequence[int]) -> str:
    return " x ".join(str(side) for side in shape) or "one number"
