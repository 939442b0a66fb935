"""Search latency during indexing: ``python benchmarks/under_load.py [--photos DIR] [--full]``.

Searches for new words at a steady pace, first at rest, then while a folder of photographs is indexed at full speed.
This is measured in one process, with two threads of the Python API, and through the engine process, as in the window.
Each answer is a page of 200 hits. Prints p50 and p99 in milliseconds, and their ratios to those at rest. Uses the
starter model, or another installed model given by ``--model``. The library contains some hundred photographs at the
start. Asserts nothing.
"""

import argparse
import itertools
import os
import queue
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

# As in the program: more BLAS threads would wait for one another during indexing.
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
from material import FILES_A_FOLDER, copies, photographs

from imagefinder.api import ImageFinder
from imagefinder.domain.jobs import JobState, Phase
from imagefinder.domain.queries import Query
from imagefinder.domain.sources import SourceOptions
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.ipc.client.engine_process import EngineProcess
from imagefinder.ipc.messages import (
    AddSources,
    CancelJobs,
    EngineOptions,
    Event,
    Hits,
    JobChanged,
    ModelChanged,
    ModelState,
    Search,
)

_PAUSE_S = 0.03
"""Pause between an answer and the next query."""
_ADJECTIVES = "red small old wet happy wooden broken empty sleeping distant".split()
_THINGS = "dog bicycle kitchen mountain train bridge flower boat child window clock road".split()
_PLACES = "on the beach,in the snow,at night,in a garden,near a river,on a table".split(",")

Ask = Callable[[str], None]
"""Function that searches for words and returns once the answer is there."""


def phrases() -> Iterator[str]:
    """Yield distinct queries without end."""
    for number in itertools.count():
        for adjective, thing, place in itertools.product(_ADJECTIVES, _THINGS, _PLACES):
            yield f"a {adjective} {thing} {place}" + (f" {number}" if number else "")


def latencies(ask: Ask, words: Iterator[str], goes_on: Callable[[int], bool]) -> list[float]:
    """Return the milliseconds of each answer; continue while ``goes_on(number of answers)`` is true."""
    taken: list[float] = []
    while goes_on(len(taken)):
        begun = time.perf_counter()
        ask(next(words))
        taken.append((time.perf_counter() - begun) * 1e3)
        time.sleep(_PAUSE_S)
    return taken


def table(title: str, rest: list[float], load: list[float], photographs_a_second: float) -> None:
    """Print the latencies at rest and while indexing, and their ratios."""
    print(f"\n{title}")
    print(f"{'':<22}{'queries':>9}{'p50 ms':>9}{'p99 ms':>9}{'max ms':>9}")
    for name, taken in (("at rest", rest), ("while indexing", load)):
        p50, p99 = np.percentile(taken, (50, 99))
        print(f"{name:<22}{len(taken):>9}{p50:>9.1f}{p99:>9.1f}{max(taken):>9.1f}")
    ratios = np.percentile(load, (50, 99)) / np.percentile(rest, (50, 99))
    print(
        f"{'ratio':<22}{'':>9}{ratios[0]:>9.1f}{ratios[1]:>9.1f}   at {photographs_a_second:.1f} photographs/s"
    )


def in_one_process(
    library: Path, model: str, before: Path, tree: Path, arguments: argparse.Namespace
) -> None:
    """Measure with two threads of the Python API in one process."""
    with ImageFinder.open(library, model=model) as finder:
        finder.add(before)

        def ask(words: str) -> None:
            finder.query(Query(words, limit=200, include_rest=True))

        words = phrases()
        latencies(ask, words, lambda count: count < 10)  # the first ones load the model and fill the caches
        rest = latencies(ask, words, lambda count: count < arguments.queries)
        token = CancelToken()
        thread = threading.Thread(target=lambda: finder.add(tree, cancel=token))
        begun, had = time.perf_counter(), finder.status().items
        thread.start()
        time.sleep(0.5)  # skip the scan
        load = latencies(
            ask,
            words,
            lambda _: thread.is_alive() and time.perf_counter() - begun < arguments.seconds,
        )
        token.cancel()
        thread.join()
        rate = (finder.status().items - had) / (time.perf_counter() - begun)
        table("One process, two threads", rest, load, rate)


