"""Every benchmark, one after the other: ``python -m benchmarks [--full] [--photos DIR] [--only NAME ...]``.

Each runs in a process of its own and prints its table; ``--list`` says what there is. The short form takes less than
five minutes on two cores that have nothing else to do, ``--full`` an hour or more. Without ``--photos`` (a folder of
JPEGs) the photographs are made up. Two more need photographs with captions, and are run by themselves:
``starter_model.py`` and ``relevance.py``.
"""

import argparse
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Benchmark:
    """One script of this folder."""

    name: str
    what: str
    short: Sequence[str] | None
    """Arguments that make it short; None where it never is."""
    full: Sequence[str] = ("--full",)
    takes_photos: bool = False

    def command(self, photos: Path | None, *, is_full: bool) -> list[str] | None:
        """The process to run; None where it is left out."""
        arguments = self.full if is_full else self.short
        if arguments is None:
            return None
        words = [sys.executable, str(FOLDER / f"{self.name}.py"), *arguments]
        return [*words, "--photos", str(photos)] if photos and self.takes_photos else words


BENCHMARKS = (
    Benchmark("cold_start", "new processes: a query, a rescan, the status", ()),
    Benchmark("decoding", "twelve megapixels in every format, to a model's input", (), takes_photos=True),
    Benchmark(
        "indexing",
        "photographs through the whole pipeline, beside its parts",
        ("--count", "32", "--rounds", "2", "--only", "pipeline"),
        takes_photos=True,
    ),
    Benchmark(
        "under_load",
        "searching while pictures are indexed",
        ("--seconds", "8", "--queries", "60", "--only", "api"),
        takes_photos=True,
    ),
    Benchmark("memory", "whether indexing many pictures takes more and more", ("--count", "2000")),
    Benchmark("vector_search", "the vector indexes as they grow", ("--sizes", "10000")),
    Benchmark(
        "store", "SQLite: inserting, filtering, 200 hits with all that is told of them", ("--sizes", "10000")
    ),
    Benchmark("runtimes", "PyTorch and OpenVINO for pictures", None),
    Benchmark("side_by_side", "beside rclip, with the same weights", None, takes_photos=True),
    Benchmark("window", "the window: first paint, scrolling, memory", None, full=()),
)


def main() -> None:
    """Run those asked for; what fails is said at the end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="large sizes and many rounds")
    parser.add_argument("--photos", type=Path, help="a folder of JPEGs")
    parser.add_argument("--only", nargs="+", choices=[each.name for each in BENCHMARKS], metavar="NAME")
    parser.add_argument("--list", action="store_true", help="say what there is, and run nothing")
    arguments = parser.parse_args()
    chosen = [each for each in BENCHMARKS if not arguments.only or each.name in arguments.only]
    if arguments.list:
        for each in chosen:
            print(f"{each.name:<16} {each.what}")
        return
    print(
        f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {time.strftime('%F')}"
    )
    failed = [each.name for each in chosen if not _run(each, arguments.photos, is_full=arguments.full)]
    if failed:
        sys.exit(f"These failed: {', '.join(failed)}")


def _run(benchmark: Benchmark, photos: Path | None, *, is_full: bool) -> bool:
    print(f"\n=== {benchmark.name}: {benchmark.what}", flush=True)
    command = benchmark.command(photos, is_full=is_full)
    if command is None:
        print("Left out: it takes long (--full).")
        return True
    begun = time.perf_counter()
    done = subprocess.run(command, check=False)
    print(f"({time.perf_counter() - begun:.0f} s)", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
