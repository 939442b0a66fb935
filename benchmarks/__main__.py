"""Every benchmark, one after the other: ``python -m benchmarks [--full] [--photos DIR] [--only NAME ...]``.

Each runs in a process of its own and prints its table; ``python -m benchmarks --list`` says what there is. The short
form takes less than five minutes on two cores, ``--full`` an hour or more. Without ``--photos`` (a folder of JPEGs) the
photographs are made up, and what needs real ones is left out.
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
    short: Sequence[str] = ()
    """Arguments that make it short."""
    full: Sequence[str] | None = ()
    """Those of ``--full``."""
    takes_photos: bool = False
    needs_photos: bool = False

    def command(self, photos: Path | None, *, is_full: bool) -> list[str]:
        """The process to run."""
        words = [sys.executable, str(FOLDER / f"{self.name}.py"), *((self.full or ()) if is_full else self.short)]
        return [*words, "--photos", str(photos)] if photos and self.takes_photos else words


BENCHMARKS: tuple[Benchmark, ...] = ()


def main() -> None:
    """Run those asked for; what fails is said at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
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
    print(f"{platform.platform()}, {os.cpu_count()} cores, Python {platform.python_version()}, {time.strftime('%F')}")
    failed = [each.name for each in chosen if not _run(each, arguments.photos, is_full=arguments.full)]
    if failed:
        sys.exit(f"These failed: {', '.join(failed)}")


def _run(benchmark: Benchmark, photos: Path | None, *, is_full: bool) -> bool:
    print(f"\n=== {benchmark.name}: {benchmark.what}", flush=True)
    if benchmark.needs_photos and photos is None:
        print("Left out: it needs --photos.")
        return True
    begun = time.perf_counter()
    done = subprocess.run(benchmark.command(photos, is_full=is_full), check=False)
    print(f"({time.perf_counter() - begun:.0f} s)", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    main()
