"""Fixtures of the tests with a real window on a real screen."""

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.program import ROOT, Program

# The pictures that are found again on the screen are the smoke test's, too.
sys.path.append(str(ROOT / "packaging"))

from helpers.real_window import PLACE, OpenWindow, RealWindow, prepare, settings_file
from helpers.x11 import Screen, virtual_screen
from smoke_pictures import make_folder


@pytest.fixture(scope="session")
def screen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    """A screen with a mouse, a keyboard and a clipboard."""
    with virtual_screen(tmp_path_factory.mktemp("screen")) as made:
        yield made


@pytest.fixture(scope="session")
def five_pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of five pictures, one of each of the smoke test's colours."""
    folder = tmp_path_factory.mktemp("five") / "Five colours"
    make_folder(folder)
    return folder


@pytest.fixture(scope="session")
def _stocked(screen: Screen, five_pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folders of a program that has indexed the five pictures; not to be used but to be copied."""
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
    """A program whose library has the five pictures."""
    return _stocked_program(_stocked, tmp_path / "stocked")


@pytest.fixture
def stocked_too(_stocked: Path, tmp_path: Path) -> Program:
    """Another one, with folders of its own."""
    return _stocked_program(_stocked, tmp_path / "stocked too")


@pytest.fixture
def open_window(screen: Screen) -> Iterator[OpenWindow]:
    """Starts a program's window; ends it with the test."""
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
    """One window on the five pictures for all tests of a module, with the settings that it names ``SETTINGS``."""
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
