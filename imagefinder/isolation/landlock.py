"""Restriction of a process's access to files and network by Linux's landlock. See landlock(7)."""

import ctypes
import os
import struct
import sys
from collections.abc import Iterable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System call numbers, the same on every architecture."""
_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
_READ_FILE, _READ_DIR = 1 << 2, 1 << 3
_FS_RIGHTS = {1: 13, 2: 14, 3: 15, 4: 15}
"""Number of file-system access rights by landlock version; 16 from version 5 on."""
_BIND_TCP_AND_CONNECT_TCP = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11


def version() -> int:
    """Return the kernel's version of landlock, or 0 if there is none."""
    if sys.platform != "linux":
        return 0
    found = _libc().syscall(_CREATE_RULESET, None, 0, _VERSION)
    return max(int(found), 0)


def restrict_to_reading(paths: Iterable[str]) -> int:
    """Deny all file access except reading at or below ``paths``, permanently, for this thread and its children.

    Files that are already open stay usable. From landlock version 4 on, TCP is denied too.

    Returns:
        The version of landlock in force, or 0 if nothing could be restricted.
    """
    found = version()
    if not found:
        return 0
    libc = _libc()
    handled = (1 << _FS_RIGHTS.get(found, 16)) - 1
    attributes = struct.pack("=Q", handled)
    if found >= 4:
        attributes += struct.pack("=Q", _BIND_TCP_AND_CONNECT_TCP)
    if found >= 6:
        attributes += struct.pack("=Q", _ABSTRACT_SOCKETS_AND_SIGNALS)
    ruleset = libc.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    if ruleset < 0:
        return 0
    try:
        for path in paths:
            _allow_reading(libc, ruleset, path)
        is_done = (
            libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            and libc.syscall(_RESTRICT_SELF, ruleset, 0) == 0
        )
    finally:
        os.close(ruleset)
    return found if is_done else 0


def _allow_reading(libc: ctypes.CDLL, ruleset: int, path: str) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # some paths do not exist on every system
        return
    try:
        rights = _READ_FILE | _READ_DIR if os.path.isdir(path) else _READ_FILE  # noqa: PTH112
        rule = struct.pack("=Qi", rights, place)
        libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, rule, 0)
    finally:
        os.close(place)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
