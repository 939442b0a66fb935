"""Start a decoder process: this Python, or this program where it is frozen, with the readers alone."""

import json
import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

FLAG = "--decode-pictures"
"""First argument of a frozen program that is to be a decoder."""

BOOT = """
import json, sys
options = json.loads(sys.argv[1])
sys.path[:] = options["path"]
from imagefinder.isolation.decoder_worker import main
main(options)
"""
"""What the interpreter runs. A test may have it do something else first."""

_SYSTEM = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/dev/null", "/dev/urandom",
    "/sys/devices/system/cpu", "/proc/self/statm", "/usr/share/zoneinfo", "/nix/store",
)  # fmt: skip
_SITES = frozenset({"site-packages", "dist-packages"})


def run_if_decoder(arguments: list[str]) -> None:
    """Be a decoder, and never return, where the program was started as one."""
    if arguments[1:2] == [FLAG]:
        from imagefinder.isolation.decoder_worker import main

        main(json.loads(arguments[2]))


def command(options: dict[str, Any]) -> list[str]:
    """The command line of a decoder process."""
    if hasattr(sys, "frozen"):
        return [sys.executable, FLAG, json.dumps(options)]
    # Isolated, and without site: what a user's environment adds to Python is not for decoders.
    return [sys.executable, "-I", "-S", "-c", BOOT, json.dumps({**options, "path": _search_path()})]


_MALLOC = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**27),
}
"""Have glibc keep the memory of one picture for the next: to be given it anew took longer than many a decoding."""


def environment() -> dict[str, str]:
    """The variables of a decoder process: as ours, with one thread for each library."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **threads, **_MALLOC}


def _search_path() -> list[str]:
    # An empty entry is the folder that the program happens to be in.
    return [entry for entry in sys.path if entry]


@cache
def readable() -> list[str]:
    """Files and folders that a decoder may read: Python, its libraries, and this package."""
    folders = [*_SYSTEM, *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))]
    folders.append(str(Path(sys.base_prefix) / "lib"))
    if bundle := getattr(sys, "_MEIPASS", None):
        folders.append(bundle)
    folders += [entry for entry in _search_path() if Path(entry).name in _SITES]
    # The folder around it may be a project's, with anything in it.
    folders.append(str(Path(__file__).resolve().parents[1]))
    return folders
