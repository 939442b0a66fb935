"""Responsiveness of the window: ``python benchmarks/window.py [--photos DIR] [--only PART,...] [--explain]``.

start     Time from the start of the process to a painted window, and to words answered by the model; on Qt's
          offscreen platform, and on an X server if Xvfb is installed. Medians.
loop      How long an event that arrives at a random moment waits while 2,000 pictures are indexed and 50 queries are
          typed key by key. ``own`` excludes the time in which the window's thread was runnable but the kernel ran
          other threads. ``bare window`` is an empty Qt window, measured during the same seconds. Also the latency of
          searches from sending the request to painted hits, and the memory of both processes.
scroll    Frames per second over 100,000 results with thumbnails on disk, drawn by Qt's raster engine. Counts the
          frames that were painted after the scroll bar moved. ``stale pixels`` is the share of the results' pixels
          on the screen that differ from a fresh render afterwards.
close     Time from closing the window during indexing to the end of both processes.
import    Cost of importing the window.

The model is a ViT-B-32 for 256 pixels with random weights, which costs as much as a trained one. All data is created
in a temporary folder. Prints tables, asserts nothing. ``--explain`` reports what the window did whenever its event
loop was late, and which events took long; this slows the window down itself.
"""

import argparse
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from material import copies, photographs, random_checkpoint
from window_material import thumbnails

ROOT = Path(__file__).resolve().parents[1]
RUN = Path(__file__).with_name("window_run.py")
PARTS = ("import", "start", "loop", "scroll", "close")


def row(*cells: object) -> None:
    print(f"{cells[0]!s:<36}" + "".join(f"{cell!s:>14}" for cell in cells[1:]), flush=True)


class Desk:
    """Runner of successive window processes, each with a home folder."""

    def __init__(self, scratch: Path, model: str, *, explains: bool) -> None:
        self.scratch, self.model, self.explains = scratch, model, explains
        self._count = 0

    def environment(self, home: Path, platform: str, display: str = "") -> dict[str, str]:
        kept = ("PATH", "LANG", "LC_ALL", "OMP_WAIT_POLICY", "VIRTUAL_ENV")
        made = {name: os.environ[name] for name in kept if name in os.environ}
        made |= {"HOME": str(home), "QT_QPA_PLATFORM": platform, "HF_HUB_OFFLINE": "1"}
        made |= {"XDG_DATA_HOME": str(self.scratch / "data"), "XDG_RUNTIME_DIR": str(home)}
        return made | ({"DISPLAY": display} if display else {})

    def run(
        self,
        scenario: str,
        *extra: object,
        platform: str = "offscreen",
        display: str = "",
        home: Path | None = None,
    ) -> dict[str, Any]:
        """Run one scenario in a new home folder, or in ``home``; return the measurements."""
        self._count += 1
        home = home or self.scratch / f"home{self._count}"
        home.mkdir(mode=0o700, exist_ok=True)
        answer = self.scratch / f"answer{self._count}.json"
        command = [sys.executable, str(RUN), scenario, str(answer), *map(str, extra)]
        command += ["--explain"] if self.explains else []
        command += ["--", "--library", str(home / "library"), "--model", self.model]
        environment = self.environment(home, platform, display) | {"BENCHMARK_BEGAN": str(time.monotonic())}
        done = subprocess.run(command, env=environment, stderr=subprocess.PIPE, text=True)
        told = [line for line in done.stderr.splitlines(keepends=True) if "propagateSizeHints" not in line]
        sys.stderr.write("".join(told))
        done.check_returncode()
        found: dict[str, Any] = json.loads(answer.read_text())
        return found


