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

# NumPy types of stored tensors. bfloat16, which NumPy lacks, is the upper half of a float32.
_STORED = {"F64": np.float64, "F32": np.float32, "F16": np.float16, "BF16": np.uint16}


@dataclass(frozen=True)
class MappedTensor:
    """A memory-mapped tensor."""

    stored: NDArray[Any]
    is_bfloat16: bool

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the tensor."""
        return self.stored.shape

    def float32(self) -> FloatArray:
        """Return the tensor in float32, without a copy if it is stored as such."""
        return _float32(self.stored, self.is_bfloat16)

    def rows(self, numbers: NDArray[np.int64]) -> FloatArray:
        """Return the given rows in float32. Other rows are not read."""
        return _float32(self.stored[numbers], self.is_bfloat16)


def mapped_tensors(path: Path) -> dict[str, MappedTensor]:
    """Return the floating-point tensors in a file by name. The file must not be truncated while they are in use.

    Raises:
        OSError: The file cannot be read.
        ValueError: It is not a ``.safetensors`` file, or is incomplete.
    """
    table = tensor_table(path)
    with path.open("rb") as stream:
        start = 8 + int.from_bytes(stream.read(8), "little")
        # Unmapped when its last array is released.
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
