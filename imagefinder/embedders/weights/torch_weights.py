"""Loading of weights from files of all supported kinds, without running code that they contain."""

import mmap
import pickle
import warnings
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagefinder.domain.errors import ModelError
from imagefinder.embedders.hardware.torch_threads import import_torch_with_patient_threads
from imagefinder.embedders.weights.pickle_check import (
    check_archive,
    check_legacy,
    holds_a_program,
    unpacks_to_more,
)
from imagefinder.embedders.weights.state_dict import unwrapped
from imagefinder.embedders.weights.weights_file import WeightsKind, tensor_table, weights_kind
from imagefinder.translation import tr

if TYPE_CHECKING:
    import torch

    State = dict[str, torch.Tensor]

# safetensors' names of PyTorch's types (github.com/huggingface/safetensors, bindings/python, torch.py).
_TYPES = {
    "F64": "float64",
    "F32": "float32",
    "F16": "float16",
    "BF16": "bfloat16",
    "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
    "I64": "int64",
    "I32": "int32",
    "I16": "int16",
    "I8": "int8",
    "U8": "uint8",
    "BOOL": "bool",
}

_MOST_SHARED = 4
"""Maximum ratio of a state dict's size to the file's. Above 1, because tensors may occur under several names."""

# Entries of OpenAI's TorchScript archives that are metadata, not weights.
_OPENAI_FACTS = ("input_resolution", "context_length", "vocab_size")


def read_weights(path: Path, trusted: bool = False) -> "State":
    """Read a state dict without running code from the file.

    Tensors stay on disk until used if the format allows it.

    Args:
        path: The weights file.
        trusted: Whether the file's checksum is a published one. Only then TorchScript is loaded.

    Raises:
        ModelError: It is not a weights file, is damaged, or would run code.
    """
    kind = weights_kind(path)
    if kind is WeightsKind.TORCH_ZIP:
        check_archive(path)
    elif kind is WeightsKind.TORCH_LEGACY:
        check_legacy(path)
    elif kind is WeightsKind.TORCHSCRIPT and not trusted:
        raise ModelError(
            tr(
                "{path} is a TorchScript archive, which is a program, not only weights; it is refused. "
                "Get the model as a .safetensors file.",
                path=path,
            )
        )
    import_torch_with_patient_threads()
    import torch
    from safetensors import SafetensorError  # torch.load also tries this format

    # A hint for programmers about newer pickles. Unreadable files are reported below.
    warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
    content: Any
    try:
        if kind is WeightsKind.SAFETENSORS:
            content = mapped_state(path)
        elif kind is not WeightsKind.TORCHSCRIPT:
            content = torch.load(
                path, map_location="cpu", weights_only=True, mmap=kind is WeightsKind.TORCH_ZIP
            )
        else:
            content = torch.jit.load(path, map_location="cpu").state_dict()  # type: ignore[no-untyped-call]
            content = {name: value for name, value in content.items() if name not in _OPENAI_FACTS}
    except pickle.UnpicklingError as error:
        raise holds_a_program(path) from error
    except (
        SafetensorError,
        RuntimeError,
        EOFError,
        ValueError,
        OSError,
        LookupError,
        TypeError,
        AttributeError,
        MemoryError,
    ) as error:
        raise ModelError(tr("{path} is damaged or not whole. Get it again.", path=path)) from error
    state = unwrapped(content, path)
    # A tensor with stride 0 may repeat one number a billion times.
    if sum(tensor.nbytes for tensor in state.values()) > _MOST_SHARED * path.stat().st_size:
        raise unpacks_to_more(path)
    return state


def mapped_state(path: Path) -> "State":
    """Return the tensors of a ``.safetensors`` file, each mapped separately.

    Releasing a tensor frees its memory. ``safetensors.torch.load_file`` maps the file once for all tensors,
    so everything that was read of, say, 600 MB stays in memory until the last one is released.

    Raises:
        OSError: The file cannot be read.
        ValueError, LookupError: It is not a ``.safetensors`` file, or is incomplete.
    """
    import torch

    table = tensor_table(path)
    state = {}
    with path.open("rb") as stream:
        start = 8 + int.from_bytes(stream.read(8), "little")
        for name, entry in table.items():
            dtype: torch.dtype = getattr(torch, _TYPES[entry["dtype"]])
            shape, (begin, end) = entry["shape"], entry["data_offsets"]
            if begin == end:
                state[name] = torch.empty(shape, dtype=dtype)
                continue
            page = (start + begin) // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
            # Copy-on-write, although nothing is written, because PyTorch has no read-only tensors.
            content = mmap.mmap(stream.fileno(), start + end - page, access=mmap.ACCESS_COPY, offset=page)
            tensor = torch.frombuffer(content, dtype=dtype, count=prod(shape), offset=start + begin - page)
            state[name] = tensor.reshape(shape)
    return state
