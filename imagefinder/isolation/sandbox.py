"""Confine a decoder process: it may compute, and read the libraries that it needs."""

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
"""The program measures more finely, and knows better why; the system's limit is for when the program cannot."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """Which limits are in force in a decoder process."""

    memory: bool = False
    """The system refuses it more memory than a file may take; elsewhere the program watches, and ends it."""
    network: bool = False
    """It can reach no network."""
    files: bool = False
    """It can open no file of the user's."""
    calls: bool = False
    """System calls that no decoder needs are refused."""


def die_with_parent(parent: int) -> None:
    """End at once when the program ends, even in the midst of a page (Linux; elsewhere by the end of the link)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(0)


def confine(readable: Sequence[str]) -> Confinement:
    """Give up all that decoding does not need, for good; only what lies at or below ``readable`` can be opened."""
    if sys.platform == "win32":
        return Confinement(memory=True)  # by its job object
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_MOST_DESCRIPTORS, _MOST_DESCRIPTORS))
    version = landlock.restrict_to_reading(readable)
    has_no_network = False
    if sys.platform == "linux" and version < 4:
        # Where the system lets everybody have a network of one's own, with nothing in it.
        has_no_network = ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0
    calls = refuse_system_calls()
    return Confinement(
        memory=sys.platform == "linux",
        network=calls or has_no_network or version >= 4,
        files=version > 0,
        calls=calls,
    )


def address_space() -> int:
    """Bytes of memory that this process has or may claim as its own, by the count that the system limits; else 0."""
    if sys.platform != "linux":
        return 0
    with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - nothing else here needs pathlib
        return int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")


def limit_memory(most: int) -> None:
    """Limit this process's address space to so many bytes, where the system can."""
    if sys.platform == "linux":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (most if hard < 0 else min(most, hard), hard))


def limit_seconds(further: float) -> None:
    """Have the system end this process once it has computed so many seconds more, and a few."""
    if sys.platform != "win32":
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        limit = int(time.process_time() + further) + _SECONDS_OF_GRACE
        with contextlib.suppress(ValueError):  # above a limit that was there before
            resource.setrlimit(resource.RLIMIT_CPU, (limit, hard))
