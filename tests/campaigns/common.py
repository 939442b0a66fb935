"""Code shared by all campaigns: a generated library, the program as a child process, and checks of the final state.

Libraries are checked through the public interface only: ``status --json``, and the answers that
``answers.py`` gets from
the Python API.
"""

import ctypes
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from helpers.fakes import pdf, picture
from helpers.program import AnyArgument, Program
from PIL import Image

from campaigns.answers import asked_about

HERE = Path(__file__).resolve().parent
SMALL_PROGRAM = HERE / "small_program.py"
_ROUNDING = 1e-4
"""Tolerance of a cosine. The stored vectors are the same, but the sums may be computed in another order."""
_PR_SET_CHILD_SUBREAPER = 36
_LAST_ORPHAN_S = 5.0
"""Seconds within which a decoder process must notice that its parent has exited."""
_MAY_STAND_IN_A_LIBRARY = {"library.db", "library.db-wal", "library.db-shm", "lock", "vectors"}
_NEVER_SAID = ("Traceback", "Exception ignored", "Fatal Python", "mistake in imagefinder", "Segmentation")

Answers = Mapping[str, Mapping[str, float]]
"""For each query, the cosine of each hit (path relative to the pictures, and part)."""


@dataclass
class Tally:
    """Counts attempts and failures, and keeps the longest time that each kind of attempt took."""

    say: Callable[[str], object] = lambda _line: None
    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest: dict[str, float] = field(default_factory=dict)
    """Seconds, by kind of attempt."""

    def count(self, what: str, seconds: float = 0.0) -> None:
        """Count one attempt and the seconds that it took to end."""
        self.counts[what] += 1
        self.slowest[what] = max(self.slowest.get(what, 0.0), seconds)

    def fail(self, where: str, problem: str) -> None:
        """Record and print a failure."""
        self.failures.append(f"{where}: {problem}")
        self.say(f"FAIL {where}: {problem}")

    def summary(self) -> str:
        """Return a table with a line for each kind of attempt, and a total."""
        lines = [
            f"{what:<28} {count:>6}"
            + (f"   slowest end {self.slowest[what]:.2f} s" if self.slowest[what] else "")
            for what, count in sorted(self.counts.items())
        ]
        return "\n".join([*lines, f"{sum(self.counts.values())} in all, {len(self.failures)} failures"])


def make_pictures(folder: Path, seed: int = 0, *, pictures: int = 30, pages: int = 16) -> Path:
    """Create a small collection of all kinds: pictures, copies, PDF pages, frames, and one damaged file."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "album").mkdir(exist_ok=True)
    for number in range(pictures):
        colour = ("red", "teal", "olive", "orange")[number % 4]
        kind = "png" if number % 5 == 0 else "jpg"
        picture(colour, 1000 * seed + number, (320, 240)).save(folder / "album" / f"{number:03}.{kind}")
    (folder / "copy of 000.png").write_bytes((folder / "album" / "000.png").read_bytes())
    pdf(folder / "book.pdf", [f"page number{page} of the book" for page in range(pages)])
    (folder / "album" / "the same book.pdf").write_bytes((folder / "book.pdf").read_bytes())
    frames = [picture("purple", 1000 * seed + 900 + number) for number in range(4)]
    frames[0].save(folder / "scan.tiff", save_all=True, append_images=frames[1:])
    (folder / "damaged.png").write_bytes((folder / "album" / "000.png").read_bytes()[:50])
    asked = asked_about(folder)
    asked.mkdir(exist_ok=True)
    for colour in ("red", "navy", "olive"):
        picture(colour, 1000 * seed + 990, (320, 240)).save(asked / f"{colour}.png")
    # A decoder process reads it: only JPEG and PNG can be bounded (isolation/bounded.py).
    Image.new("RGB", (64, 48), "navy").save(folder / "navy.webp")
    return folder


def make_program(folder: Path, *, small: bool = False) -> Program:
    """Return the program with its HOME in ``folder``. With ``small``, it is the variant in ``small_program.py``."""
    program = Program(folder)
    program.environment |= {"QT_QPA_PLATFORM": "offscreen", "IMAGEFINDER_RUNTIME": "torch"}
    if small:
        program.entry = (str(SMALL_PROGRAM),)
    return program


def start(program: Program, *arguments: AnyArgument) -> "subprocess.Popen[bytes]":
    """Start the program as the leader of a process group, as a shell does, with stdout and stderr in one stream."""
    return subprocess.Popen(
        program.command(*arguments),
        env=program.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def family(pid: int) -> list[psutil.Process]:
    """Return a process and all of its descendants."""
    try:
        leader = psutil.Process(pid)
        return [leader, *leader.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@contextmanager
def adopting_orphans() -> Iterator[None]:
    """Make processes that outlive their program children of this one, where ``orphans`` finds them (Linux)."""
    prctl = ctypes.CDLL(None).prctl
    prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(_PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


def orphans(known: set[int]) -> list[str]:
    """Return the command lines of lingering children other than ``known``, and kill these children.

    Children that exit by themselves within a few seconds do not count.
    """
    deadline = time.monotonic() + _LAST_ORPHAN_S
    while left := [each for each in psutil.Process().children(recursive=True) if each.pid not in known]:
        # Exited processes must be waited for, or they would stay in the list.
        _, left = psutil.wait_procs(left, timeout=0.05)
        if time.monotonic() > deadline:
            told = [_command_line(each) for each in left]
            for each in left:
                each.kill()
            psutil.wait_procs(left, timeout=5)
            return told
    return []


def _command_line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())[:120]
    except psutil.Error:
        return f"process {process.pid}"


def problems_said(said: str) -> list[str]:
    """Return the lines of the program's output that no user should ever see."""
    return [line for line in said.splitlines() if any(words in line for words in _NEVER_SAID)]


