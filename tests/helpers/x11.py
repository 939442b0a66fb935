"""Virtual X display for tests: Xvfb, mouse and keyboard by xdotool, clipboard by xclip, and text recognition.

There is no window manager by default. Windows stay where they are placed, and keys are sent to a given window.
"""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageGrab

TOOLS = ("Xvfb", "xdotool", "xclip")
PATIENCE_S = 100.0
_HELPER = Path(__file__).with_name("x11_helper.py")
_ALIKE = 0.85
"""Least correlation at which a text counts as seen. The best match of other words is near 0.5."""
_Answer = TypeVar("_Answer")
_Grey = NDArray[np.float32]


def until(ask: Callable[[], _Answer], what: str, seconds: float = PATIENCE_S) -> _Answer:
    """Call ``ask`` until its answer is true and return the answer. Fails the test after a timeout."""
    deadline = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > deadline:
            pytest.fail(f"waited {seconds:.0f} s in vain until {what}")
        time.sleep(0.05)
    return answer


class Screen:
    """One X display."""

    def __init__(self, name: str, folder: Path) -> None:
        """``folder`` is for data that is passed through files."""
        # The same restricted environment as the program's, so that the fonts are the same, too.
        self.environment = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(folder),
            "LC_ALL": "C.UTF-8",
            "DISPLAY": name,
            "QT_QPA_PLATFORM": "xcb",
        }
        self._name = name
        self._folder = folder
        self._source = ExitStack()

    def close(self) -> None:
        """End the helper of the last drag."""
        self._source.close()

    def look(self) -> Image.Image:
        """Return a screenshot."""
        return ImageGrab.grab(xdisplay=self._name)

    def says(self, text: str, size: float = 1.0, weight: int = 0) -> bool:
        """Whether a text is on the screen, on one line and in the program's font.

        Args:
            text: The text to look for.
            size: Factor of the default font size.
            weight: Weight as in ``QFont``; 0 for the default.
        """
        return _is_in(self._written(text, size, weight), _grey(self.look()))

    def do(self, *words: object) -> str:
        """Run xdotool with these arguments and return its output."""
        command = ["xdotool", *map(str, words)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=PATIENCE_S
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout.strip()

    def windows(self, process_id: int) -> dict[str, str]:
        """Return the titles of a process's visible windows by window id."""
        command = ["xdotool", "search", "--all", "--onlyvisible", "--pid", str(process_id), "--name", "."]
        # Status 1 means that there are none.
        ids = subprocess.run(command, env=self.environment, capture_output=True, text=True).stdout.split()
        found = {}
        for each in ids:
            with suppress(AssertionError):  # closed meanwhile
                found[each] = self.do("getwindowname", each)
        return found

    def window_at(self, x: int, y: int) -> str:
        """Return the id of the topmost window at a position. Moves the mouse there."""
        said = self.do("mousemove", x, y, "getmouselocation", "--shell")
        return dict(line.split("=") for line in said.splitlines())["WINDOW"]

    def press(self, window: str, *keys: str) -> None:
        """Press keys in a window, one after the other."""
        self.do("windowfocus", "--sync", window, "key", "--delay", 40, *keys)

    def type(self, window: str, text: str) -> None:
        """Type a text into a window."""
        self.do("windowfocus", "--sync", window, "type", "--delay", 30, text)

    def move(self, start: tuple[int, int], end: tuple[int, int], pause: float = 0.6) -> None:
        """Press the mouse button at one position and release it at another, after a pause in seconds."""
        steps = 12
        way: list[object] = []
        for step in range(1, steps + 1):
            way += [
                "mousemove",
                *(start[i] + (end[i] - start[i]) * step // steps for i in (0, 1)),
                "sleep",
                0.02,
            ]
        self.do("mousemove", *start, "sleep", 0.1, "mousedown", 1, "sleep", 0.1, *way)
        # Drag and drop is a dialogue: give the window below the mouse time to answer.
        self.do("sleep", pause / 2, "mousemove", end[0] + 2, end[1] + 2, "sleep", pause / 2, "mouseup", 1)

    def drag(self, data: Mapping[str, str | bytes], to: tuple[int, int]) -> bool:
        """Drag data from another program to a position and drop it there. Return whether the drop was accepted."""
        # A refused drop has no effect, so try once more with longer pauses in case the machine is busy.
        return any(self._drag(data, to, pause) == "taken" for pause in (0.3, 2.0))

    def _drag(self, data: Mapping[str, str | bytes], to: tuple[int, int], pause: float) -> str:
        file = self._folder / "dragged.json"
        file.write_text(json.dumps({name: _as_text(value) for name, value in data.items()}))
        self.close()
        # The helper runs until the next drag, because the target may request the data later.
        helper = self._source.enter_context(self.helper("drag", file))
        self.move(_place(helper), to, pause)
        answer = _line(helper)
        assert answer in ("taken", "refused"), answer
        return answer

    def drag_files(self, *files: Path, to: tuple[int, int]) -> bool:
        """Drag files as a file manager does."""
        return self.drag(files_as_data(*files), to)

    def catch(self, start: tuple[int, int]) -> list[str]:
        """Drag the item at a position into another program, and return the addresses that it received."""
        with self.helper("catch") as helper:
            self.move(start, _place(helper))
            helper.wait(PATIENCE_S)
            assert helper.stdout is not None
            return helper.stdout.read().split()

    @contextmanager
    def copied(self, data: bytes, mime: str) -> Iterator[None]:
        """Let another program own the clipboard."""
        command = ["xclip", "-quiet", "-i", "-selection", "clipboard", "-t", mime]
        owner = subprocess.Popen(
            command, env=self.environment, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )  # fmt: skip
        assert owner.stdin is not None
        owner.stdin.write(data)
        owner.stdin.close()
        try:
            until(lambda: self.clipboard(mime) == data, "xclip owns the clipboard")
            yield
        finally:
            owner.kill()
            owner.wait()

    def clipboard(self, mime: str) -> bytes:
        """Return the clipboard's data of a type as another program would paste it; empty if there is none."""
        command = ["xclip", "-o", "-selection", "clipboard", "-t", mime]
        return subprocess.run(command, env=self.environment, capture_output=True, timeout=PATIENCE_S).stdout

    @contextmanager
    def helper(self, *words: object) -> Iterator["subprocess.Popen[str]"]:
        """Start a helper program on this display (see ``x11_helper.py``)."""
        command = [sys.executable, str(_HELPER), *map(str, words)]
        process = subprocess.Popen(command, env=self.environment, stdout=subprocess.PIPE, text=True)
        try:
            yield process
        finally:
            process.kill()
            process.wait()
            assert process.stdout is not None
            process.stdout.close()

    @cache  # noqa: B019 - there is one display
    def _written(self, text: str, size: float, weight: int) -> _Grey:
        file = self._folder / "text.png"
        with self.helper("write", file, size, weight, text) as helper:
            assert helper.wait(PATIENCE_S) == 0
        with Image.open(file) as image:
            grey = _grey(image)
        rows, columns = np.nonzero(grey < grey.max())
        return grey[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def files_as_data(*files: Path) -> dict[str, str | bytes]:
    """Return the data that a file manager provides when files are dragged or copied."""
    return {"text/uri-list": "".join(f"{file.as_uri()}\r\n" for file in files)}


@contextmanager
def virtual_screen(folder: Path, size: tuple[int, int] = (1600, 1000)) -> Iterator[Screen]:
    """Start Xvfb on a free display number, with a screen of ``size`` pixels. Skips the test if a tool is missing."""
    if missing := [tool for tool in TOOLS if shutil.which(tool) is None]:
        pytest.skip(f"a real window is not tried out: there is no {', '.join(missing)} here")
    reading, writing = os.pipe()
    # Without -noreset, the server resets when its last client disconnects, and refuses connections meanwhile.
    command = [
        "Xvfb",
        "-displayfd",
        str(writing),
        "-screen",
        "0",
        f"{size[0]}x{size[1]}x24",
        "-noreset",
        "-nolisten",
        "tcp",
    ]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        assert number, "Xvfb does not start"
        screen = Screen(f":{number}", folder)
        try:
            yield screen
        finally:
            screen.close()
    finally:
        server.terminate()
        server.wait()


@contextmanager
def window_manager(screen: Screen) -> Iterator[None]:
    """Run a window manager, so that windows are placed, framed and made full screen as on a desktop."""
    if shutil.which("openbox") is None:
        pytest.skip("windows are not managed: there is no openbox here")
    command = ["openbox", "--sm-disable"]
    manager = subprocess.Popen(
        command, env=screen.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    ask = ["xdotool", "get_desktop"]
    try:
        until(
            lambda: subprocess.run(ask, env=screen.environment, capture_output=True).returncode == 0,
            "windows are managed",
        )
        yield
    finally:
        manager.terminate()
        manager.wait()


def _as_text(value: str | bytes) -> str:
    return value if isinstance(value, str) else "base64:" + base64.b64encode(value).decode()


def _line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _place(process: "subprocess.Popen[str]") -> tuple[int, int]:
    x, y = map(int, _line(process).split())
    return x, y


def _grey(image: Image.Image) -> _Grey:
    return np.asarray(image.convert("L"), np.float32)


def _is_in(part: _Grey, whole: _Grey) -> bool:
    """Whether a picture contains another, by normalised cross-correlation.

    Works for any text and background colours.
    """
    wanted = part - part.mean()
    spectrum = np.fft.rfft2(whole) * np.conj(np.fft.rfft2(wanted, whole.shape))
    height, width = (whole.shape[i] - part.shape[i] + 1 for i in (0, 1))
    alike = np.fft.irfft2(spectrum, whole.shape)[:height, :width]
    count = part.size
    mean, square = _window_sums(whole, part.shape) / count, _window_sums(whole**2, part.shape) / count
    spread = np.sqrt(np.maximum((square - mean**2) * count, 1.0) * (wanted**2).sum())
    return bool((np.abs(alike) / spread).max() >= _ALIKE)


def _window_sums(values: Any, shape: tuple[int, ...]) -> Any:
    sums = np.zeros((values.shape[0] + 1, values.shape[1] + 1))
    sums[1:, 1:] = values.cumsum(0, dtype=np.float64).cumsum(1)
    height, width = shape
    return sums[height:, width:] - sums[:-height, width:] - sums[height:, :-width] + sums[:-height, :-width]
