"""Kill the program at random moments and check that its library is intact.

Each round starts with a new library, kills the program several times (all its processes, or only the leader),
checks the
library, lets the program finish, and compares the library with one that was never killed. Nothing may be
duplicated,
missing, answered differently, or listed as unreadable.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path

import psutil
import pytest
from helpers.hostile_files import forms_within_forms
from helpers.program import AnyArgument, Program
from helpers.x11 import Screen, until, virtual_screen, window_manager

from campaigns.common import (
    State,
    Tally,
    adopting_orphans,
    check_whole,
    check_within,
    family,
    leftovers,
    make_pictures,
    make_program,
    orphans,
    problems_said,
    read_state,
    start,
)

SCENARIOS = ("index", "checkpoint", "model", "remove", "migrate", "window")
_OLD = Path(__file__).resolve().parents[1] / "unit" / "store" / "old"
_TICK_S = 0.002
_MIGRATES_IN_S = 0.1
_WINDOW_ENDS_IN_S = 10.0
_SLOW_PAGES = 8

Moment = Callable[["subprocess.Popen[bytes]"], bool]
"""Waits for the moment to kill a process. Returns False if the process exited first."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this campaign to a parser."""
    parser.add_argument(
        "--scenario",
        action="append",
        choices=SCENARIOS,
        help="what the program is killed at; may be given several times (all)",
    )


def run(options: argparse.Namespace, tally: Tally) -> None:
    """Run the campaign until the requested number of kills."""
    Kills(options.work, options.random, tally).go(options.scenario or SCENARIOS, options.count)


