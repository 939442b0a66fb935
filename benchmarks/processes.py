"""Whole processes and what they cost, and work that is done in a process of its own, for ``side_by_side.py``."""

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
    """What a process took, from its start to its end."""

    wall: float
    """Seconds."""
    cpu: float
    """Seconds of processor time, the system's for it included."""
    peak_mb: float
    """The most memory that was resident at a time, MB. Of processes that it started, the largest alone counts."""
    said: str = ""
    """What it wrote to standard output."""
    complained: str = ""
    """What it wrote to standard error."""


def spend(command: Sequence[str | Path], folder: Path, environment: Mapping[str, str]) -> Spent:
    """Run a program in ``folder``.

    On Linux, what this very process has had resident counts as a started one's at least, so it must stay small:
    see ``apart``.

    Raises:
        RuntimeError: it failed; the message has what it said.
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
    """Do ``work``, a function of a module, in a process of its own, and give what it returns."""
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=_set, initargs=(dict(environment),)
    ) as pool:
        return pool.submit(work, *arguments, **named).result()


def _set(environment: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
