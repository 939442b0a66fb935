"""Virtual display of the smoke test: Xvfb, with mouse and keyboard input by xdotool, and screenshots."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from PIL import Image, ImageGrab

_HERE = Path(__file__).resolve().parent
_Answer = TypeVar("_Answer")


class SmokeError(Exception):
    """The frozen program misbehaved; the message is shown to the user."""


class Display:
    """An X display without a window manager, so that windows stay where they are placed."""

    def __init__(self, name: str) -> None:
        self.name = name

    def look(self) -> Image.Image:
        """Take a screenshot."""
        return ImageGrab.grab(xdisplay=self.name)

    def do(self, *words: object) -> str:
        """Run xdotool with these arguments and return its output.

        Raises:
            SmokeError: xdotool failed.
        """
        command = ["xdotool", *map(str, words)]
        done = subprocess.run(
            command,
            env=os.environ | {"DISPLAY": self.name},
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
        if done.returncode:
            raise SmokeError(f"xdotool {' '.join(map(str, words))}: {done.stderr.strip() or 'nothing found'}")
        return done.stdout.strip()

    def window_of(self, process_id: int, seconds: float = 60) -> str:
        """Wait for a visible window of a process and return its id."""

        def find() -> str:
            found = subprocess.run(
                ["xdotool", "search", "--onlyvisible", "--pid", str(process_id), "--name", "."],
                env=os.environ | {"DISPLAY": self.name}, capture_output=True, text=True, check=False,
            )  # fmt: skip
            return found.stdout.split("\n")[0]

        return wait_for(find, "its window appears", seconds)

    def pointer(self) -> tuple[int, int]:
        """Where the mouse pointer is, in pixels."""
        place = dict(line.split("=") for line in self.do("getmouselocation", "--shell").splitlines())
        return int(place["X"]), int(place["Y"])

    def drag(
        self,
        path: Path,
        to: tuple[int, int],
        work: Path,
        source_at: tuple[int, int] = (1420, 40),
        step_s: float = 0.03,
    ) -> None:
        """Drag a file from a window at ``source_at``, as a file manager would, and drop it at ``to`` (pixels)."""
        ready = work / f"drag-{path.name}.ready"
        environment = os.environ | {"DISPLAY": self.name, "QT_QPA_PLATFORM": "xcb"}
        helper = subprocess.Popen(
            [sys.executable, str(_HERE / "drag_source.py"), str(path), str(ready), *map(str, source_at)],
            env=environment,
        )
        try:
            place = wait_for(lambda: ready.exists() and ready.read_text(), "the drag's source appears", 30)
            x, y = map(int, place.split())
            self.do("mousemove", x, y, "sleep", 0.3, "mousedown", 1, "sleep", 0.2)
            for step in range(1, 21):
                at = (x + (to[0] - x) * step // 20, y + (to[1] - y) * step // 20)
                self.do("mousemove", *at, "sleep", step_s)
            self.do("sleep", 0.5, "mousemove", to[0] + 2, to[1] + 2, "sleep", 0.5, "mouseup", 1)
            wait_for(lambda: helper.poll() is not None, "the drag ends", 20)
        finally:
            helper.kill()
            helper.wait()
        if helper.returncode:
            raise SmokeError(f"The window did not take {path.name}, which was dropped on it.")


def wait_for(ask: Callable[[], _Answer], what: str, seconds: float) -> _Answer:
    """Call ``ask`` until its answer is true, and return the answer.

    Raises:
        SmokeError: The answer was not true in time.
    """
    until = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > until:
            raise SmokeError(f"Waited {seconds:.0f} s in vain until {what}.")
        time.sleep(0.2)
    return answer


@contextmanager
def virtual_display(width: int = 1600, height: int = 1000) -> Iterator[Display]:
    """Run Xvfb on a free display number."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            raise SmokeError("Xvfb does not start.")
        yield Display(f":{number}")
    finally:
        server.terminate()
        server.wait()
