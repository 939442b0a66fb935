"""Smoke test of the frozen program, required before a release: ``python packaging/smoke_test.py``.

The commands run with an empty environment and without Python on the path. With default settings, the starter model
must find this repository's samples by their contents. The window runs on a virtual display (Xvfb): the test drops a
folder on it, adds the folder with the keyboard and indexes it, types words, and drops a picture. The results are read
from the screen. On failure the test prints a message and exits with status 1.

Linux only. Needs Xvfb, xdotool, and the Python environment that built the bundle (Pillow, PySide6, torch).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE)]

import psutil  # noqa: E402
from PIL import Image  # noqa: E402
from smoke_display import Display, SmokeError, virtual_display, wait_for  # noqa: E402
from smoke_model import make_model  # noqa: E402
from smoke_pictures import COLOURS, FILES, like, make_folder, order_seen  # noqa: E402

_WINDOW = (1100, 900)
_SAMPLES = HERE.parent / "resources" / "samples"
_DESCRIBED = {"a cup of coffee": "coffee.jpg", "a cat": "cat.jpg", "an astronaut": "astronaut.jpg"}
"""Queries, and the sample that each describes."""
_AS_INSTALLED = "as-installed"
"""Name of the home folder in which no model is chosen."""


@dataclass
class Bundle:
    """The frozen program, run with temporary home folders."""

    program: Path
    work: Path
    display: Display
    pictures: Path = field(init=False)

    def __post_init__(self) -> None:
        self.pictures = self.work / "pictures"
        make_folder(self.pictures)

    def environment(self, home: str) -> dict[str, str]:
        """Return the complete environment for a run with the named home folder."""
        folder = self.work / home
        (folder / "runtime").mkdir(parents=True, exist_ok=True, mode=0o700)
        # The drawn pictures differ in colour, so the built-in embedder is enough and loads faster.
        model = {} if home == _AS_INSTALLED else {"IMAGEFINDER_MODEL": "builtin"}
        return model | {
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder / "runtime"),
            "PATH": str(folder),  # contains neither Python nor any other program
            "LC_ALL": "C.UTF-8",
            "DISPLAY": self.display.name,
        }

    def run(self, home: str, *words: object) -> str:
        """Run the program until it exits and return its standard output."""
        done = subprocess.run(
            [self.program, *map(str, words)],
            env=self.environment(home), capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SmokeError(
                f"imagefinder {' '.join(map(str, words))} ended with {done.returncode}: {done.stderr}"
            )
        return done.stdout

    def search(self, home: str, *words: object) -> Mapping[str, Any]:
        """Run a search and return its JSON answer."""
        answer: Mapping[str, Any] = json.loads(self.run(home, "search", *words, "--json"))
        return answer

    def found(self, home: str, *words: object) -> list[str]:
        """Run a search and return the colours of its hits, best first."""
        return [FILES[Path(hit["path"]).name] for hit in self.search(home, *words)["hits"]]


def commands_find(bundle: Bundle) -> str:
    """Check the command line with a folder, words and a picture."""
    began = time.monotonic()
    bundle.run("cli", "--version")
    version = time.monotonic() - began
    _expect("orange", bundle.found("cli", "orange", "--in", bundle.pictures), "search orange")
    query = bundle.work / "query.png"
    like("pink").save(query)
    _expect("pink", bundle.found("cli", "--image", query), "search --image")
    return f"--version answers in {version:.2f} s"


def starter_model_finds(bundle: Bundle) -> str:
    """Check that, with default settings, words find pictures by their contents and not by their names."""
    folder = bundle.work / "samples"
    folder.mkdir()
    names: dict[str, str] = {}
    for number, sample in enumerate(sorted(_SAMPLES.glob("*.jpg")), start=1):
        names[f"DSC_{number:04}.jpg"] = sample.name
        shutil.copy(sample, folder / f"DSC_{number:04}.jpg")
    for words, sample_name in _DESCRIBED.items():
        answer = bundle.search(_AS_INSTALLED, words, "--all", "--in", folder)
        if answer["model"] != "starter":
            raise SmokeError(
                f"As installed, it searches with {answer['model']} and not with the starter model."
            )
        _expect(sample_name, [names[Path(hit["path"]).name] for hit in answer["hits"]], f"search {words}")
    return f"{len(_DESCRIBED)} samples found by words"


def clip_models_run(bundle: Bundle) -> str:
    """Import and use a small CLIP model, which needs torch, torchvision, open_clip and its vocabulary."""
    weights, config = make_model(bundle.work)
    name = json.loads(bundle.run("clip", "models", "import", weights, "--arch", config, "--json"))["name"]
    # The weights are random, so no hit counts as a match without --all.
    found = bundle.found("clip", "a cat", "--all", "--in", bundle.pictures, "--model", name)
    if sorted(found) != sorted(COLOURS):
        raise SmokeError(f"With a CLIP model, a search finds {found} and not all pictures.")
    return f"{name} finds {len(found)} pictures"


def window_draws_itself(bundle: Bundle) -> str:
    """Check that ``--screenshot`` shows the hits of a query."""
    picture = bundle.work / "screenshot.png"
    bundle.run("cli", "--screenshot", picture, "--query", "orange", "--size", "1100x800")
    with Image.open(picture) as image:
        if image.width < 1100 or image.height < 800:
            raise SmokeError(f"The screenshot is only {image.width} x {image.height}.")
        _expect("orange", order_seen(image), "the screenshot")
    return f"written to {picture.name}"


def window_finds(bundle: Bundle) -> str:
    """Use the window with mouse and keyboard: drop and add a folder, type words, drop a picture, close."""
    display = bundle.display
    began = time.monotonic()
    log = (bundle.work / "window.log").open("wb")
    process = subprocess.Popen(
        [bundle.program, "--theme", "light", "--language", "en"],
        env=bundle.environment("window"),
        stderr=log,
        stdout=log,
    )
    try:
        window = display.window_of(process.pid)
        shown = time.monotonic() - began
        display.do("windowmove", window, 0, 0, "windowsize", window, *_WINDOW)
        middle = (_WINDOW[0] // 2, _WINDOW[1] // 2)
        display.drag(bundle.pictures, middle, bundle.work)
        dialog = wait_for(
            lambda: _other_window(display, process.pid, window), "it asks how to add the folder", 30
        )
        display.do("windowfocus", "--sync", dialog, "key", "Return")
        wait_for(lambda: _indexed(bundle) == len(COLOURS), "the folder is indexed", 60)
        display.do("windowfocus", "--sync", window, "type", "--delay", 60, "orange")
        _wait_to_see(bundle, "orange", "words are typed")
        display.do("key", "ctrl+t")
        query = bundle.work / "dropped.jpg"
        like("pink").save(query, quality=90)
        display.drag(query, (_WINDOW[0] * 2 // 3, _WINDOW[1] // 2), bundle.work)
        _wait_to_see(bundle, "pink", "a picture is dropped")
        family = psutil.Process(process.pid).children(recursive=True)
        display.do("windowfocus", "--sync", window, "key", "ctrl+q")
        wait_for(lambda: process.poll() is not None, "the window closes on Ctrl+Q", 15)
        if process.returncode:
            raise SmokeError(f"The window ended with status {process.returncode}.")
        wait_for(
            lambda: not any(child.is_running() for child in family), "the engine ends with its window", 10
        )
        return f"the window appears after {shown:.1f} s"
    finally:
        log.close()
        with suppress(OSError):
            display.look().save(bundle.work / "last-seen.png")
        process.kill()
        process.wait()


def _other_window(display: Display, process_id: int, window: str) -> str:
    with suppress(SmokeError):
        found = display.do("search", "--onlyvisible", "--pid", process_id, "--name", ".").split()
        return next((other for other in found if other != window), "")
    return ""


def _indexed(bundle: Bundle) -> int:
    with suppress(SmokeError):
        sources = json.loads(bundle.run("window", "status", "--json"))["sources"]
        return int(sum(source["items"] for source in sources))
    return 0


def _wait_to_see(bundle: Bundle, name: str, when: str) -> None:
    """Wait until the named picture is the first on the screen, and save screenshots."""
    seen: list[str] = []

    def first() -> bool:
        screen = bundle.display.look().crop((0, 0, *_WINDOW))
        screen.save(bundle.work / f"window-{name}.png")
        seen[:] = order_seen(screen)
        return seen[:1] == [name]

    try:
        wait_for(first, name, 60)
    except SmokeError:
        raise SmokeError(f"When {when}, the window shows {seen or 'nothing'} and not {name} first.") from None


def _expect(name: str, found: list[str], where: str) -> None:
    if found[:1] != [name]:
        raise SmokeError(f"{where} finds {found or 'nothing'} and not {name} first.")


STEPS: tuple[Callable[[Bundle], str], ...] = (
    commands_find,
    starter_model_finds,
    clip_models_run,
    window_draws_itself,
    window_finds,
)


def main() -> int:
    """Run all steps and return the exit status."""
    parser = argparse.ArgumentParser(description="Run the smoke test on the frozen program.")
    parser.add_argument(
        "--bundle",
        type=Path,
        default=HERE.parent / "dist" / "imagefinder",
        help="the folder of the frozen program",
    )
    parser.add_argument("--keep", type=Path, help="keep the screenshots and logs in this folder")
    options = parser.parse_args()
    program = options.bundle.resolve() / "imagefinder"
    if not program.exists():
        sys.stderr.write(f"There is no {program}; build it with: python packaging/build.py\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="imagefinder-smoke-") as folder, virtual_display() as display:
        bundle = Bundle(program, Path(folder), display)
        try:
            for step in STEPS:
                sys.stdout.write(f"{step.__name__.replace('_', ' ')}: {step(bundle)}\n")
                sys.stdout.flush()
        except (SmokeError, subprocess.TimeoutExpired) as error:
            sys.stderr.write(f"The smoke test failed in {step.__name__.replace('_', ' ')}. {error}\n")
            return 1
        finally:
            if options.keep:
                _keep(Path(folder), options.keep)
    sys.stdout.write("The frozen program works.\n")
    return 0


def _keep(work: Path, place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for file in [*work.glob("*.png"), *work.glob("*.log")]:
        (place / file.name).write_bytes(file.read_bytes())


if __name__ == "__main__":
    os.environ.pop("QT_QPA_PLATFORM", None)
    sys.exit(main())
