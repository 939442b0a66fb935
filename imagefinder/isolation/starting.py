"""Command line and environment of a decoder process.

A decoder runs the same Python interpreter, or the frozen program, and imports only the readers.
"""

import json
import os
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

FLAG = "--decode-pictures"
"""First argument that makes a frozen program run as a decoder."""

BOOT = """
import json, sys
options = json.loads(sys.argv[1])
sys.path[:] = options["path"]
from imagefinder.isolation.decoder_worker import main
main(options)
"""
"""Code that the interpreter runs. Tests may replace it."""

_SYSTEM = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/dev/null", "/dev/urandom",
    "/sys/devices/system/cpu", "/proc/self/statm", "/usr/share/zoneinfo", "/nix/store",
)  # fmt: skip
_SITES = frozenset({"site-packages", "dist-packages"})


def run_if_decoder(arguments: list[str]) -> None:
    """Run as a decoder process, without returning, if the arguments say so."""
    if arguments[1:2] == [FLAG]:
        from imagefinder.isolation.decoder_worker import main

        main(json.loads(arguments[2]))


def command(options: dict[str, Any]) -> list[str]:
    """Return the command line of a decoder process."""
    if hasattr(sys, "frozen"):
        return [sys.executable, FLAG, json.dumps(options)]
    # Isolated mode without site keeps the user's additions to Python out of decoders.
    return [sys.executable, "-I", "-S", "-c", BOOT, json.dumps({**options, "path": _search_path()})]


_MALLOC = {
    "MALLOC_ARENA_MAX": "1",
    "MALLOC_MMAP_THRESHOLD_": str(2**25),
    "MALLOC_TRIM_THRESHOLD_": str(2**27),
}
"""Settings that make glibc keep freed memory for the next picture. Allocating it again took longer than decoding many
a picture."""


def environment() -> dict[str, str]:
    """Return the environment of a decoder process: this process's, with numeric libraries limited to one thread."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return {**os.environ, **threads, **_MALLOC}


def _search_path() -> list[str]:
    # An empty entry means the current directory.
    return [entry for entry in sys.path if entry]


@cache
def readable() -> list[str]:
    """Return the files and folders that a decoder may read: Python, its libraries, and this package."""
    folders = [*_SYSTEM, *(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib"))]
    folders.append(str(Path(sys.base_prefix) / "lib"))
    if bundle := getattr(sys, "_MEIPASS", None):
        folders.append(bundle)
    folders += [entry for entry in _search_path() if Path(entry).name in _SITES]
    # Only the package itself, because the folder that contains it may also contain the user's files.
    folders.append(str(Path(__file__).resolve().parents[1]))
    return folders