@contextmanager
def x_server() -> Iterator[str]:
    """Start Xvfb and yield its display name; yield an empty string if Xvfb is not available."""
    if not (program := shutil.which("Xvfb")):
        yield ""
        return
    reading, writing = os.pipe()
    command = [program, "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"]
    server = subprocess.Popen(
        command, pass_fds=[writing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        yield f":{number}" if number else ""
    finally:
        server.terminate()
        server.wait()


def import_table(rounds: int) -> None:
    print("\nImporting the window, milliseconds")
    for module in ("imagefinder.cli.main", "imagefinder.ui.app.launch", "imagefinder.ui.app.application"):
        code = f"import time; t = time.perf_counter(); import {module}; print(time.perf_counter() - t)"
        took = [
            float(
                subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True).stdout
            )
            for _ in range(rounds)
        ]
        row(module, f"{statistics.median(took) * 1e3:.0f}")
    command = [sys.executable, "-X", "importtime", "-c", "import imagefinder.ui.app.application"]
    told = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stderr
    found = re.findall(r"import time:\s+(\d+) \|\s+(\d+) \|\s*(\S+)", told)
    costs = {name: int(whole) / 1e3 for _, whole, name in found}
    for name in (
        "PySide6.QtCore",
        "PySide6.QtGui",
        "PySide6.QtWidgets",
        "PySide6.QtNetwork",
        "PySide6.QtSvg",
    ):
        row(f"  of that {name}", f"{costs.get(name, 0.0):.0f}")


def start_table(desk: Desk, display: str, rounds: int) -> None:
    print("\nTime from the start of the process, seconds")
    row("", "imported", "visible", "names, pages", "model ready", "answered", "engine.start")
    for platform in ("offscreen", "xcb") if display else ("offscreen",):
        home = desk.scratch / f"start-{platform}"
        found = [desk.run("start", platform=platform, display=display, home=home) for _ in range(rounds + 1)]
        # The first run fills the disk cache and is not counted.
        names = ("imported", "visible", "words_only", "model", "answered")
        medians = [statistics.median(each[name] for each in found[1:]) for name in names]
        begin = statistics.median(each["client_start_ms"] for each in found[1:])
        row(platform, *(f"{each:.2f}" for each in medians), f"{begin:.2f} ms")


def loop_table(desk: Desk, pictures: Path, platform: str, display: str) -> None:
    file = desk.scratch / f"control-{platform}.json"
    environment = desk.environment(desk.scratch, platform, display)
    bare = subprocess.Popen([sys.executable, str(RUN), "control", str(file)], env=environment)
    try:
        found = desk.run("index", "--pictures", pictures, platform=platform, display=display)
    finally:
        bare.terminate()
        bare.wait()
    rounds = json.loads(file.read_text())
    beside = [each for each in rounds if found["load_began"] + 5 <= each["at"] <= found["load_ended"]]
    print(f"\nEvent loop on {platform}: delay of an event that arrives at a random moment, milliseconds")
    row("", "p50", "p99", "longest", "over 16", "over 50", "seconds")

    def late(what: str, each: dict[str, float]) -> None:
        times = (f"{each[name]:.1f}" for name in ("p50", "p99", "longest"))
        row(what, *times, each["over_16"], each["over_50"], f"{each['seconds']:.0f}")

    late("idle", found["idle"]["all"])
    late("indexing and typing", found["load"]["all"])
    late("  own", found["load"]["own"])
    if beside:
        every = [each["all"] for each in beside]
        late(
            "  bare window, same time",
            {name: statistics.median(each[name] for each in every) for name in ("p50", "p99")}
            | {"longest": max(each["longest"] for each in every)}
            | {name: sum(each[name] for each in every) for name in ("over_16", "over_50", "seconds")},
        )
    print(
        f"{found['items']:,} pictures indexed in {found['indexed_s']:.0f} s; "
        f"50 queries typed in {found['typed_s']:.0f} s"
    )
    print("\nSearch latency from sending the request to painted hits, milliseconds")
    row("", "p50", "p99", "longest", "searches", "engine's p50")
    for when, times in found["latencies"].items():
        if times:
            engine = f"{np.percentile(found['took'][when], 50):.0f}"
            row(when, *(f"{np.percentile(times, each):.0f}" for each in (50, 99, 100)), len(times), engine)
    memory_table(found)


def memory_table(found: dict[str, Any]) -> None:
    print("\nMemory, MB (resident / proportional)")
    row("", "window", "engine")
    for when, each in found["memory"].items():
        row(when, *(f"{each[who][0]:.0f} / {each[who][1]:.0f}" for who in ("window", "engine")))


def scroll_table(desk: Desk, pictures: list[Path], seconds: float, platform: str, display: str) -> None:
    cache = desk.scratch / "scroll" / ".cache" / "imagefinder" / "thumbnails"
    keys = desk.scratch / "keys.json"
    keys.write_text(json.dumps(thumbnails(cache, pictures[:400])))
    home = desk.scratch / "scroll"
    found = desk.run(
        "scroll", "--keys", keys, "--seconds", seconds, platform=platform, display=display, home=home
    )
    width, height = found["view"]
    print(f"\n100,000 results in a view of {width} x {height} points on {platform}; painted frames")
    row("", "frames/s", "p50 ms", "p99 ms", "longest ms", "not painted", "stale pixels")
    for what, frames in found["frames"].items():
        times = [f"{np.percentile(frames, each):.1f}" for each in (50, 99, 100)] if frames else ["-"] * 3
        share = found["stale"][what]
        row(
            what,
            f"{len(frames) / seconds:.0f}",
            *times,
            found["unpainted"][what],
            "-" if share is None else f"{share:.1%}",
        )
    pages = found["pages_ms"]
    row(
        "adding 200 hits to the results", "", *(f"{np.percentile(pages, each):.1f}" for each in (50, 99, 100))
    )
    memory_table(found)


def close_table(desk: Desk, pictures: Path, rounds: int) -> None:
    found = [desk.run("close", "--pictures", pictures) for _ in range(rounds)]
    print("\nClosing the window during indexing, seconds")
    row("", "median", "longest", "in time")
    times = [each["close_s"] for each in found]
    in_time = sum(each["in_time"] for each in found)
    row("", f"{statistics.median(times):.2f}", f"{max(times):.2f}", f"{in_time} of {rounds}")


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--photos", type=Path, help="a folder of JPEGs, copied to be half of the indexed pictures"
    )
    parser.add_argument("--count", type=int, default=2000, help="number of pictures to index")
    parser.add_argument("--rounds", type=int, default=5, help="number of runs; medians are printed")
    parser.add_argument("--seconds", type=float, default=8.0, help="duration of scrolling")
    parser.add_argument(
        "--only", default=",".join(PARTS), help="comma-separated parts, out of: " + ", ".join(PARTS)
    )
    parser.add_argument("--xcb", action="store_true", help="also measure the event loop on an X server")
    parser.add_argument(
        "--builtin",
        action="store_true",
        help="use the built-in embedder, which needs no weights, instead of CLIP",
    )
    parser.add_argument(
        "--explain", action="store_true", help="report what the window did whenever it was late"
    )
    return parser.parse_args()