class Kills:
    """Campaign of kills, in one working folder."""

    def __init__(
        self, work: Path, chance: random.Random, tally: Tally, *, pictures: int = 30, pages: int = 16
    ) -> None:
        self._work = work
        self._random = chance
        self._tally = tally
        self._left = 0
        self._pictures = make_pictures(work / "pictures", pictures=pictures, pages=pages)
        self._seconds: dict[str, float] = {}
        """Last duration of each command by scenario and command, updated because the load of the machine varies."""
        self._references: dict[str, tuple[Path, State]] = {}
        self._known = _children()

    def go(self, scenarios: tuple[str, ...] | list[str], count: int) -> None:
        """Run the scenarios in turn until there have been ``count`` kills in all."""
        self._left = count
        number = 0
        with adopting_orphans():
            while self._left > 0:
                scenario = scenarios[number % len(scenarios)]
                where = f"{scenario} {number}"
                before = self._left
                try:
                    getattr(self, f"_{scenario}")(where)
                except (AssertionError, pytest.fail.Exception) as error:
                    self._tally.fail(where, str(error))
                if self._left == before:  # this scenario was too quick to be killed; another may not be
                    self._left -= 1
                number += 1
                self._tally.say(f"{where}: {self._left} kills to go, {len(self._tally.failures)} failures")

    # Scenarios.

    def _index(self, where: str) -> None:
        program = self._fresh("library")
        self._reference("index", program, ("add", self._pictures))
        self._kill_at(program, ("add", self._pictures), where, "index", most=self._random.randint(1, 4))
        self._finish(program, ("add", self._pictures), where, "index")

    def _checkpoint(self, where: str) -> None:
        program = self._fresh("library", small=True)
        self._reference("checkpoint", program, ("add", self._pictures))
        vectors = program.library / "vectors"

        def at_a_file(process: "subprocess.Popen[bytes]") -> bool:
            return self._once(process, lambda: vectors.exists() and any(vectors.iterdir()), 0.4)

        moment = at_a_file if self._random.random() < 0.5 else None
        self._kill_at(
            program,
            ("add", self._pictures),
            where,
            "checkpoint",
            most=self._random.randint(1, 4),
            moment=moment,
        )
        self._finish(program, ("add", self._pictures), where, "checkpoint")

    def _model(self, where: str) -> None:
        program = self._fresh("library", small=True, model=False)
        self._reference(
            "first model", program, ("models", "use", "builtin", "--now"), ("add", self._pictures)
        )
        self._reference("model", program, ("models", "use", "second"), ("index",), begin="first model")
        self._copy("first model", program)
        use: tuple[AnyArgument, ...] = ("models", "use", "second")
        if self._random.random() < 0.5:
            use = (*use, "--drop-old")
        self._kill_at(program, use, where, "model", most=1, command="models use")
        self._succeed(program, use, where)
        self._kill_at(program, ("index",), where, "model", most=self._random.randint(1, 4), command="change")
        self._finish(program, ("index",), where, "model")

    def _remove(self, where: str) -> None:
        program = self._fresh("library")
        album = self._pictures / "album"
        self._reference("both", program, ("add", self._pictures, album))
        self._reference("remove", program, ("remove", self._pictures), begin="both")
        self._copy("both", program)
        self._kill_at(program, ("remove", self._pictures), where, "both", most=2, command="remove")
        done = program.run("remove", self._pictures)
        # If it was killed after the commit, nothing is left to remove.
        if done.status != 0 and b"is not a source" not in done.err:
            self._tally.fail(where, f"remove ends with {done.status}: {done.err.decode()[-300:]}")
        self._finish(program, ("index",), where, "remove")
        self._kill_at(program, ("add", self._pictures), where, "both", most=1, command="add again")
        self._finish(program, ("add", self._pictures), where, "both")

    def _migrate(self, where: str) -> None:
        version = self._random.choice(sorted(_OLD.glob("version_*.sql")))
        name = f"{version.stem} undisturbed"
        if name not in self._references:
            whole = self._stored(version, "reference " + version.stem)
            self._succeed(whole, ("index",), name)
            self._references[name] = whole.library, read_state(whole, self._pictures)
        program = self._stored(version, "library")
        command = self._random.choice([("search", "green", "--json"), ("status", "--json"), ("index",)])
        wal = program.library / "library.db-wal"

        def at_the_beginning(process: "subprocess.Popen[bytes]") -> bool:
            return self._once(process, wal.exists, _MIGRATES_IN_S)

        self._kill_at(program, command, where, name, most=2, moment=at_the_beginning, command="migrate")
        self._finish(program, ("index",), where, name)

    def _window(self, where: str) -> None:
        folder = self._work / "slow"
        if not folder.exists():
            make_pictures(folder, seed=1, pictures=4, pages=4)
            pages = forms_within_forms(depth=7, fan=5, pages=[True] * _SLOW_PAGES)
            (folder / "album" / "slow.pdf").write_bytes(pages)
        program = self._fresh("library")
        self._reference("window", program, ("add", folder), pictures=folder)
        program = self._fresh("library")
        # Add a source without reading any of it, so that the window continues with it.
        with start(program, "add", folder) as first:
            self._once(first, (program.library / "in-hand").exists, 0.1)
            first.kill()
            first.communicate()
        with ExitStack() as servers:
            screen = servers.enter_context(virtual_screen(self._work))
            servers.enter_context(window_manager(screen))
            self._known = _children()
            for _ in range(self._random.randint(2, 4)):
                self._end_a_window(screen, program, where, folder)
        self._finish(program, ("add", folder), where, "window", folder)

    def _end_a_window(self, screen: Screen, program: Program, where: str, folder: Path) -> None:
        """Open the window, which continues indexing, and end it meanwhile."""
        act = self._random.choice(("close", "close", "kill all", "kill window", "kill engine"))
        program.environment |= {"DISPLAY": screen.environment["DISPLAY"], "QT_QPA_PLATFORM": "xcb"}
        process = start(program, "window")
        try:
            window = next(iter(until(lambda: screen.windows(process.pid), "the window appears")))
            time.sleep(self._random.uniform(0.2, 3.0))
            if act == "kill engine":
                _kill_engine(process)
                time.sleep(self._random.uniform(0.1, 1.0))
            began = time.monotonic()
            if act in ("kill all", "kill window"):
                _kill(process, all_of_it=act == "kill all")
            else:
                screen.press(window, "alt+F4")
                with suppress(subprocess.TimeoutExpired):
                    process.wait(_WINDOW_ENDS_IN_S)
                if process.poll() is None:
                    # A window that was just mapped may not be managed yet, so that the key press is lost.
                    self._tally.count("(a key pressed again)")
                    screen.press(window, "alt+F4")
            said, _ = process.communicate(timeout=_WINDOW_ENDS_IN_S)
        except subprocess.TimeoutExpired:
            self._tally.fail(where, f"after {act} the window is there for {_WINDOW_ENDS_IN_S:.0f} s")
            return
        finally:
            _kill(process, all_of_it=True)
            process.communicate()
        self._look_after(said, where, f"window: {act}", began)
        if act in ("close", "kill engine") and process.returncode != 0:
            self._tally.fail(where, f"after {act} the window ended with {process.returncode}")
        self._left -= 1
        self._check(program, where, "window", folder)

    # Killing.

    def _kill_at(
        self,
        program: Program,
        arguments: tuple[AnyArgument, ...],
        where: str,
        reference: str,
        *,
        most: int,
        moment: Moment | None = None,
        command: str = "",
    ) -> None:
        """Start a command and kill it, up to ``most`` times or until it completes first."""
        what = command or reference
        for _ in range(most):
            if self._left <= 0:
                return
            process = start(program, *arguments)
            began = time.monotonic()
            is_met = moment(process) if moment else self._sometime(process, what)
            if not is_met:
                said, _ = process.communicate()
                self._seconds[what] = time.monotonic() - began
                self._look_after(said, where, "", began)
                # If it was killed after the commit of a removal, nothing is left to remove.
                if process.returncode not in (0, 1) and b"is not a source" not in said:
                    self._tally.fail(where, f"{what} ends with {process.returncode}: {said.decode()[-300:]}")
                return
            began = time.monotonic()
            _kill(process, all_of_it=self._random.random() < 0.5)
            said, _ = process.communicate()
            self._look_after(said, where, what, began)
            self._left -= 1
            self._check(program, where, reference)

    def _sometime(self, process: "subprocess.Popen[bytes]", what: str) -> bool:
        usual = self._seconds.setdefault(what, 1.0)
        self._seconds[what] = min(usual * 1.05, 30.0)
        return self._once(process, lambda: True, usual * 1.1)

    def _once(self, process: "subprocess.Popen[bytes]", is_time: Callable[[], bool], spread: float) -> bool:
        """Wait for a condition, then up to ``spread`` seconds more at random.

        Returns whether the process is still running.
        """
        while not is_time():
            if process.poll() is not None:
                return False
            time.sleep(_TICK_S)
        with suppress(subprocess.TimeoutExpired):
            process.wait(self._random.uniform(0.01, spread))
        return process.poll() is None

    # Checking the library.

    def _look_after(self, said: bytes, where: str, what: str, began: float) -> None:
        for line in orphans(self._known):
            self._tally.fail(where, f"a process is left over: {line}")
        if what:
            self._tally.count(what, time.monotonic() - began)
        for line in problems_said(said.decode(errors="replace")):
            self._tally.fail(where, f"it said: {line}")

    def _check(self, program: Program, where: str, reference: str, pictures: Path | None = None) -> None:
        if not (program.library / "library.db").exists():  # killed before it was created
            return
        state = read_state(program, pictures or self._pictures)
        allowed = self._references[reference][1]
        if reference == "model" and state.model != allowed.model:
            allowed = self._references["first model"][1]
        if problems := check_within(state, allowed):
            self._keep(program, where)
        for problem in problems:
            self._tally.fail(where, problem)

    def _keep(self, program: Program, where: str) -> None:
        """Keep a copy of a library that has a problem, for investigation."""
        shutil.copytree(program.library, self._work / f"failed {where}", dirs_exist_ok=True)

    def _finish(
        self,
        program: Program,
        arguments: tuple[AnyArgument, ...],
        where: str,
        reference: str,
        pictures: Path | None = None,
    ) -> None:
        self._succeed(program, arguments, where)
        state = read_state(program, pictures or self._pictures)
        problems = [*check_whole(state, self._references[reference][1]), *leftovers(program)]
        if problems:
            self._keep(program, f"{where} in the end")
        for problem in problems:
            self._tally.fail(where, f"in the end: {problem}")

    def _succeed(self, program: Program, arguments: tuple[AnyArgument, ...], where: str) -> None:
        done = program.run(*arguments)
        if done.status != 0:
            said = (done.out + done.err).decode(errors="replace")[-300:]
            self._tally.fail(where, f"{arguments[0]!r} ends with {done.status}: {said}")

    # Libraries.

    def _fresh(self, name: str, *, small: bool = False, model: bool = True) -> Program:
        """Return the program with a library that does not exist yet.

        Without ``model``, the library determines the model.
        """
        folder = self._work / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        program = make_program(folder, small=small)
        if not model:
            del program.environment["IMAGEFINDER_MODEL"]
        return program

    def _reference(
        self,
        name: str,
        like: Program,
        *commands: tuple[AnyArgument, ...],
        begin: str = "",
        pictures: Path | None = None,
    ) -> None:
        """Create a reference library by commands that are not killed, unless it exists, and store its state by name."""
        if name in self._references:
            return
        program = self._fresh(f"reference {name}")
        program.entry = like.entry
        program.environment = like.environment | {
            key: program.environment[key] for key in ("HOME", "IMAGEFINDER_LIBRARY")
        }
        if begin:
            shutil.copytree(self._references[begin][0], program.library)
        for arguments in commands:
            began = time.monotonic()
            done = program.run(*arguments)
            self._seconds.setdefault(name, time.monotonic() - began)
            assert done.status == 0, (
                f"the undisturbed run ends with {done.status}: {done.err.decode()[-300:]}"
            )
        self._references[name] = program.library, read_state(program, pictures or self._pictures)

    def _copy(self, reference: str, program: Program) -> None:
        shutil.copytree(self._references[reference][0], program.library)

    def _stored(self, version: Path, name: str) -> Program:
        """Return the program with a library written by an earlier version."""
        program = self._fresh(name, small=True, model=False)
        program.library.mkdir(mode=0o700)
        with closing(sqlite3.connect(program.library / "library.db")) as database:
            database.executescript(version.read_text("utf-8"))
        return program


def _children() -> set[int]:
    return {each.pid for each in psutil.Process().children(recursive=True)}


def _kill_engine(window: "subprocess.Popen[bytes]") -> None:
    for each in family(window.pid):
        with suppress(psutil.Error):
            if "spawn_main" in " ".join(each.cmdline()):
                each.kill()


def _kill(process: "subprocess.Popen[bytes]", *, all_of_it: bool) -> None:
    """Kill a process alone, or with its process group and all its descendants."""
    if not all_of_it:
        process.kill()
        return
    members = family(process.pid)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    for each in members:
        with suppress(psutil.Error):
            each.kill()
