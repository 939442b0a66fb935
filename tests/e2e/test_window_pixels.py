"""Comparison of the screen after a user's action with a fresh rendering of the window's state.

A widget that changes its state without repainting passes every test that only checks the state. These tests
catch it.
"""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from helpers.program import Program
from helpers.real_window import RealWindow, prepare, renders_on_demand
from helpers.x11 import Screen, until
from numpy.typing import NDArray
from PIL import Image

COLOURS = np.random.default_rng(1).integers(0, 230, (160, 3))
"""One colour for each picture, so that any pixel identifies its picture."""
Pixels = NDArray[np.int16]


class Leaves:
    """Window with more results than fit on the screen, and actions at positions given in points."""

    def __init__(self, window: RealWindow, scale: int) -> None:
        self.window = window
        self.screen = window.screen
        self.scale = scale
        self.press = window.press
        width, height = (1180, 780) if scale == 1 else (800, 500)
        window.place(0, 0, width * scale, height * scale)
        self.size = (width, height)
        self.grid = (310, 190, width - 50, height - 80)
        """Part of the window that only shows results: left, top, right, bottom."""

    @property
    def middle(self) -> tuple[int, int]:
        left, top, right, bottom = self.grid
        return (left + right) // 2, (top + bottom) // 2

    def at(self, place: tuple[int, int]) -> tuple[int, int]:
        """Return the screen position of a point in the window, in pixels."""
        return place[0] * self.scale, place[1] * self.scale

    def click(self, place: tuple[int, int], button: int = 1, times: int = 1) -> None:
        self.screen.do("mousemove", *self.at(place), "click", "--repeat", times, "--delay", 40, button)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        self.screen.move(self.at(start), self.at(end), pause=0.2)

    def seen(self) -> Pixels:
        """Return the pixels of the part of the screen that only shows results."""
        box = [each * self.scale for each in self.grid]
        return np.asarray(self.screen.look().crop(tuple(box)).convert("RGB"), np.int16)  # type: ignore[arg-type]

    def waits_for_change(self, before: Pixels, share: float) -> None:
        """Wait until this share of the pixels has changed."""

        def changed() -> bool:
            return bool((np.abs(self.seen() - before) > 2).any(axis=2).mean() > share)

        until(changed, "other pixels are on the screen", seconds=8)

    def a_leaf(self) -> tuple[tuple[int, int], str]:
        """Return a position where a picture is visible, and the name of the picture, identified by its colour."""
        pixels = self.seen()
        for y in range(0, pixels.shape[0], 4):
            for x in range(0, pixels.shape[1], 4):
                distance = np.abs(COLOURS - pixels[y, x]).max(axis=1)
                if distance.min() <= 3:
                    place = (self.grid[0] + x // self.scale, self.grid[1] + y // self.scale)
                    return place, f"leaf {distance.argmin():03}.png"
        pytest.fail("no picture is to be seen")

    def shows_the_truth(self, title: str | None = None) -> None:
        self.window.shows_the_truth(title)


@pytest.fixture(scope="module", params=[1, 2], ids=["100 %", "200 %"])
def opened(
    request: pytest.FixtureRequest, screen: Screen, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Leaves]:
    folder = tmp_path_factory.mktemp("leaves")
    pictures = folder / "Leaves"
    pictures.mkdir()
    for number, colour in enumerate(COLOURS.tolist()):
        image = Image.new("RGB", (64, 48), tuple(colour))
        image.paste((255, 255, 255), (number % 48, 10, number % 48 + 9, 30))
        image.save(pictures / f"leaf {number:03}.png")
    program = renders_on_demand(Program(folder / "program"))
    program.environment["QT_SCALE_FACTOR"] = str(request.param)
    prepare(program)
    assert program.run("add", pictures).status == 0
    window = RealWindow(screen, program)
    try:
        yield Leaves(window, request.param)
    finally:
        window.end()
    assert window.complaints() == []


@pytest.fixture
def leaves(opened: Leaves) -> Leaves:
    """Window with all leaves found, scrolled to the top, with the focus in the grid and the mouse outside."""
    window = opened.window
    opened.screen.do("mousemove", 1599, 999)
    if window.title != "leaf":
        window.search("leaf")
    opened.press("ctrl+f", "Down", "Home")
    opened.shows_the_truth()
    return opened


Act = Callable[[Leaves], object]


def wheel(leaves: Leaves) -> None:
    leaves.click(leaves.middle, button=5, times=4)


def drag_the_bar(leaves: Leaves) -> None:
    right = leaves.size[0] - 18
    leaves.drag((right, 190), (right, leaves.size[1] - 100))


SCROLLS: dict[str, Act] = {
    "wheel": wheel,
    "scroll bar": drag_the_bar,
    "End": lambda leaves: leaves.press("End"),
    "Page down": lambda leaves: leaves.press("Next"),
    "arrows": lambda leaves: leaves.press(*["Down"] * 7),
}


@pytest.mark.parametrize("act", SCROLLS.values(), ids=SCROLLS)
def test_scrolling_paints_what_it_scrolls_to(leaves: Leaves, act: Act) -> None:
    before = leaves.seen()
    act(leaves)
    leaves.waits_for_change(before, 0.1)
    leaves.shows_the_truth()


def test_after_scrolling_a_click_hits_what_is_seen_there(leaves: Leaves) -> None:
    wheel(leaves)
    leaves.shows_the_truth()
    place, name = leaves.a_leaf()
    leaves.click(place)
    leaves.shows_the_truth()
    leaves.press("space")
    preview = leaves.window.other(name)
    leaves.screen.press(preview, "Escape")
    until(lambda: not leaves.window.has_other(), "the preview is closed")


def test_the_card_below_the_mouse_is_left_behind_by_none(leaves: Leaves) -> None:
    left, top, right, bottom = leaves.grid
    for place in ((left + 40, top + 60), (right - 60, top + 80), (left + 40, bottom - 20)):
        leaves.screen.do("mousemove", *leaves.at(place))
        leaves.shows_the_truth()
    wheel(leaves)
    leaves.screen.do("mousemove", 1599, 999)
    leaves.shows_the_truth()


def test_a_band_selects_what_it_is_drawn_over(leaves: Leaves) -> None:
    plain = leaves.seen()
    # The outermost pixels of the grid belong to no item.
    start, end = (287, 164), leaves.middle
    leaves.screen.do("mousemove", *leaves.at(start), "mousedown", 1)
    for share in (0.3, 0.6, 1.0):
        way = tuple(round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
        leaves.screen.do("mousemove", *leaves.at(way))  # type: ignore[arg-type]
        leaves.shows_the_truth()
    with_band = leaves.seen()
    leaves.waits_for_change(plain, 0.05)
    leaves.screen.do("mouseup", 1)
    leaves.waits_for_change(with_band, 0.02)
    leaves.shows_the_truth()


ACTS: dict[str, tuple[Act, ...]] = {
    "select all": (lambda leaves: leaves.press("ctrl+a"), lambda leaves: leaves.press("Right")),
    "larger and smaller": (
        lambda leaves: leaves.press("ctrl+plus", "ctrl+plus"),
        wheel,
        lambda leaves: leaves.press("ctrl+minus", "ctrl+minus"),
    ),
    "a row of selected": (
        lambda leaves: leaves.press("shift+Right", "shift+Down"),
        lambda leaves: leaves.press("Down"),
    ),
    "hide": (lambda leaves: leaves.press("h"), lambda leaves: leaves.press("ctrl+shift+h")),
    "a notice": (lambda leaves: leaves.press("Delete"), lambda leaves: leaves.press("ctrl+c")),
    "the library panel": (lambda leaves: leaves.press("F9"), lambda leaves: leaves.press("F9")),
    "panes side by side": (
        lambda leaves: leaves.press("ctrl+shift+Right"),
        lambda leaves: leaves.screen.type(leaves.window.id, "leaf 1"),
        lambda leaves: leaves.press("Down", "Next"),
        lambda leaves: leaves.press("ctrl+w"),
    ),
    "tabs": (
        lambda leaves: leaves.press("ctrl+t"),
        lambda leaves: leaves.press("ctrl+Tab"),
        lambda leaves: leaves.press("ctrl+Tab", "ctrl+w"),
    ),
    "the window's size": (
        lambda leaves: leaves.screen.do("windowsize", "--sync", leaves.window.id, 1300, 900),
        wheel,
        lambda leaves: leaves.window.place(0, 0, *(each * leaves.scale for each in leaves.size)),
    ),
}


@pytest.mark.parametrize("acts", ACTS.values(), ids=ACTS)
def test_whatever_is_done_is_painted(leaves: Leaves, acts: tuple[Act, ...]) -> None:
    for act in acts:
        before = np.asarray(leaves.screen.look())
        act(leaves)
        until(
            lambda before=before: (np.asarray(leaves.screen.look()) != before).any(),  # type: ignore[misc]
            "something is seen",
            8,
        )
        leaves.shows_the_truth()


def test_chips_come_and_go(leaves: Leaves) -> None:
    leaves.press("s")
    until(lambda: leaves.window.title == "leaf 000.png", "what is like the picture is searched")
    leaves.shows_the_truth()
    leaves.press("Down", "Right", "s")
    until(lambda: leaves.window.title not in ("leaf 000.png", "leaf"), "another picture is searched by")
    leaves.shows_the_truth()
    leaves.press("ctrl+f")
    leaves.screen.type(leaves.window.id, "leaf")
    leaves.shows_the_truth()
    leaves.press("ctrl+f", "Home", "Left", "Delete")
    until(lambda: leaves.window.title == "leaf", "the chip is removed")
    leaves.shows_the_truth()


def test_the_preview_shows_what_it_is_at(leaves: Leaves) -> None:
    leaves.press("space")
    preview = leaves.window.other("leaf 000.png")
    leaves.shows_the_truth("leaf 000.png")
    for keys, title in (
        (["Right"], "leaf 001.png"),
        (["plus", "plus"], "leaf 001.png"),
        (["i"], "leaf 001.png"),
        (["i", "0"], "leaf 001.png"),
        (["Left"], "leaf 000.png"),
    ):
        leaves.screen.press(preview, *keys)
        leaves.window.other(title)
        leaves.shows_the_truth(title)
    leaves.screen.do("mousemove", 500, 400, "click", "--repeat", 5, "--delay", 30, 4)
    leaves.shows_the_truth("leaf 000.png")
    leaves.screen.move((500, 400), (420, 340), pause=0.2)
    leaves.shows_the_truth("leaf 000.png")
    leaves.screen.press(preview, "Escape")
    until(lambda: not leaves.window.has_other(), "the preview is closed")
    leaves.shows_the_truth()
