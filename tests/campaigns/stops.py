"""Stop the program by signals at random moments. It must end soon, without output or orphans, and lose nothing.

SIGTERM, SIGINT and a double SIGINT arrive while the program starts, loads a model, indexes, decodes a hostile file,
searches, scans, or has its window open. SIGINT goes to the whole process group, as Ctrl-C in a terminal does.
"""

import argparse
import os
import random
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import psutil
from conftest import save
from helpers.fakes import picture
from helpers.hostile_files import endless_page, misbehaving_program
from helpers.program import AnyArgument, Program

from campaigns.common import (
    Tally,
    adopting_orphans,
    check_whole,
    family,
    leftovers,
    make_pictures,
    make_program,
    orphans,
    problems_said,
    read_state,
    start,
)

_ENDS_IN_S = 3.0
_GIVES_UP_S = 60.0
_WHOLE_EVERY = 5
"""Number of indexing rounds after which the library is completed, compared, and started anew."""

SIGNALS: dict[str, list[signal.Signals]] = {
    "TERM": [signal.SIGTERM],
    "INT": [signal.SIGINT],
    "INT INT": [signal.SIGINT, signal.SIGINT],
}


@dataclass(frozen=True)
class Act:
    """Activity of the program during which it is stopped."""

    arguments: tuple[AnyArgument, ...]
    seconds: float
    """Time within which the signal is sent, on an idle machine."""
    program: Program
    statuses: frozenset[int] = frozenset({0})
    """Exit statuses allowed if the signal came too late."""
    weight: int = 2


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this campaign to a parser."""
    parser.add_argument(
        "--act", action="append", metavar="NAME", help="what it is stopped at; several are possible (all)"
    )
    parser.add_argument(
        "--limit", type=float, default=_ENDS_IN_S, metavar="S", help="within which it has to end (3)"
    )


def run(options: argparse.Namespace, tally: Tally) -> None:
    """Run the campaign with the requested number of stops."""
    Stops(options.work, options.random, tally, limit=options.limit).go(options.count, options.act or ())


class Stops:
    """Campaign of stops, in one working folder."""

    def __init__(
        self,
        work: Path,
        chance: random.Random,
        tally: Tally,
        *,
        limit: float = _ENDS_IN_S,
        pictures: int = 30,
        pages: int = 16,
    ) -> None:
        """Create the pictures and the programs.

        ``limit`` is the number of seconds from the last signal to the end, on an idle machine.
        """
        self._random, self._tally, self._limit = chance, tally, limit
        self._pictures = make_pictures(work / "pictures", pictures=pictures, pages=pages)
        self._known = {each.pid for each in psutil.Process().children(recursive=True)}
        hostile = self._make_hostile(work / "hostile")
        whole = self._program(work / "whole")
        assert whole.run("add", self._pictures).status == 0
        self._whole = read_state(whole, self._pictures)
        self._indexing = self._program(work / "indexing")
        self._rounds = 0
        misbehaving = self._program(work / "misbehaving")
        misbehaving.entry = misbehaving_program(work)
        misbehaving.environment["IMAGEFINDER_DECODER_SECONDS"] = "600"
        starter = self._program(work / "starter")
        starter.environment["IMAGEFINDER_MODEL"] = "starter"
        few = work / "few"
        save(picture("red"), few / "red.png")
        assert misbehaving.run("add", few).status == 0
        anything = frozenset({0, 1})
        self.acts: dict[str, Act] = {
            "start-up": Act(("status", "--json"), 0.2, whole),
            "help": Act(("--help",), 0.2, whole),
            "doctor": Act(("doctor", "--json", "--no-timing"), 0.4, whole),
            "search": Act(("search", "red", "--json"), 0.25, whole, anything),
            "search by picture": Act(("search", "--image", few / "red.png"), 0.4, whole, anything),
            "search by hostile": Act(("search", "--image", hostile / "a.pdf"), 2.0, misbehaving, anything),
            "index": Act(("add", self._pictures), 0.9, self._indexing, weight=6),
            "rescan": Act(("index",), 0.3, whole),
            "search in": Act(("search", "red", "--in", self._pictures), 0.4, whole, anything),
            "remove": Act(("remove", self._pictures), 0.25, self._indexing, frozenset({0, 2}), weight=1),
            "hostile": Act(("add", hostile), 2.0, misbehaving),
            "load a model": Act(("search", "red"), 0.8, starter, frozenset({0, 1, 2}), weight=1),
            "embed": Act(("add", few), 3.5, starter, weight=1),
            "window": Act(("window",), 2.0, whole, weight=3),
            "window that indexes": Act(("window",), 2.5, self._indexing, weight=2),
        }

    def go(self, count: int, names: list[str] | tuple[str, ...] = ()) -> None:
        """Stop the program ``count`` times, at the named acts or at all of them."""
        chosen = list(names or self.acts)
        weights = [self.acts[name].weight for name in chosen]
        with adopting_orphans():
            for number in range(count):
                (name,) = (
                    self._random.choices(chosen, weights) if not names else [chosen[number % len(chosen)]]
                )
                how = self._random.choice(list(SIGNALS))
                where = f"{number} {name} {how}"
                try:
                    self._stop(where, self.acts[name], name, how)
                except AssertionError as error:
                    self._tally.fail(where, str(error))
                if number % 50 == 49:
                    self._tally.say(f"{number + 1} tries, {len(self._tally.failures)} failures")
            self._complete("the end")

    def _stop(self, where: str, act: Act, name: str, how: str) -> None:
        process = start(act.program, *act.arguments)
        moment = self._random.uniform(0.0, act.seconds)
        where += f" at {moment:.3f} s"
        try:
            said, _ = process.communicate(timeout=moment)
            self._tally.count(f"{name}: was over before")
            self._judge(where, act, process.returncode, said, None)
            return
        except subprocess.TimeoutExpired:
            pass
        for number in SIGNALS[how]:
            began = time.monotonic()
            _send(process, number)
            if number is not SIGNALS[how][-1]:
                time.sleep(self._random.uniform(0.0, 0.3))
        try:
            said, _ = process.communicate(timeout=_GIVES_UP_S)
            seconds = time.monotonic() - began
        except subprocess.TimeoutExpired:
            self._tally.fail(where, f"it goes on for {_GIVES_UP_S:.0f} s")
            for each in family(process.pid):
                each.kill()
            process.communicate()
            return
        self._tally.count(f"{name}: {how}", seconds)
        if seconds > self._limit * _crowding():
            self._tally.fail(where, f"it ended after {seconds:.2f} s: {said.decode(errors='replace')[-200:]}")
        self._judge(where, act, process.returncode, said, SIGNALS[how][0])

    def _judge(self, where: str, act: Act, status: int, said: bytes, by: signal.Signals | None) -> None:
        for line in orphans(self._known):
            self._tally.fail(where, f"a process is left over: {line}")
        text = said.decode(errors="replace")
        allowed = act.statuses | ({130, -int(by)} if by else set())
        problems = problems_said(text)
        if problems and by and "/imagefinder/" not in text:
            # The interpreter was still starting, and none of our code had run.
            self._tally.count("(before the program's first line)")
        elif problems:
            self._tally.fail(where, f"it said: {text[-1500:]}")
        elif status not in allowed:
            self._tally.fail(where, f"status {status}: {text[-300:]}")
        self._look(where, act.program)

    def _look(self, where: str, program: Program) -> None:
        """Check that the library opens, lists no file as unreadable, and is complete after some rounds."""
        if program is self._indexing:
            self._rounds += 1
            if self._rounds % _WHOLE_EVERY == 0:
                self._complete(where)
            return
        if (program.library / "library.db").exists():
            status = program.run("status", "--json")
            assert status.status == 0, f"status ends with {status.status}: {status.err.decode()[-300:]}"
            blamed = [each["path"] for each in status.json["unreadable"]]
            innocent = [path for path in blamed if not path.endswith(("damaged.png", "a.pdf", "hang.tif"))]
            assert not innocent, f"innocent files are blamed: {innocent}"

    def _complete(self, where: str) -> None:
        """Complete the library of the indexing act, compare it with the reference, and delete it."""
        program = self._indexing
        done = program.run("add", self._pictures)
        if done.status != 0:
            self._tally.fail(where, f"the next job ends with {done.status}: {done.err.decode()[-300:]}")
        state = read_state(program, self._pictures)
        for problem in [*check_whole(state, self._whole), *leftovers(program)]:
            self._tally.fail(where, f"in the end: {problem}")
        shutil.rmtree(program.library)

    @staticmethod
    def _program(folder: Path) -> Program:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return make_program(folder)

    @staticmethod
    def _make_hostile(folder: Path) -> Path:
        """Create a page that never ends, a file that hangs its decoder, and two plain pictures."""
        save(picture("red"), folder / "hang.tif")
        save(picture("green"), folder / "green.png")
        save(picture("blue"), folder / "blue.jpg")
        (folder / "a.pdf").write_bytes(endless_page())
        return folder


def _crowding() -> float:
    """Return the number of processes that compete for each processor, at least 1."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def _send(process: "subprocess.Popen[bytes]", number: signal.Signals) -> None:
    if number == signal.SIGINT:
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
    else:
        process.send_signal(number)
