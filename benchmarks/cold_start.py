"""Cost of a new process: short commands, a first query, and a rescan of unchanged files.

Each row measures a whole process, from start to exit, on a library of 1,000 synthetic pictures with the starter
model. The figures are medians of several rounds; the commands alternate, so that other load on the machine affects
all of them alike. Bare Python and ``import numpy`` come first as lower bounds for every command that searches.
Bytecode is cached, as after an installation with pip; ``PYTHONDONTWRITEBYTECODE`` would make every process compile all
modules of a checkout again.

The rescan runs ``imagefinder index`` on trees of unchanged tiny files. Its cost per file is the difference to the
rescan of 1,000 files.

    python benchmarks/cold_start.py            5 rounds, 20,000 files, about two minutes
    python benchmarks/cold_start.py --full     15 rounds, also 100,000 files
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from imagefinder_peer import ROOT, home_environment
from material import tiny_files
from peer_material import fill_library, rows_of
from processes import Spent, apart, spend

_MODEL = "starter"
_FEW = 1_000
_COMMANDS = {
    "python -c pass": ("-c", "pass"),
    "import numpy": ("-c", "import numpy"),
    "--version": ("-m", "imagefinder", "--version"),
    "--help": ("-m", "imagefinder", "--help"),
    "status --json": ("-m", "imagefinder", "status", "--json"),
    "models list --json": ("-m", "imagefinder", "models", "list", "--json"),
    "search --json WORDS": ("-m", "imagefinder", "search", "--json", "--all", "a", "red", "square"),
    "index": ("-m", "imagefinder", "index"),
}


class Bench:
    """A home folder and the libraries that the measured processes use."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._environment = home_environment(scratch / "home")

    def make(self, count: int) -> None:
        """Create a tree of ``count`` files and a library that has indexed them."""
        tree, rows = self._scratch / f"tree{count}", self._scratch / f"rows{count}.npz"
        tiny_files(tree, count)
        apart(self._environment, rows_of, rows, tree)
        apart(self._environment, fill_library, self._library(count), _MODEL, tree, rows)

    def run(self, words: Sequence[str], count: int = _FEW) -> Spent:
        """Run and measure one process on the library of ``count`` files."""
        environment = {**self._environment, "IMAGEFINDER_LIBRARY": str(self._library(count))}
        return spend([sys.executable, *words], ROOT, environment)

    def _library(self, count: int) -> Path:
        return self._scratch / f"library{count}"


def main() -> None:
    """Measure and print both tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--full", action="store_true", help="run more rounds, and add a tree of 100,000 files"
    )
    parser.add_argument(
        "--scratch", type=Path, help="folder for a temporary working folder (default: the system's)"
    )
    arguments = parser.parse_args()
    rounds, sizes = (15, (20_000, 100_000)) if arguments.full else (5, (20_000,))
    with tempfile.TemporaryDirectory(dir=arguments.scratch) as scratch:
        bench = Bench(Path(scratch))
        for count in (_FEW, *sizes):
            bench.make(count)
        _commands(bench, rounds)
        _rescans(bench, sizes, rounds)


def _commands(bench: Bench, rounds: int) -> None:
    for words in _COMMANDS.values():
        bench.run(words)  # writes the bytecode cache
    spent: dict[str, list[Spent]] = {name: [] for name in _COMMANDS}
    for _ in range(rounds):
        for name, words in _COMMANDS.items():
            spent[name].append(bench.run(words))
    print(f"{'process':<24}{'wall, ms':>10}{'CPU, ms':>10}")
    for name, each in spent.items():
        print(f"{name:<24}{_wall(each) * 1e3:>10.0f}{_cpu(each) * 1e3:>10.0f}")


def _rescans(bench: Bench, sizes: Sequence[int], rounds: int) -> None:
    words = _COMMANDS["index"]
    spent: dict[int, list[Spent]] = {count: [] for count in (_FEW, *sizes)}
    for _ in range(rounds):
        for count, each in spent.items():
            each.append(bench.run(words, count))
    for each in spent.values():
        assert all(" unchanged - " in run.complained for run in each), each[0].complained
    print(f"\n{'unchanged files':>15}{'wall, s':>10}{'CPU, s':>10}{'CPU, us/file':>14}")
    few = _cpu(spent[_FEW])
    for count in sizes:
        each = spent[count]
        a_file = (_cpu(each) - few) / (count - _FEW) * 1e6
        print(f"{count:>15,}{_wall(each):>10.2f}{_cpu(each):>10.2f}{a_file:>14.1f}")


def _wall(spent: Sequence[Spent]) -> float:
    return median(run.wall for run in spent)


def _cpu(spent: Sequence[Spent]) -> float:
    return median(run.cpu for run in spent)


if __name__ == "__main__":
    main()