def made_pictures(scratch: Path, count: int, photos: Path | None) -> list[Path]:
    real = copies(scratch / "pictures" / "real", count // 2, photos) if photos else []
    return real + photographs(scratch / "pictures" / "made", count - len(real), 1600, photos)


def imported_model(scratch: Path) -> str:
    from imagefinder.embedders.importing.importer import import_checkpoint

    weights = scratch / "random.safetensors"
    name = import_checkpoint(weights, random_checkpoint(weights), scratch / "data" / "imagefinder" / "models")
    weights.unlink()
    return name


def main() -> None:
    arguments = parsed()
    wanted: Sequence[str] = arguments.only.split(",")
    with tempfile.TemporaryDirectory(prefix="imagefinder-bench-") as folder, x_server() as display:
        scratch = Path(folder)
        # Print the load, because other processes on this machine affect every figure except "own".
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        if "import" in wanted:
            import_table(arguments.rounds)
        needs_model = not arguments.builtin and {"start", "loop", "close"} & set(wanted)
        model = imported_model(scratch) if needs_model else "builtin"
        desk = Desk(scratch, model, explains=arguments.explain)
        if "start" in wanted:
            start_table(desk, display, arguments.rounds)
        pictures = made_pictures(scratch, arguments.count, arguments.photos)
        if "scroll" in wanted:
            platforms = ("offscreen", "xcb") if display else ("offscreen",)
            for platform in platforms:
                scroll_table(desk, pictures, arguments.seconds, platform, display)
        if "loop" in wanted:
            for platform in ("offscreen", "xcb") if display and arguments.xcb else ("offscreen",):
                loop_table(desk, scratch / "pictures", platform, display)
        if "close" in wanted:
            close_table(desk, scratch / "pictures", min(arguments.rounds, 3))
        print(f"\nload {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
