"""Record the README's moving picture: a picture is dropped on the window, and the ones most like it appear.

The real program runs on a virtual display, and the mouse really drags. Needs Xvfb and xdotool.
"""

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from PIL import Image, ImageChops, ImageDraw
from smoke_display import Display, virtual_display, wait_for

_SIZE = (1120, 700)
_SHOWN_SIZE = (800, 500)
_FRAME_S = 0.08
_LAST_FRAME_S = 3.0
_MOST_BYTES = 2_000_000
_SOURCE_AT = (930, 560)
"""Top left corner of the little window that stands for a file manager."""
_TEXT_CURSOR_PIXELS = 100
_ARROW = ((0, 0), (0, 17), (4, 13), (7, 20), (10, 19), (7, 12), (12, 12))


def record_drop(picture: Path, target: Path, work: Path) -> None:
    """Drop ``picture`` on the window of the library in use and write the animation (GIF) to ``target``.

    Raises:
        SmokeError: the window did not appear, or did not take the picture.
        ValueError: the file is larger than 2 MB.
    """
    with virtual_display(*_SIZE) as display:
        environment = os.environ | {"DISPLAY": display.name, "QT_QPA_PLATFORM": "xcb"}
        options = ["--model", "starter", "--language", "en", "--theme", "light", "window"]
        program = subprocess.Popen([sys.executable, "-m", "imagefinder", *options], env=environment)
        try:
            window = display.window_of(program.pid)
            display.do("windowmove", window, 0, 0, "windowsize", window, *_SIZE)
            display.do("windowfocus", window, "mousemove", 600, 650)
            _wait_until_still(display)
            recorder = _Recorder(display)
            recorder.start()
            display.drag(picture, (600, 330), work, source_at=_SOURCE_AT, step_s=0.1)
            _wait_until_still(display)
            frames = recorder.stop()
            display.do("windowfocus", window, "key", "ctrl+q")
            program.wait(30)
        finally:
            program.kill()
            program.wait()
    _save(frames, target)


class _Recorder(threading.Thread):
    """Takes a frame at a fixed rate until it is stopped."""

    def __init__(self, display: Display) -> None:
        super().__init__(name="recorder", daemon=True)
        self._display = display
        self._is_stopped = threading.Event()
        self._frames: list[Image.Image] = []

    def run(self) -> None:
        while not self._is_stopped.wait(_FRAME_S):
            frame = self._display.look().convert("RGB")
            _draw_pointer(frame, self._display.pointer())
            self._frames.append(frame.resize(_SHOWN_SIZE, Image.Resampling.LANCZOS))

    def stop(self) -> list[Image.Image]:
        """End the recording and return its frames."""
        self._is_stopped.set()
        self.join()
        return self._frames


def _draw_pointer(frame: Image.Image, at: tuple[int, int]) -> None:
    # A picture of the screen does not include the pointer.
    outline = [(at[0] + x * 1.4, at[1] + y * 1.4) for x, y in _ARROW]
    ImageDraw.Draw(frame).polygon(outline, fill="black", outline="white", width=2)


def _wait_until_still(display: Display, seconds: float = 1.5) -> None:
    """Wait until nothing but the text cursor has changed on the screen for a while."""
    last, since = display.look(), time.monotonic()

    def is_still() -> bool:
        nonlocal last, since
        now = display.look()
        left, top, right, bottom = ImageChops.difference(now, last).getbbox() or (0, 0, 0, 0)
        if (right - left) * (bottom - top) > _TEXT_CURSOR_PIXELS:
            since = time.monotonic()
        last = now
        return time.monotonic() - since > seconds

    wait_for(is_still, "the window comes to rest", 60)


def _save(frames: list[Image.Image], target: Path) -> None:
    durations: list[int] = []
    distinct: list[Image.Image] = []
    for frame in frames:
        if distinct and frame.tobytes() == distinct[-1].tobytes():
            durations[-1] += round(_FRAME_S * 1000)
        else:
            distinct.append(frame)
            durations.append(round(_FRAME_S * 1000))
    durations[0] = min(durations[0], 800)
    durations[-1] = round(_LAST_FRAME_S * 1000)
    # One palette for all and no dithering, so that what does not change on the screen does not change in the file.
    both = Image.new("RGB", (_SHOWN_SIZE[0], 2 * _SHOWN_SIZE[1]))
    both.paste(distinct[0], (0, 0))
    both.paste(distinct[-1], (0, _SHOWN_SIZE[1]))
    palette = both.quantize(256)
    few = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in distinct]
    few[0].save(target, save_all=True, append_images=few[1:], duration=durations, loop=0, optimize=False)
    if target.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{target} is larger than {_MOST_BYTES} bytes")
