"""What is on the screen after an act of the user equals a fresh render of the window's state.

A widget that changes its state without repainting passes every test that asks for the state; these look.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PIL import Image
from program import Program
from real_window import MIDDLE, PLACE, RealWindow, prepare, renders_on_demand
from x11 import Screen, until

COLOURS = np.random.default_rng(1).integers(0, 230, (160, 3))
"""One for each picture, so that a picture is known by any of its pixels."""
GRID = (300, 190, 1140, 720)
"""A part of the screen that only results are on: left, top, right, bottom."""


@pytest.fixture(scope="module")
def leaves(screen: Screen, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealWindow]:
    """A window that shows more results than a screen has room for."""
    folder = tmp_path_factory.mktemp("leaves")
    pictures = folder / "Leaves"
    pictures.mkdir()
    for number, colour in enumerate(COLOURS.tolist()):
        image = Image.new("RGB", (64, 48), tuple(colour))
        image.paste((255, 255, 255), (number % 48, 10, number % 48 + 9, 30))
        image.save(pictures / f"leaf {number:03}.png")
    program = renders_on_demand(Program(folder / "program"))
    prepare(program)
    assert program.run("add", pictures).status == 0
    window = RealWindow(screen, program)
    try:
        window.place(*PLACE)
        yield window
    finally:
        window.end()
    assert window.complaints() == []


@pytest.fixture
def grid(leaves: RealWindow) -> RealWindow:
    """All leaves are found, the grid is at its top and has the keys."""
    if leaves.title != "leaf":
        leaves.search("leaf")
    leaves.press("ctrl+f", "Down", "Home")
    leaves.screen.do("mousemove", 5, 790)
    leaves.shows_the_truth()
    return leaves


def seen(window: RealWindow) -> np.ndarray:
    """The pixels of the part of the screen that only results are on."""
    return np.asarray(window.screen.look().crop(GRID).convert("RGB"), np.int16)


def changed(before: np.ndarray, window: RealWindow) -> float:
    """The share of these pixels that are others by now."""
    return float((np.abs(seen(window) - before) > 2).any(axis=2).mean())


Act = Callable[[RealWindow], object]


def wheel(window: RealWindow) -> None:
    window.screen.do("mousemove", *MIDDLE, "click", "--repeat", 4, "--delay", 30, 5)


def drag_the_bar(window: RealWindow) -> None:
    right = PLACE[0] + PLACE[2] - 12 - 6
    window.screen.move((right, 190), (right, 500), pause=0.2)


@pytest.mark.parametrize(
    "act",
    [
        wheel,
        drag_the_bar,
        lambda window: window.press("End"),
        lambda window: window.press("Next"),
        lambda window: window.press(*["Down"] * 7),
    ],
    ids=["wheel", "scroll bar", "End", "Page down", "arrows"],
)
def test_scrolling_paints_what_it_scrolls_to(grid: RealWindow, act: Act) -> None:
    before = seen(grid)
    act(grid)
    until(lambda: changed(before, grid) > 0.1, "other results are on the screen", seconds=5)
    grid.shows_the_truth()


def test_after_scrolling_a_click_hits_what_is_seen_there(grid: RealWindow) -> None:
    wheel(grid)
    grid.shows_the_truth()
    place, name = a_leaf_on(grid)
    grid.screen.do("mousemove", *place, "click", 1)
    grid.shows_the_truth()
    grid.press("space")
    preview = grid.other(name)
    grid.screen.press(preview, "Escape")
    until(lambda: not grid.has_other(), "the preview is closed")


def a_leaf_on(window: RealWindow) -> tuple[tuple[int, int], str]:
    """A place on the screen where a picture is seen, and the picture's name, by its colour."""
    pixels = seen(window)
    for y in range(pixels.shape[0] // 2, pixels.shape[0], 4):
        for x in range(0, pixels.shape[1], 4):
            distance = np.abs(COLOURS - pixels[y, x]).max(axis=1)
            if distance.min() <= 3:
                return (GRID[0] + x, GRID[1] + y), f"leaf {distance.argmin():03}.png"
    pytest.fail("no picture is to be seen")
