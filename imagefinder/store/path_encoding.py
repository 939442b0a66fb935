"""Encoding of paths in the database: the file system's bytes, so that any file name can be stored.

Bytes compare as SQLite compares BLOBs, so what lies below a folder is one range of the index on paths.
"""

import os
import sys
from pathlib import Path

_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()


def encode(path: str | Path) -> bytes:
    """The bytes stored for a path. The inverse of ``decode``."""
    return os.fsencode(path)


def decode(stored: bytes) -> str:
    """The path of stored bytes; bytes that are no text become surrogate escapes, as everywhere in Python."""
    return stored.decode(
        _ENCODING, _ERRORS
    )  # as os.fsdecode, in a third of its time: a rescan decodes all paths


def folder_range(folder: Path) -> tuple[bytes, bytes]:
    """The half-open range [low, high) of stored paths that lie below a folder, at any depth.

    The folder's own path is not in it.
    """
    separator = os.sep.encode()
    low = encode(folder)
    if not low.endswith(separator):
        low += separator
    return low, low[:-1] + bytes([separator[0] + 1])
