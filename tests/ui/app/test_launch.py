"""Tests that start the program in a separate process, with a real engine and without a screen."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers.program import Program
from PySide6.QtGui import QImage

from imagefinder.domain.errors import UsageError
from imagefinder.ui.app.display_check import check_display, missing_libraries

_START = """
import sys
from pathlib import Path
from imagefinder.ui.app.launch import run
from imagefinder.ui.app.options import WindowOptions
from imagefinder.domain.errors import ImageFinderError

if __name__ == "__main__":
    library, *rest = sys.argv[1:]
    options = WindowOptions(library=Path(library), **eval(rest[0]))
    try:
        sys.exit(run(options))
    except ImageFinderError as error:
        print(error, file=sys.stderr)
        sys.exit(2)
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """Function that starts the program with options, which are fields of ``WindowOptions``."""
    script = tmp_path / "start.py"
    script.write_text(_START)

    def start_it(**options: object) -> "subprocess.Popen[str]":
        command = [
            sys.executable,
            str(script),
            str(tmp_path / "library"),
            repr(options).replace("PosixPath", "Path"),
        ]
        return subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    return start_it


def _end(process: "subprocess.Popen[str]") -> tuple[int, str]:
    _, errors = process.communicate(timeout=60)
    return process.returncode, errors


def test_it_draws_itself_and_goes(start: Start, tmp_path: Path) -> None:
    status, errors = _end(start(screenshot=tmp_path / "x.png", size=(900, 600)))

    assert (status, errors) == (0, "")
    image = QImage(str(tmp_path / "x.png"))
    assert (image.width(), image.height()) == (900, 600)


def test_it_draws_its_results(start: Start, three_pictures: Path, tmp_path: Path) -> None:
    program = Program(tmp_path / "cli")
    added = program.run("--library", tmp_path / "library", "add", three_pictures)
    assert added.status == 0

    status, errors = _end(start(screenshot=tmp_path / "x.png", query="red", size=(900, 600), theme="light"))

    assert (status, errors) == (0, "")
    image = QImage(str(tmp_path / "x.png"))
    colours = {image.pixelColor(x, y).name() for x in range(280, 900, 6) for y in range(160, 560, 6)}
    assert any(_is_red(name) for name in colours)


def _is_red(name: str) -> bool:
    red, green, blue = (int(name[at : at + 2], 16) for at in (1, 3, 5))
    return red > 180 and green < 80 and blue < 80


def test_a_picture_of_itself_changes_nothing_of_what_it_remembers(start: Start, tmp_path: Path) -> None:
    _end(start(screenshot=tmp_path / "x.png"))

    assert not list(Path(os.environ["XDG_CONFIG_HOME"]).rglob("window.json"))


def test_a_picture_that_cannot_be_written_is_a_sentence_and_status_2(start: Start, tmp_path: Path) -> None:
    status, errors = _end(start(screenshot=tmp_path / "no" / "x.png"))

    assert status == 2
    assert "couldn't be saved" in errors


@pytest.mark.skipif(os.name == "nt", reason="POSIX signals")
def test_ctrl_c_in_the_terminal_closes_the_window_and_keeps_its_state(start: Start, tmp_path: Path) -> None:
    process = start()
    _wait_until(lambda: (tmp_path / "library" / "library.db").exists(), process)

    process.send_signal(signal.SIGINT)
    status, errors = _end(process)

    assert (status, errors) == (0, "")
    assert list(Path(os.environ["XDG_CONFIG_HOME"]).rglob("window.json"))


def test_a_second_start_goes_at_once(start: Start, tmp_path: Path) -> None:
    first = start()
    _wait_until(lambda: (tmp_path / "library" / "library.db").exists(), first)

    assert _end(start()) == (0, "")

    assert first.poll() is None
    first.send_signal(signal.SIGTERM)
    assert _end(first)[0] == 0


def _wait_until(condition: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Wait until a condition holds, and fail if the process ends before that."""
    while not condition():
        try:
            process.wait(0.05)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError(process.communicate())


def test_without_a_display_there_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="no display"):
        check_display({}, "linux")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11")
def test_a_display_that_does_not_answer_is_a_sentence() -> None:
    with pytest.raises(UsageError, match="isn't responding"):
        check_display({"DISPLAY": ":64999"}, "linux")


@pytest.mark.parametrize("platform", ["offscreen", "minimal", "vnc"])
def test_whoever_names_a_platform_needs_no_display(platform: str) -> None:
    check_display({"QT_QPA_PLATFORM": platform}, "linux")


def test_other_systems_always_have_a_display() -> None:
    check_display({}, "win32")
    check_display({}, "darwin")


def test_what_the_system_lacks_is_named_by_its_packages(tmp_path: Path) -> None:
    (tmp_path / "libqxcb.so").touch()
    lacking = {str(tmp_path / "libqxcb.so"), "libxcb-cursor.so.0", "libEGL.so.1"}

    said = missing_libraries(
        ["libqxcb.so"], tmp_path, lambda library: "missing" if library in lacking else ""
    )

    assert said.endswith("sudo apt install libegl1 libxcb-cursor0")


def test_one_way_to_a_display_is_enough(tmp_path: Path) -> None:
    for name in ("libqxcb.so", "libqwayland.so"):
        (tmp_path / name).touch()

    said = missing_libraries(
        ["libqxcb.so", "libqwayland.so"], tmp_path, lambda library: "missing" if "xcb" in library else ""
    )

    assert said == ""
