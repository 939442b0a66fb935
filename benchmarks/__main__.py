"""Run all benchmarks in sequence: ``python -m benchmarks [--full] [--photos DIR] [--only NAME ...]``.

Each benchmark runs in a separate process and prints a table; ``--list`` lists them. The short form takes less than
five minutes on two idle cores, ``--full`` an hour or more. Without ``--photos`` (a folder of JPEGs) the photographs
are synthetic. Two benchmarks need captioned photographs and are not included here: ``starter_model.py`` and
``relevance.py``.
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
    """A benchmark script in this folder."""

    name: str
    what: str
    short: Sequence[str] | None
    """Arguments of the short form; None if the benchmark only has a full form."""
    full: Sequence[str] = ("--full",)
    takes_photos: bool = False

    def command(self, photos: Path | None, *, is_full: bool) -> list[str] | None:
        """Return the command to run, or None if the benchmark is skipped."""
        arguments = self.full if is_full else self.short
        if arguments is None:
            return None
        words = [sys.executable, str(FOLDER / f"{self.name}.py"), *arguments]
        return [*words, "--photos", str(photos)] if photos and self.takes_photos else words


BENCHMARKS = (
    Benchmark("cold_start", "startup cost of new processes: a query, a rescan, the status", ()),
    Benchmark(
        "decoding",
        "decoding and preprocessing a 12-megapixel photograph in every format",
        (),
        takes_photos=True,
    ),
    Benchmark(
        "indexing",
        "photographs through the whole pipeline, compared with its parts",
        ("--count", "32", "--rounds", "2", "--only", "pipeline"),
        takes_photos=True,
    ),
    Benchmark(
        "under_load",
        "search latency while pictures are indexed",
        ("--seconds", "8", "--queries", "60", "--only", "api"),
        takes_photos=True,
    ),
    Benchmark("memory", "memory growth while indexing many pictures", ("--count", "2000")),
    Benchmark(
        "vector_search", "speed, recall and memory of the vector indexes by size", ("--sizes", "10000")
    ),
    Benchmark("store", "SQLite: inserting, filtering, 200 hits with their details", ("--sizes", "10000")),
    Benchmark("runtimes", "the image tower on PyTorch and OpenVINO", None),
    Benchmark("side_by_side", "comparison with rclip, with the same weights", None, takes_photos=True),
    Benchmark("window", "the window: first paint, scrolling, memory", None, full=()),
)


def main() -> None:
    """Run the selected benchmarks and list those that failed at the end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--full", action="store_true", help="large sizes and many rounds")
    parser.add_argument("--photos", type=Path, help="a folder of JPEGs")
    parser.add_argument("--only", nargs="+", choices=[each.name for each in BENCHMARKS], metavar="NAME")
    parser.add_argument("--list", action="store_true", help="list the benchmarks without running them")
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
        sys.exit(f"Failed: {', '.join(failed)}")


def _run(benchmark: Benchmark, photos: Path | None, *, is_full: bool) -> bool:
    print(f"\n=== {benchmark.name}: {benchmark.what}", flush=True)
    command = benchmark.command(photos, is_full=is_full)
    if command is None:
        print("Skipped: runs only with --full.")
        return True
    begun = time.perf_counter()
    done = subprocess.run(command, check=False)
    print(f"({time.perf_counter() - begun:.0f} s)", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
