"""Memory-mapped tensors of a ``.safetensors`` file."""

import mmap
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagefinder.embedders.embedder import FloatArray
from imagefinder.embedders.weights.weights_file import tensor_table

# How numbers are stored; bfloat16, which NumPy has not, is the upper half of a float32.
_STORED = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}


@dataclass(frozen=True)
class MappedTensor:
    """One tensor of a file."""

    stored: NDArray[Any]
    is_bfloat16: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Its sides."""
        return self.stored.shape

    def float32(self) -> FloatArray:
        """All of it; not a copy where it is stored so."""
        return _float32(self.stored, self.is_bfloat16)

    def rows(self, numbers: NDArray[np.int64]) -> FloatArray:
        """Some of its rows; the others are not read."""
        return _float32(self.stored[numbers], self.is_bfloat16)


def mapped_tensors(path: Path) -> dict[str, MappedTensor]:
    """The tensors of real numbers in a file, by name. It must not be cut while they are in use.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is none of its kind, or not whole.
    """
    table = tensor_table(path)
    with path.open("rb") as stream:
        start = 8 + int.from_bytes(stream.read(8), "little")
        # Unmapped when the last array of it is gone.
        content = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
    tensors = {}
    for name, entry in table.items():
        if entry["dtype"] in _STORED:
            shape, offset = tuple(entry["shape"]), start + entry["data_offsets"][0]
            stored = np.frombuffer(content, _STORED[entry["dtype"]], prod(shape), offset).reshape(shape)
            tensors[name] = MappedTensor(stored, entry["dtype"] == "BF16")
    return tensors


def _float32(stored: NDArray[Any], is_bfloat16: bool) -> FloatArray:
    if is_bfloat16:
        return (stored.astype(np.uint32) << np.uint32(16)).view(np.float32)
    return np.asarray(stored, np.float32)
