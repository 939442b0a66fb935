"""Measurement of whole processes, and running functions in a separate process."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import IO, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True)
class Spent:
    """Resources used and output written by one process, from start to exit."""

    wall: float
    """Elapsed seconds."""
    cpu: float
    """Processor seconds, user and system."""
    peak_mb: float
    """Peak resident memory in MB: of the process or of its largest child, whichever is larger, not the sum."""
    said: str = ""
    """Standard output."""
    complained: str = ""
    """Standard error."""


def spend(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> Spent:
    """Run a program in ``folder`` and measure it.

    On Linux, a child's peak memory is at least that of the calling process, so the caller must stay small: do
    memory-hungry work through ``apart``.

    Raises:
        RuntimeError: The program failed; the message contains the end of its standard error.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = perf_counter()
        process = subprocess.Popen(
            [str(word) for word in command], cwd=folder, env=dict(environment), stdout=out, stderr=err
        )
        _, status, usage = os.wait4(process.pid, 0)
        wall = perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        said, complained = _text(out), _text(err)
    if process.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))} failed:\n{complained[-2000:]}")
    peak = usage.ru_maxrss / 1e6 if sys.platform == "darwin" else usage.ru_maxrss / 1e3
    return Spent(wall, usage.ru_utime + usage.ru_stime, peak, said, complained)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")


def apart(
    environment: Mapping[str, str], work: Callable[_P, _R], *arguments: _P.args, **named: _P.kwargs
) -> _R:
    """Call ``work``, a module-level function, in a new process and return its result."""
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=_set, initargs=(dict(environment),)
    ) as pool:
        return pool.submit(work, *arguments, **named).result()


def _set(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
