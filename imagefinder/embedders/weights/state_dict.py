"""State dicts (tensors by name): unwrapping, comparison, and preparation for saving. Works without torch."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.untrusted_files import shown
from imagefinder.translation import tr

Shapes: TypeAlias = Mapping[str, tuple[int, ...]]
"""Shapes of tensors by name."""

_Value = TypeVar("_Value")


def unwrapped(content: Any, path: Path) -> dict[str, Any]:
    """Return the tensors by name, without a training checkpoint around them and without prefixes.

    Raises:
        ModelError: The content is not a state dict.
    """
    for key in ("state_dict", "model_state_dict", "model"):
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    if not isinstance(content, dict) or not content:
        raise ModelError(tr("{path} holds no weights by name, so it cannot be a CLIP model.", path=path))
    content = without_prefixes(content)
    if not all(isinstance(name, str) and _is_plain(value) for name, value in content.items()):
        raise ModelError(
            tr("{path} holds other things than weights under names, so it cannot be a CLIP model.", path=path)
        )
    return dict(content)


def _is_plain(value: Any) -> bool:
    """Return whether a value is a dense CPU tensor: not sparse, nested, quantised or complex."""
    is_tensor = hasattr(value, "untyped_storage")
    return (
        is_tensor
        and str(value.layout) == "torch.strided"
        and str(value.device) == "cpu"
        and not (value.is_quantized or value.is_nested or value.is_complex())
    )


def without_prefixes(content: Mapping[Any, _Value]) -> dict[str, _Value]:
    """Remove the prefixes that DistributedDataParallel and ``torch.compile`` add to all names."""
    bare = dict(content)
    for prefix in ("module.", "_orig_mod.", "module."):
        if all(str(name).startswith(prefix) for name in bare):
            bare = {name[len(prefix) :]: value for name, value in bare.items()}
    return bare


def misfits(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Return in what the tensors ``found`` differ from the wanted ones, one phrase each. Empty if they fit."""
    return shape_misfits(shapes_of(wanted), shapes_of(found))


def shapes_of(tensors: Mapping[str, Any]) -> Shapes:
    """Return the shapes of tensors by name."""
    return {name: tuple(tensor.shape) for name, tensor in tensors.items()}


def shape_misfits(wanted: Shapes, found: Shapes) -> list[str]:
    """Return in what the shapes ``found`` differ from the wanted ones, one phrase each. Empty if they fit."""
    wrong = [tr("“{name}” is missing", "a tensor", name=shown(name)) for name in wanted if name not in found]
    wrong += [
        tr(
            "“{name}” has the shape {shape} in place of {wanted}",
            "a tensor",
            name=shown(name),
            shape=_times(found[name]),
            wanted=_times(shape),
        )
        for name, shape in wanted.items()
        if name in found and found[name] != shape
    ]
    return wrong + [
        tr("“{name}” has no place in it", "a tensor", name=shown(name))
        for name in found
        if name not in wanted
    ]


def worst(misfits: Sequence[str]) -> str:
    """Return the first difference, and the number of further ones."""
    more = tr(", and {count} more", "after one example", count=len(misfits) - 1) if len(misfits) > 1 else ""
    return misfits[0] + more


def separate(state: dict[str, Any]) -> dict[str, Any]:
    """Return the weights with memory of their own, copied if necessary. safetensors refuses shared memory."""
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
    return " x ".join(str(side) for side in shape) or tr("one number")
