"""Sandbox of a decoder process, which may only compute and read the libraries that it needs."""

import contextlib
import ctypes
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

from imagefinder.isolation import landlock
from imagefinder.isolation.seccomp import refuse_system_calls

_PR_SET_PDEATHSIG, _SIGKILL = 1, 9
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_MOST_DESCRIPTORS = 64
_SECONDS_OF_GRACE = 3
"""Seconds added to the system's limit of processor time.

The main process measures more precisely and knows the cause. The system's limit applies only if the main process cannot
act.
"""


@dataclass(frozen=True, slots=True)
class Confinement:
    """Restrictions in force in a decoder process."""

    memory: bool = False
    """Whether the system enforces the memory limit. If not, the main process watches memory and ends the decoder."""
    network: bool = False
    """Whether the network is inaccessible."""
    files: bool = False
    """Whether the user's files cannot be opened."""
    calls: bool = False
    """Whether system calls that decoders do not need are refused."""


def die_with_parent(parent: int) -> None:
    """Make the system end this process at once when the main process ends, even during decoding (Linux only).

    Elsewhere the process exits when its link is closed.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)


def confine(readable: Sequence[str]) -> Confinement:
    """Permanently drop all rights that decoding does not need; files can be opened only at or below ``readable``."""
    if sys.platform == "win32":
        return Confinement(memory=True)  # enforced by the job object
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_DESCRIPTORS, _MOST_DESCRIPTORS))
    version = landlock.restrict_to_reading(readable)
    has_no_network = False
    if sys.platform == "linux" and version < 4:
        # An empty network namespace, if the system allows unprivileged ones.
        has_no_network = ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0
    calls = refuse_system_calls()
    return Confinement(
        memory=sys.platform == "linux",
        network=calls or has_no_network or version >= 4,
        files=version > 0,
        calls=calls,
    )


def address_space() -> int:
    """Return this process's address space in bytes, as limited by ``RLIMIT_AS``; 0 on systems other than Linux."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - avoids importing pathlib
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def limit_memory(most: int) -> None:
    """Limit this process's address space to ``most`` bytes (Linux only)."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))


def limit_seconds(further: float) -> None:
    """Make the system end this process after ``further`` seconds of processor time and a short grace period."""
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        limit = int(time.process_time() + further) + _SECONDS_OF_GRACE
        with contextlib.suppress(ValueError):  # above a hard limit set before
            resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
