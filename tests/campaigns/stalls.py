"""Search while hostile files are decoded, and decode many large pictures at once with little free memory.

Searches run in the indexing process, as in the window's engine, and in other processes, as on the command
line. None may
wait longer than a second for the decoding. The memory used by all decoding must stay within what was free.
"""

import argparse
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from helpers.fakes import picture
from helpers.hostile_files import endless_page, forms_within_forms, many_scans

from campaigns.common import Tally, family, make_program, start
from campaigns.hostile import png
from imagefinder import ImageFinder

_LONGEST_S = 1.0
_BESIDE = 200 * 2**20
"""Bytes that the program uses in addition to the pictures."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this campaign to a parser."""
    parser.add_argument("--free", type=int, default=3000, metavar="MB", help="memory that seems free (3000)")
    parser.add_argument("--side", type=int, default=9000, metavar="PIXELS", help="of each picture (9000)")


def run(options: argparse.Namespace, tally: Tally) -> None:
    """Search ``count`` times in each way, then decode eight pictures at once."""
    make_hostile(options.work / "hostile")
    search_within(options.work, options.count, tally)
    search_beside(options.work, options.count, tally)
    memory_race(options.work, tally, free=options.free << 20, side=options.side, count=8)


def make_hostile(folder: Path) -> Path:
    """Create files that take as long as they are allowed to, in decoder processes and in the main process."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "laughs.pdf").write_bytes(forms_within_forms(24, 4))
    (folder / "endless.pdf").write_bytes(endless_page())
    (folder / "scans.jpg").write_bytes(many_scans(2000, 60_000))
    (folder / "bounded.png").write_bytes(png(10_000, 10_000, 0))
    return folder


def search_within(work: Path, count: int, tally: Tally) -> None:
    """Search up to ``count`` times from the indexing process while it indexes."""
    with _library(work / "within") as finder:
        waited, done = threading.Event(), threading.Event()

        def index() -> None:
            waited.set()
            finder.add(work / "hostile")
            done.set()

        thread = threading.Thread(target=index, daemon=True)
        thread.start()
        waited.wait()
        _searches(lambda: finder.search("red"), count, done.is_set, "search in Python", tally)


def search_beside(work: Path, count: int, tally: Tally) -> None:
    """Search on the command line while another process indexes."""
    _library(work / "beside").close()
    program = make_program(work / "beside")
    usual = time.monotonic()
    program.run("search", "red")
    usual = time.monotonic() - usual
    with start(program, "add", work / "hostile") as process:

        def search() -> None:
            if program.run("search", "red").status not in (0, 1):
                tally.fail("search on the command line", "it does not answer")

        _searches(
            search, count, lambda: process.poll() is not None, "search on the command line", tally, usual
        )
        process.terminate()
        process.communicate()


def _searches(
    search: Callable[[], object],
    count: int,
    is_over: Callable[[], bool],
    what: str,
    tally: Tally,
    usual: float = 0.0,
) -> None:
    for _ in range(count):
        began = time.monotonic()
        # Waking up takes the interpreter's lock, too.
        time.sleep(0.05)
        search()
        took = time.monotonic() - began
        tally.count(what, took)
        if took - usual > _LONGEST_S:
            tally.fail(what, f"it waited {took:.1f} s")
        if is_over():
            return


def memory_race(work: Path, tally: Tally, *, free: int, side: int, count: int) -> None:
    """Decode pictures at once in a process that sees little free memory.

    The process sees ``free`` bytes, less what it has allocated since.
    """
    folder = work / "large"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    data = png(side, side, 2)
    for number in range(count):
        # The same picture, but another content hash.
        (folder / f"{number}.png").write_bytes(data + bytes([number]))
    real, base, most, is_over = psutil.virtual_memory, _taken(), [0], threading.Event()

    class Little:
        """Imitation of psutil's report on the machine's memory."""

        def __init__(self) -> None:
            self.available = max(0, free - (_taken() - base))
            self.total = real().total

    def watch() -> None:
        while not is_over.wait(0.01):
            most[0] = max(most[0], _taken() - base)

    watcher = threading.Thread(target=watch)
    watcher.start()
    psutil.virtual_memory = Little  # type: ignore[assignment]
    try:
        with ImageFinder.open(work / "race", model="builtin") as finder:
            began = time.monotonic()
            finder.add(folder)
            tally.count("large pictures at once", time.monotonic() - began)
            reasons = {each.reason for each in finder.status().unreadable}
    finally:
        psutil.virtual_memory = real
        is_over.set()
        watcher.join()
    if most[0] > free + _BESIDE:
        tally.fail("large pictures at once", f"they took {most[0] >> 20} MB of {free >> 20}")
    if any("memory" not in reason for reason in reasons):
        tally.fail("large pictures at once", f"{reasons}")


def _taken() -> int:
    total = 0
    for each in family(psutil.Process().pid):
        try:
            found = each.memory_info()
        except psutil.Error:
            continue
        total += found.rss - found.shared
    return total


def _library(folder: Path) -> ImageFinder:
    shutil.rmtree(folder, ignore_errors=True)
    pictures = folder / "pictures"
    pictures.mkdir(parents=True)
    for number in range(20):
        picture("red", number).save(pictures / f"{number}.png")
    finder = ImageFinder.open(folder / "library", model="builtin")
    finder.add(pictures)
    finder.search("red")
    return finder
