"""Comparison of two safetensors files by weights, regardless of the order of tensors and of metadata."""

import hashlib
from pathlib import Path
from typing import Any

from imagefinder.embedders.weights.weights_file import tensor_table

_CHUNK = 1 << 22


def same_weights(one: Path, other: Path) -> bool:
    """Return whether two files have the same tensors by name, type, shape and bytes.

    Most pairs already differ in their headers, and are not read further. Files in other formats are never equal.

    Raises:
        OSError: A file cannot be read.
    """
    try:
        first, second = tensor_table(one), tensor_table(other)
    except ValueError:
        return False
    if _described(first) != _described(second):
        return False
    return _digest(one, first) == _digest(other, second)


def _described(table: dict[str, Any]) -> dict[str, tuple[str, tuple[int, ...]]]:
    return {name: (entry["dtype"], tuple(entry["shape"])) for name, entry in table.items()}


def _digest(path: Path, table: dict[str, Any]) -> bytes:
    content = hashlib.sha256()
    with path.open("rb") as stream:
        start = 8 + int.from_bytes(stream.read(8), "little")
        for name in sorted(table):
            first, end = table[name]["data_offsets"]
            stream.seek(start + first)
            left = end - first
            while left and (some := stream.read(min(left, _CHUNK))):
                content.update(some)
                left -= len(some)
    return content.digest()
