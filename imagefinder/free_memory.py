"""Memory that this process may still allocate: the machine's, within control groups and resource limits."""

import errno
import os
import sys
from pathlib import Path

import psutil

_GROUPS = Path("/sys/fs/cgroup")
_UNLIMITED = 2**60
"""Version 1 says a number near 2**63 where there is no limit."""
_NO_THREAD = "can't start new thread"
"""How Python says that the system would not; mostly there is no memory for its stack."""
_FEW = 2**28
"""Bytes with which the libraries may not come up."""


def free_memory() -> int:
    """Bytes that can be taken without anything being swapped out or killed."""
    return max(min(psutil.virtual_memory().available, _room_in_groups(), _room_in_address_space()), 0)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error came of there being no memory, or no thread to be had.

    What is free when it is told may be more than there was.
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
    """Bytes left below the limit of this process alone (Linux; ``ulimit -v``)."""
    if sys.platform != "linux":
        return _UNLIMITED
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_AS)
    if most == resource.RLIM_INFINITY:
        return _UNLIMITED
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    return most - pages * os.sysconf("SC_PAGE_SIZE")


def _room_in_groups(groups: Path = _GROUPS, own: Path = Path("/proc/self/cgroup")) -> int:
    """Bytes left below the tightest limit of the control groups that this process is in (Linux; cgroups(7))."""
    try:
        lines = own.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:  # another system
        return _UNLIMITED
    rooms = [_UNLIMITED]
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if not controllers:
            # Beside version 1, version 2 is mounted in a folder of its own, without the memory controller.
            rooms += _rooms(groups, path, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
            rooms += _rooms(groups / "memory", path, *names)
    return min(rooms)


def _rooms(top: Path, path: str, limit: str, usage: str, reclaimable: str) -> list[int]:
    """The room in a group and in each that it lies in. In a container the path may be seen from outside: then the top
    is the container's own group."""
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
    # What is only kept of files counts as used, and is given back when it is needed.
    kept = sum(int(line.split()[1]) for line in stat if line.startswith(f"{reclaimable} "))
    return most - used + kept if most < _UNLIMITED else None
