"""Encoding of paths in the database: the file system's bytes, so that any file name can be stored.

SQLite compares BLOBs byte by byte, so the files below a folder are one range of the index on paths.
"""

import os
import sys
from pathlib import Path

_ENCODING, _ERRORS = sys.getfilesystemencoding(), sys.getfilesystemencodeerrors()


def encode(path: str | Path) -> bytes:
    """Return the bytes stored for a path. The inverse of ``decode``."""
    return os.fsencode(path)


def decode(stored: bytes) -> str:
    """Return the path for stored bytes. Undecodable bytes become surrogate escapes, as usual in Python."""
    return stored.decode(
        _ENCODING, _ERRORS
    )  # like os.fsdecode in a third of the time: a rescan decodes all paths


def folder_range(folder: Path) -> tuple[bytes, bytes]:
    """Return the half-open range [low, high) of stored paths that lie below a folder, at any depth.

    The folder's own path is not in the range.
    """
    separator = os.sep.encode()
    low = encode(folder)
    if not low.endswith(separator):
        low += separator
    return low, low[:-1] + bytes([separator[0] + 1])
