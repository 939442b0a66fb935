"""Memory that this process can still allocate, within the machine's, cgroup and resource limits."""

import errno
import os
import sys
from pathlib import Path

import psutil

_GROUPS = Path("/sys/fs/cgroup")
_UNLIMITED = 2**60
"""Bytes. Control groups of version 1 report a number near 2**63 if there is no limit."""
_NO_THREAD = "can't start new thread"
"""Python's message when the operating system cannot start a thread, mostly for lack of memory for its stack."""
_FEW = 2**28
"""Bytes. With less free memory, an ImportError is attributed to lack of memory."""


def free_memory() -> int:
    """Return the number of bytes that can be allocated without swapping and without being killed."""
    return max(min(psutil.virtual_memory().available, _room_in_groups(), _room_in_address_space()), 0)


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether an error was caused by lack of memory, or by failure to start a thread.

    Causes and contexts of the error are examined too. The free memory is measured now, and may have been less
    when the error occurred.
    """
    if isinstance(error, ImportError) and free_memory() < _FEW:
        return True
    each: BaseException | None = error
    while each is not None:
        is_told = isinstance(each, RuntimeError) and str(each) == _NO_THREAD
        if is_told or isinstance(each, MemoryError) or getattr(each, "errno", None) == errno.ENOMEM:
            return True
        each = each.__cause__ or each.__context__
    return False


def _room_in_address_space() -> int:
    """Return the bytes left below the address space limit of this process (Linux; ``ulimit -v``)."""
    if sys.platform != "linux":
        return _UNLIMITED
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY:
        return _UNLIMITED
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    return most - pages * os.sysconf("SC_PAGE_SIZE")


def _room_in_groups(groups: Path = _GROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """Return the bytes left below the tightest limit of this process's control groups (Linux; cgroups(7))."""
    try:
        lines = own.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:  # not Linux
        return _UNLIMITED
    rooms = [_UNLIMITED]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            # Where both versions are mounted, version 2 has a folder of its own, without the memory controller.
            rooms += _rooms(groups, path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            rooms += _rooms(groups / "memory", path, *names)
    return min(rooms)


def _rooms(top: Path, path: str, limit: str, usage: str, reclaimable: str) -> list[int]:
    """Return the bytes left in a control group and in each of its ancestors that has a limit.

    In a container the path may be the one seen from outside. Then ``top`` is the container's own group.
    """
    group = top / path.lstrip("/")
    folders = [group, *group.parents] if group.is_dir() else [top]
    return [
        room
        for folder in folders
        if folder.is_relative_to(top) and (room := _room(folder, limit, usage, reclaimable)) is not None
    ]


def _room(folder: Path, limit: str, usage: str, reclaimable: str) -> int | None:
    try:
        most = int((folder / limit).read_text())
        used = int((folder / usage).read_text())
        stat = (folder / "memory.stat").read_text().splitlines()
    except (OSError, ValueError):  # no limit ("max"), or no such controller
        return None
    # The page cache counts as used, but is released when memory is needed.
    kept = sum(int(line.split()[1]) for line in stat if line.startswith(f"{reclaimable} "))
    return most - used + kept if most < _UNLIMITED else None
