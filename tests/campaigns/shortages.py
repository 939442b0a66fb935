"""Deprive the program of disk space, permissions, memory, an intact library, or valid file times.

The program must cope with each attack or refuse in one sentence. Afterwards the same command must find
everything, and no
file may be listed as unreadable. Full disks and mounts need root (Linux).
"""

import argparse
import os
import random
import resource
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from helpers.program import Program

from campaigns.common import State, Tally, check_whole, leftovers, make_pictures, make_program, read_state
from campaigns.inputs import judge, measured

_LIMIT_S = 120.0
_LIMITS = {
    "open files": (resource.RLIMIT_NOFILE, (64, 32, 20)),
    "address space": (resource.RLIMIT_AS, (3 << 30, 1 << 30, 600 << 20, 450 << 20)),
    "file size": (resource.RLIMIT_FSIZE, (10 << 20, 1 << 20, 100_000)),
    "stack": (resource.RLIMIT_STACK, (256 << 10,)),
}
_TIMES = (-1, 0, 2**31, 2**32, -(2**31), 2**33, 2**34 - 1)
ATTACKS = ("limits", "damage", "places", "times", "disks", "mounts")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this campaign to a parser."""
    parser.add_argument("--attack", action="append", choices=ATTACKS, help="may be given several times (all)")


def run(options: argparse.Namespace, tally: Tally) -> None:
    """Run the attacks repeatedly until there have been at least ``count`` runs."""
    shortages = Shortages(options.work, options.random, tally)
    while not tally.counts or sum(tally.counts.values()) < options.count:
        for attack in options.attack or ATTACKS:
            getattr(shortages, attack)()
            tally.say(f"{attack}: {len(tally.failures)} failures")


class Shortages:
    """Campaign of shortages, in one working folder."""

    def __init__(self, work: Path, chance: random.Random, tally: Tally, *, pictures: int = 30) -> None:
        self._work, self._random, self._tally = work, chance, tally
        self._pictures = make_pictures(work / "pictures", pictures=pictures)
        reference = self._fresh("reference")
        assert reference.run("add", self._pictures).status == 0
        self._reference: State = read_state(reference, self._pictures)

    def limits(self) -> None:
        """Run the program under each resource limit of the system."""
        for name, (which, values) in _LIMITS.items():
            for value in values:
                self.limit(name, which, value)

    def limit(self, name: str, which: int, value: int) -> None:
        """Run the program under one resource limit."""
        program = self._fresh("limited")
        where = f"{name} {value}"
        self._try(program, where, preexec_fn=lambda: resource.setrlimit(which, (value, value)))
        self._check(program, where)

    def damage(self) -> None:
        """Damage the library. The program must refuse damage that it cannot repair, and rebuild what it can."""
        sound = self._work / "reference" / "library" / "library.db"
        whole = sound.read_bytes()
        flipped = bytearray(whole)
        for _ in range(300):
            flipped[self._random.randrange(len(flipped))] ^= 1 << self._random.randrange(8)
        for name, file, content in (
            ("an empty database", "library.db", b""),
            ("noise", "library.db", self._random.randbytes(50_000)),
            ("half a database", "library.db", whole[: len(whole) // 2]),
            ("flipped bits", "library.db", bytes(flipped)),
            ("noise as log", "library.db-wal", self._random.randbytes(100_000)),
            ("noise in hand", "in-hand", self._random.randbytes(5001)),
        ):
            program = self._fresh("damaged")
            shutil.copytree(sound.parent, program.library)
            (program.library / file).write_bytes(content)
            self._ask_all(program, name)
        for name in ("in-hand", "lock"):
            program = self._fresh("damaged")
            shutil.copytree(sound.parent, program.library)
            (program.library / name).unlink(missing_ok=True)
            (program.library / name).mkdir()
            self._ask_all(program, f"{name} is a folder")
        program = self._fresh("damaged")
        shutil.copytree(sound.parent, program.library)
        with closing(sqlite3.connect(program.library / "library.db")) as database:
            database.execute("PRAGMA user_version = 99")
        self._ask_all(program, "a newer library")

    def places(self) -> None:
        """Run the program with library paths where no library can be."""
        (self._work / "file").touch()
        loop = self._work / "loop"
        if not loop.is_symlink():
            loop.symlink_to(loop)
        for path in (
            "/dev/null",
            "/proc/x",
            "/proc/x/y",
            self._work / "file" / "x",
            self._work / ("x" * 300),
            loop,
        ):
            program = self._fresh("nowhere")
            program.environment["IMAGEFINDER_LIBRARY"] = str(path)
            self._ask_all(program, f"library {str(path)[-20:]}")

    def times(self) -> None:
        """Index files dated before 1970, far in the future, and at the limits of file times."""
        folder = self._work / "times"
        folder.mkdir(exist_ok=True)
        for number, when in enumerate(_TIMES):
            shutil.copy(self._pictures / "album" / "001.jpg", folder / f"{number}.jpg")
            os.utime(folder / f"{number}.jpg", (when, when))
        program = self._fresh("timed")
        self._try(program, "strange times", "add", folder, codes=(0,))
        items = program.run("status", "--json").json["items"]
        if items != len(_TIMES):
            self._tally.fail("strange times", f"{items} of {len(_TIMES)} are found")

    def disks(self) -> None:
        """Fill the disk of the library, of the thumbnails, and of temporary files."""
        for kind, variable in (
            ("library", "IMAGEFINDER_LIBRARY"),
            ("cache", "XDG_CACHE_HOME"),
            ("temporary", "TMPDIR"),
        ):
            for size in ("64k", "300k", "1m", "2m"):
                program, where = self._fresh("full"), f"{kind} on a disk of {size}"
                with _small_disk(self._work / "disk", size) as disk:
                    place = disk / "library" if kind == "library" else disk
                    program.environment[variable] = str(place)
                    if kind == "library":
                        program.library = place
                    self._try(program, where, codes=(0, 2) if kind == "library" else (0,))
                    if broken := [
                        path for path in disk.rglob("*.jpg") if path.read_bytes()[-2:] != b"\xff\xd9"
                    ]:
                        self._tally.fail(where, f"half-written thumbnails: {broken[:2]}")
                    if kind == "cache" and (scraps := [path for path in disk.rglob(".*") if path.is_file()]):
                        self._tally.fail(where, f"scraps are left: {scraps[:2]}")
                    subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
                    self._check(program, where)

    def mounts(self) -> None:
        """Put the library on a read-only disk, where it must be searchable and refuse changes."""
        program = self._fresh("read only")
        library = self._work / "reference" / "library"
        with _small_disk(self._work / "disk", "200m") as disk:
            shutil.copytree(library, disk / "library")
            subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
            program.environment["IMAGEFINDER_LIBRARY"] = str(disk / "library")
            for words, codes in ((("search", "red"), (0, 1)), (("status",), (0,)), (("index",), (2,))):
                self._try(program, f"read-only {words[0]}", *words, codes=codes)

    # Checking a run.

    def _fresh(self, name: str) -> Program:
        shutil.rmtree(self._work / name, ignore_errors=True)
        (self._work / name).mkdir()
        return make_program(self._work / name)

    def _try(
        self,
        program: Program,
        where: str,
        *arguments: str | Path,
        codes: tuple[int, ...] = (0, 1, 2),
        **options: object,
    ) -> None:
        done = measured(program, *(arguments or ("add", self._pictures)), limit=_LIMIT_S, **options)
        self._tally.count(where, done.seconds)
        judge(done, where, self._tally, codes=codes)

    def _ask_all(self, program: Program, where: str) -> None:
        for words in (("search", "red"), ("add", self._pictures), ("status",), ("index",)):
            self._try(program, f"{where}: {words[0]}", *words)

    def _check(self, program: Program, where: str) -> None:
        """Check that the same command finds everything once the cause is gone."""
        self._try(program, f"{where}, afterwards", codes=(0,))
        problems = check_whole(read_state(program, self._pictures), self._reference)
        for problem in [*problems, *leftovers(program)]:
            self._tally.fail(f"{where}, afterwards", problem)


@contextmanager
def _small_disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
