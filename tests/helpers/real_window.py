"""The program's real window on a real X display, with methods for a user's actions and observations."""

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import smoke_pictures
from helpers.program import Program
from helpers.x11 import PATIENCE_S, Screen, until
from numpy.typing import NDArray
from PIL import Image

PLACE = (0, 0, 1180, 800)
"""Default geometry of the window: left, top, width, height."""
MIDDLE = (700, 450)
"""Point in the panes, below the query."""
QUERY = (700, 94)
"""Point in the query's text field."""
PANEL = (130, 400)
"""Point in the library panel."""
NAME = "imagefinder"
_OPENED = "opened"
_ROUNDING = 2
"""Allowed difference of a pixel, out of 255, when the same content is painted on another kind of surface."""
_RENDERING = Path(__file__).with_name("rendering_program.py")


class RealWindow:
    """One running instance of the program, in temporary folders. Files that it opens are only recorded (``opened``)."""

    def __init__(
        self,
        screen: Screen,
        program: Program,
        *arguments: str | Path,
        theme: str = "light",
        language: str = "en",
    ) -> None:
        """Start the program. An empty ``theme`` leaves the theme to its settings."""
        self.screen = screen
        self._look = [*(["--theme", theme] if theme else []), "--language", language]
        self.program = program
        self.home = Path(program.environment["HOME"])
        self._log = (self.home / "window.log").open("ab")
        self.process = self._start(*arguments)
        try:
            self.id = next(iter(until(self._first_windows, "the window appears")))
        except BaseException:
            self.end()
            raise

    def _first_windows(self) -> Mapping[str, str]:
        status = self.process.poll()
        assert status is None, f"it ended with {status}: {self.complaints()}"
        return self.screen.windows(self.process.pid)

    def _start(self, *arguments: str | Path) -> "subprocess.Popen[bytes]":
        command = self.program.command(*self._look, "window", *arguments)
        environment = self.program.environment | {"DISPLAY": self.screen.environment["DISPLAY"]}
        return subprocess.Popen(command, env=environment, stdout=self._log, stderr=self._log)

    def render(self) -> list["Rendered"]:
        """Let the program render all its visible windows anew. The last one is in front.

        The program must have been prepared by ``renders_on_demand``.
        """
        folder = Path(self.program.entry[1])
        number = str(time.monotonic_ns())
        (folder / "asked.new").write_text(number)
        (folder / "asked.new").replace(folder / "asked")
        answer = folder / "rendered.json"

        def found() -> list[dict[str, Any]]:
            said = json.loads(answer.read_text()) if answer.exists() else {}
            windows: list[dict[str, Any]] = said["windows"] if said.get("number") == number else []
            return windows

        rendered = []
        for each in until(found, "the windows are rendered"):
            with Image.open(each["file"]) as image:
                rendered.append(
                    Rendered(each["title"], tuple(each["place"]), np.asarray(image.convert("RGB")))
                )
        return rendered

    def stale_pixels(self, title: str | None = None) -> int:
        """Return how many pixels on the screen differ from a fresh rendering of the window.

        ``title`` selects a window other than the main one. Areas covered by other windows of the program are
        ignored.
        """
        rendered = self.render()
        screen = np.asarray(self.screen.look().convert("RGB"), np.int16)
        wanted = [each for each in rendered if each.title == (self._full_title if title is None else title)]
        if len(wanted) != 1:
            # The window's title has changed meanwhile. Callers try again.
            return screen.size
        this = wanted[0]
        left, top, width, height = this.place
        seen = screen[top : top + height, left : left + width]
        # Areas beyond the edges of the screen are not visible.
        fresh = this.pixels[: seen.shape[0], : seen.shape[1]].astype(np.int16)
        differs = (np.abs(seen - fresh) > _ROUNDING).any(axis=2)
        for other in rendered:
            if other is not this and other.is_above(this):
                x, y, w, h = other.place
                differs[max(0, y - top) : max(0, y + h - top), max(0, x - left) : max(0, x + w - left)] = (
                    False
                )
        stale = int(differs.sum())
        if stale:
            # Keep both pictures for finding out why a test failed.
            Image.fromarray(this.pixels).save(self.home / "rendered.png")
            Image.fromarray(seen.astype(np.uint8)).save(self.home / "on-the-screen.png")
        return stale

    def shows_the_truth(self, title: str | None = None) -> None:
        """Wait until the screen shows the same as a fresh rendering of the window."""
        stale = until_zero(lambda: self.stale_pixels(title))
        assert stale == 0, f"{stale} pixels are stale: see rendered.png and on-the-screen.png in {self.home}"

    @property
    def _full_title(self) -> str:
        title = self.screen.do("getwindowname", self.id)
        return title.removesuffix(f" — {NAME}")

    def place(self, x: int, y: int, width: int, height: int) -> None:
        """Move and resize the window."""
        self.screen.do("windowmove", self.id, x, y, "windowsize", self.id, width, height)
        until(lambda: self.where() == (x, y, width, height), "the window is moved")

    def where(self) -> tuple[int, ...]:
        """Return the left, top, width and height of the window."""
        said = self.screen.do("getwindowgeometry", "--shell", self.id)
        found = dict(line.split("=") for line in said.splitlines())
        return tuple(int(found[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    def start_again(self, *arguments: str | Path) -> int:
        """Start the program a second time and return the exit status of that process."""
        return self._start(*arguments).wait(PATIENCE_S)

    @property
    def title(self) -> str:
        """Title of the window, without the program's name."""
        return self.screen.do("getwindowname", self.id).removesuffix(f" — {NAME}")

    def other(self, title: str) -> str:
        """Wait for another window of the program, such as a dialog or the preview, and return its id."""
        return until(lambda: self._others().get(title, ""), f"there is a window called {title}")

    def has_other(self) -> bool:
        """Whether the program has any other window."""
        return bool(self._others())

    def _others(self) -> dict[str, str]:
        found = self.screen.windows(self.process.pid)
        return {title.removesuffix(f" — {NAME}"): key for key, title in found.items() if key != self.id}

    def press(self, *keys: str) -> None:
        """Press keys in the window."""
        self.screen.press(self.id, *keys)

    def search(self, words: str) -> None:
        """Replace the words of the query, and wait until they are searched."""
        self.clear()
        self.screen.type(self.id, words)
        until(lambda: self.title == words, f"{words} is searched")

    def clear(self) -> None:
        """Empty the query."""
        self.press("ctrl+f", "Escape")
        until(lambda: self.title == NAME, "the query is empty")

    def seen(self) -> list[str]:
        """Return the names (as in ``smoke_pictures.COLOURS``) of the results on the screen, best first."""
        left, top, width, height = PLACE
        return smoke_pictures.order_seen(self.screen.look().crop((left, top, left + width, top + height)))

    def result(self, name: str) -> tuple[int, int]:
        """Return the screen position of the middle of a result."""
        pixels = np.asarray(self.screen.look().convert("RGB"), np.int16)
        rows, columns = np.nonzero((abs(pixels - np.int16(smoke_pictures.COLOURS[name])) < 10).all(axis=2))  # type: ignore[arg-type, operator]
        return int(np.median(columns)), int(np.median(rows))

    def finds(self, name: str, seconds: float = PATIENCE_S) -> None:
        """Wait until a picture is the first result on the screen."""
        until(lambda: self.seen()[:1] == [name], f"{name} is the first result", seconds)

    def reads(self, text: str, size: float = 1.0, weight: int = 0) -> None:
        """Wait until a text is on the screen."""
        until(lambda: self.screen.says(text, size, weight), f"the screen says: {text}")

    def items(self) -> int:
        """Return the number of items in the library, as read by another process."""
        status = self.program.run("status", "--json")
        return 0 if status.status else sum(source["items"] for source in status.json["sources"])

    def family(self) -> list[psutil.Process]:
        """Return the child processes of the program."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def engine(self) -> psutil.Process:
        """Wait for the engine process and return it."""

        def find() -> psutil.Process | None:
            for child in self.family():
                try:
                    if "spawn_main" in " ".join(child.cmdline()):
                        return child
                except psutil.Error:
                    continue
            return None

        return until(find, "there is an engine")  # type: ignore[return-value]

    def opened(self) -> list[str]:
        """Return the addresses that the program asked the desktop to open."""
        file = self.home / _OPENED
        return file.read_text().split() if file.exists() else []

    def remembered(self) -> Mapping[str, Any]:
        """Return the window state saved at closing."""
        found: dict[str, Any] = json.loads((self.home / ".config" / NAME / "window.json").read_text())
        return found

    def quit(self) -> None:
        """Close the window with its keyboard shortcut, and assert that the program exits with status 0."""
        self.press("ctrl+q")
        assert self.process.wait(PATIENCE_S) == 0
        self.end()

    def end(self) -> None:
        """Kill the program and its child processes if they are still running."""
        is_open = self.process.poll() is None
        if is_open:
            # Keep the screen for finding out why a test failed.
            self.screen.look().save(self.home / "last-seen.png")
        family = self.family() if is_open else []
        for each in [*family, self.process]:
            each.kill()
        self.process.wait()
        self._log.close()

    def log(self) -> str:
        """Return the contents of its log files."""
        return "".join(file.read_text() for file in self.home.rglob("imagefinder.log"))

    def complaints(self) -> list[str]:
        """Return its terminal output and the uncaught exceptions in its log. Both should be empty."""
        said = (self.home / "window.log").read_text(errors="replace").splitlines()
        return said + re.findall(r".* unexpected\n(?:(?:  |[A-Z]).*\n?)*", self.log())


@dataclass(frozen=True)
class Rendered:
    """A window of the program as freshly rendered."""

    title: str
    place: tuple[int, ...]
    """Left, top, width and height on the screen, in pixels."""
    pixels: NDArray[np.uint8]
    """Array of shape (height, width, 3)."""

    def is_above(self, other: "Rendered") -> bool:
        """Whether this window can cover the other one. Smaller windows are opened from larger ones."""
        return self.place[2] * self.place[3] < other.place[2] * other.place[3]


def until_zero(count: Callable[[], int], seconds: float = 5.0) -> int:
    """Call ``count`` until it returns 0 or the time is over, and return its last result."""
    deadline = time.monotonic() + seconds
    while (found := count()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def renders_on_demand(program: Program) -> Program:
    """Make the windows of a program answer ``RealWindow.render``."""
    program.library.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=program.library.parent))
    program.entry = (str(_RENDERING), str(folder))
    return program


OpenWindow = Callable[..., RealWindow]
"""Opens a window of a program: ``open_window(program, *arguments, place=PLACE)``."""


def best(program: Program, words: str) -> list[str]:
    """Return the names of the pictures that the command line finds, best first."""
    return [smoke_pictures.FILES[name] for name in program.run("search", words, "--json").found]


def settings_file(program: Program) -> Path:
    """Return the path of the program's settings file."""
    return Path(program.environment["HOME"]) / ".config" / NAME / "settings.json"


def prepare(program: Program) -> None:
    """Create the folders of a desktop session, and a desktop that only records which files are opened."""
    home = Path(program.environment["HOME"])
    runtime, tools = home / "runtime", home / "tools"
    tools.mkdir(parents=True, exist_ok=True)
    runtime.mkdir(mode=0o700, exist_ok=True)
    opener = tools / "xdg-open"
    opener.write_text(f'#!/bin/sh\necho "$1" >> "{home / _OPENED}"\n')
    opener.chmod(0o755)
    program.environment |= {
        "PATH": f"{tools}:{program.environment['PATH']}",
        "XDG_RUNTIME_DIR": str(runtime),
        "QT_QPA_PLATFORM": "xcb",
    }
