"""Code shared by the campaigns on input files: measured runs of the program, and a library's list of files."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from helpers.program import AnyArgument, Program

from campaigns.common import Tally, family, problems_said

_TICK_S = 0.02
_MOST_LINES = 3
"""Greatest number of lines in a refusal."""


@dataclass(frozen=True)
class Run:
    """Measurements and output of one run of the program."""

    code: int | None
    """Exit code; None if the program had to be killed."""
    seconds: float
    cpu: float
    """Processor seconds of all its processes."""
    memory: int
    """Peak memory of all its processes together in bytes, without shared memory."""
    said: str


def measured(program: Program, *arguments: AnyArgument, limit: float, **options: Any) -> Run:
    """Run the program until it exits, or kill it after ``limit`` seconds. ``options`` are passed to Popen."""
    began, memory, cpu = time.monotonic(), 0, {}
    with subprocess.Popen(
        program.command(*arguments),
        **{"env": program.environment, "start_new_session": True, **options},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        said = b""
        while process.poll() is None and time.monotonic() - began < limit:
            now = 0
            for each in family(process.pid):
                with suppress(psutil.Error):
                    taken, times = each.memory_info(), each.cpu_times()
                    now += taken.rss - taken.shared
                    cpu[each.pid] = times.user + times.system
            memory = max(memory, now)
            with suppress(subprocess.TimeoutExpired):
                said, _ = process.communicate(timeout=_TICK_S)
        code = process.poll()
        if code is None:
            for each in family(process.pid):
                with suppress(psutil.Error):
                    each.kill()
            said, _ = process.communicate()
    seconds = time.monotonic() - began
    return Run(code, seconds, sum(cpu.values()), memory, said.decode(errors="replace"))


def judge(run: Run, where: str, tally: Tally, *, codes: tuple[int, ...] = (0, 1)) -> bool:
    """Whether a run ended by itself with one of these codes and with clean output. Records problems in ``tally``."""
    problems = [f"it said: {line}" for line in problems_said(run.said)]
    if run.code is None:
        problems.append(f"it did not end in {run.seconds:.0f} s")
    elif run.code not in codes:
        problems.append(f"it ended with {run.code}: {run.said[-400:]}")
    elif run.code == 2 and len(run.said.strip().splitlines()) > _MOST_LINES:
        problems.append(f"a refusal of many lines: {run.said[:400]}")
    for problem in problems:
        tally.fail(where, problem)
    return not problems


def free_for_decoding() -> int:
    """Return the bytes that decoding may use: half of the available memory."""
    return psutil.virtual_memory().available // 2


@dataclass(frozen=True)
class Listed:
    """Files that a library finds, and the reasons of those that it cannot read."""

    found: set[str]
    reasons: dict[str, str]

    def silent(self, paths: Iterator[Path] | list[Path]) -> list[str]:
        """Return the paths that are neither found nor listed with a reason."""
        return [str(path) for path in paths if str(path) not in self.found | self.reasons.keys()]


def listed(program: Program, good: Path) -> Listed:
    """Return what a library lists. ``good`` is a picture in it, and a search by it finds all items.

    Raises:
        AssertionError: The library cannot be opened or searched.
    """
    status = program.run("status", "--json")
    everything = ("--min-score=-1", "--limit=1000000", "--include-query", "--json")
    hits = program.run("search", "--image", good, *everything)
    assert (status.status, hits.status) == (0, 0), f"{status.errors} {hits.errors}"
    return Listed(
        {hit["path"] for hit in hits.json["hits"]},
        {each["path"]: each["reason"] for each in status.json["unreadable"]},
    )