@dataclass(frozen=True)
class State:
    """Status and answers of a library."""

    status: Mapping[str, Any]
    answers: Answers

    @property
    def model(self) -> str:
        """Name of the model that answered."""
        return str(self.status["model"])


def read_state(program: Program, pictures: Path) -> State:
    """Read everything that the public interface reveals of a library.

    Raises:
        AssertionError: The library cannot be opened or searched.
    """
    small = ["--small"] if program.entry == (str(SMALL_PROGRAM),) else []
    command = [sys.executable, str(HERE / "answers.py"), str(program.library), str(pictures), *small]
    done = subprocess.run(command, env=program.environment, capture_output=True, timeout=120)
    assert done.returncode == 0, f"it cannot be read: {(done.stdout + done.stderr).decode()[-600:]}"
    return State(*map(json.loads, done.stdout.splitlines()))


def check_within(state: State, reference: State) -> list[str]:
    """Return the problems of a library whose job was interrupted. All that it contains must equal the reference."""
    problems = _check_unreadable(state, reference)
    # A library killed before anything was indexed may have no model yet.
    for asked, hits in state.answers.items() if state.status["items"] else ():
        wanted = reference.answers[asked]
        if stray := sorted(hits.keys() - wanted.keys()):
            problems.append(f"{asked} finds {stray[:3]}")
        if off := [hit for hit in hits.keys() & wanted.keys() if abs(hits[hit] - wanted[hit]) > _ROUNDING]:
            told = [f"{hit} {hits[hit]:.5f}, not {wanted[hit]:.5f}" for hit in sorted(off)[:3]]
            problems.append(f"{asked}: {len(off)} other scores: {'; '.join(told)}")
    return problems


def check_whole(state: State, reference: State) -> list[str]:
    """Return the problems of a library that must be complete, compared with one that was never disturbed."""
    problems = check_within(state, reference)
    for asked, hits in state.answers.items():
        if missing := sorted(reference.answers[asked].keys() - hits.keys()):
            problems.append(f"{asked} does not find {missing[:3]}")
    for key in ("items", "model", "changing_to"):
        if state.status[key] != reference.status[key]:
            problems.append(f"{key}: {state.status[key]}, not {reference.status[key]}")
    theirs = {each["path"]: each for each in reference.status["sources"]}
    for source in state.status["sources"]:
        wanted = theirs.get(source["path"], {})
        for key in ("files", "items", "unreadable", "pending", "scan_complete", "offline", "gone"):
            if source[key] != wanted.get(key):
                problems.append(f"{source['path']} has {key}: {source[key]}, not {wanted.get(key)}")
    if len(state.status["sources"]) != len(theirs):
        problems.append(f"{len(state.status['sources'])} sources, not {len(theirs)}")
    if state.status["unreadable"] != reference.status["unreadable"]:
        problems.append(f"unreadable: {state.status['unreadable']}")
    return problems


def _check_unreadable(state: State, reference: State) -> list[str]:
    known = [each["path"] for each in reference.status["unreadable"]]
    return [f"an innocent file: {each}" for each in state.status["unreadable"] if each["path"] not in known]


def leftovers(program: Program) -> list[str]:
    """Return unexpected files in a library's folder after a completed job, and problems reported in the log."""
    names = {path.name for path in program.library.iterdir()} - _MAY_STAND_IN_A_LIBRARY
    logs = sorted(Path(program.environment["HOME"]).rglob("imagefinder.log"))
    complaints = [
        line
        for log in logs
        for line in log.read_text(errors="replace").splitlines()
        if line.endswith("unexpected")
    ]
    return [f"left in the library: {name}" for name in sorted(names)] + [
        f"logged: {line}" for line in complaints
    ]