class AskedEngine:
    """An engine process, used through messages as the window does."""

    def __init__(self, library: Path, model: str) -> None:
        self._answers: queue.SimpleQueue[Hits] = queue.SimpleQueue()
        self._ready = threading.Event()
        self._numbers = itertools.count(1)
        self.is_idle = threading.Event()
        self.embedded = 0
        options = EngineOptions(library=library, model=model, index_at_start=False)
        self._run = EngineProcess(options, library.with_suffix(".crash"), self._on_event, lambda _: None)
        self._run.start()
        self._ready.wait()

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Hits):
            self._answers.put(event)
        elif isinstance(event, ModelChanged) and event.state is not ModelState.LOADING:
            self._ready.set()
        elif isinstance(event, JobChanged):
            progress = event.status.progress
            if progress is not None and progress.phase is Phase.EMBEDDING:
                self.embedded = progress.items
            if event.status.report is not None and event.status.state is JobState.IDLE:
                self.is_idle.set()

    def ask(self, words: str) -> None:
        number = next(self._numbers)
        self._run.send(Search(number, 1, Query(words, include_rest=True)))
        while self._answers.get().request_id != number:
            pass

    def index(self, tree: Path) -> None:
        """Start indexing a tree; ``is_idle`` is set when it has finished."""
        self.is_idle.clear()
        self._run.send(AddSources((tree,), SourceOptions(), next(self._numbers)))

    def close(self) -> None:
        self._run.send(CancelJobs())
        self._run.stop(10)


@contextmanager
def engine_process(library: Path, model: str) -> Iterator[AskedEngine]:
    engine = AskedEngine(library, model)
    try:
        yield engine
    finally:
        engine.close()


def over_the_process(
    library: Path, model: str, before: Path, tree: Path, arguments: argparse.Namespace
) -> None:
    """Measure through the engine process, as in the window."""
    with engine_process(library, model) as engine:
        engine.index(before)
        engine.is_idle.wait()
        words = phrases()
        latencies(engine.ask, words, lambda count: count < 10)
        rest = latencies(engine.ask, words, lambda count: count < arguments.queries)
        begun = time.perf_counter()
        engine.index(tree)
        time.sleep(0.5)
        load = latencies(
            engine.ask,
            words,
            lambda _: not engine.is_idle.is_set() and time.perf_counter() - begun < arguments.seconds,
        )
        rate = engine.embedded / (time.perf_counter() - begun)
        table("Through the engine process", rest, load, rate)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--photos", type=Path, help="a folder of JPEGs, instead of synthetic ones of 640 pixels"
    )
    parser.add_argument("--model", default="starter", help="an installed model (default: %(default)s)")
    parser.add_argument("--queries", type=int, default=150, help="number of queries at rest")
    parser.add_argument("--seconds", type=float, default=15, help="duration of searching while indexing")
    parser.add_argument(
        "--full", action="store_true", help="run 600 queries at rest, and 60 seconds of indexing"
    )
    parser.add_argument("--only", choices=("api", "process"), help="measure only this way")
    arguments = parser.parse_args()
    if arguments.full:
        arguments.queries, arguments.seconds = 600, 60.0
    with tempfile.TemporaryDirectory(prefix="imagefinder-bench-") as folder:
        scratch = Path(folder)
        for variable in ("HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"):
            os.environ[variable] = str(scratch / "home" / variable)
        # More photographs than can be indexed in that time.
        count = int(arguments.seconds * 60 * (os.cpu_count() or 1) / 2)
        make = (lambda to, n: copies(to, n, arguments.photos)) if arguments.photos else _made_up
        make(scratch / "tree", FILES_A_FOLDER + count)
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {arguments.model}")
        for name, measure in (("api", in_one_process), ("process", over_the_process)):
            if arguments.only in (None, name):
                measure(
                    scratch / name, arguments.model, scratch / "tree" / "000", scratch / "tree", arguments
                )


def _made_up(folder: Path, number: int) -> list[Path]:
    return photographs(folder, number, 640, None)


if __name__ == "__main__":
    main()
