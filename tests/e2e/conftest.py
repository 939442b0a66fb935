"""Fixtures for the tests of the real window on a real X display."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.program import ROOT, Program

# The pictures that tests recognise on the screen are shared with the smoke test.
sys.path.append(str(ROOT / "packaging"))

from helpers.real_window import PLACE, OpenWindow, RealWindow, prepare, settings_file
from helpers.x11 import Screen, virtual_screen
from smoke_pictures import make_folder


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """Virtual X display with a mouse, a keyboard and a clipboard."""
    with virtual_screen(tmp_path_factory.mktemp("screen")) as made:
        yield made


@pytest.fixture(scope="session")
def five_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with five pictures, one of each of the smoke test's colours."""
    folder = tmp_path_factory.mktemp("five") / "Five colours"
    make_folder(folder)
    return folder


@pytest.fixture(scope="session")
def _stocked(screen: Screen, five_pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of a program that has indexed the five pictures. Tests use copies of it only."""
    folder = tmp_path_factory.mktemp("stocked")
    program = Program(folder)
    prepare(program)
    assert program.run("add", five_pictures).status == 0
    return folder


def _stocked_program(stocked: Path, folder: Path) -> Program:
    shutil.copytree(stocked, folder)
    program = Program(folder)
    prepare(program)
    return program


@pytest.fixture
def stocked(_stocked: Path, tmp_path: Path) -> Program:
    """The program with the five pictures in its library."""
    return _stocked_program(_stocked, tmp_path / "stocked")


@pytest.fixture
def stocked_too(_stocked: Path, tmp_path: Path) -> Program:
    """A second program like ``stocked``, with separate folders."""
    return _stocked_program(_stocked, tmp_path / "stocked too")


@pytest.fixture
def open_window(screen: Screen) -> Iterator[OpenWindow]:
    """Factory that starts a program's window. Closes the windows after the test."""
    windows: list[RealWindow] = []

    def open_it(
        program: Program,
        *arguments: str | Path,
        place: tuple[int, ...] | None = PLACE,
        theme: str = "light",
    ) -> RealWindow:
        prepare(program)
        window = RealWindow(screen, program, *arguments, theme=theme)
        windows.append(window)
        if place is not None:
            window.place(*place)
        return window

    yield open_it
    for window in windows:
        window.end()
    assert [line for window in windows for line in window.complaints()] == []


@pytest.fixture(scope="module")
def window(
    request: pytest.FixtureRequest, screen: Screen, _stocked: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RealWindow]:
    """Window with the five pictures, shared by the tests of a module. Uses the module's ``SETTINGS`` if it has any."""
    program = _stocked_program(_stocked, tmp_path_factory.mktemp("window") / "program")
    file = settings_file(program)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(getattr(request.module, "SETTINGS", {})))
    made = RealWindow(screen, program)
    try:
        made.place(*PLACE)
        yield made
    finally:
        made.end()
    assert made.complaints() == []
