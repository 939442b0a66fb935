"""How paths are kept: the system's bytes, so that any file name can be; ranges of them stand for folders."""

import os
from pathlib import Path


def encode(path: str | Path) -> bytes:
    """A path as it is stored."""
    return os.fsencode(path)


def decode(stored: bytes) -> str:
    """The path that was stored."""
    return os.fsdecode(stored)


def folder_range(folder: Path) -> tuple[bytes, bytes]:
    """The half-open range [low, high) of stored paths that lie below a folder, at any depth."""
    separator = os.sep.encode()
    low = encode(folder)
    if not low.endswith(separator):
        low += separator
    return low, low[:-1] + bytes([separator[0] + 1])
