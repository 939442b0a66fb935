"""Appearance of a real window after a change of theme and after a choice from a menu."""

import json

import numpy as np
import pytest
from helpers.program import Program
from helpers.real_window import PLACE, OpenWindow, RealWindow, renders_on_demand, settings_file, until_zero
from helpers.x11 import until
from numpy.typing import NDArray

LIGHT, DARK = ("Down",), ("Down", "Down")
"""Keys in the theme menu, from its first entry."""
SORT_BUTTON = (960, 132)
ENTRY = (960, 165)
"""First entry of the sort menu."""


def pixels(window: RealWindow) -> NDArray[np.int16]:
    left, top, width, height = PLACE
    whole = np.asarray(window.screen.look().convert("RGB"), np.int16)
    return whole[top : top + height, left : left + width]


def in_theme(program: Program, name: str) -> Program:
    """Return the program with another theme in its settings and without a blinking text cursor."""
    file = settings_file(program)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"theme": name}))
    return renders_on_demand(program)


def switch(window: RealWindow, *keys: str) -> None:
    """Choose a theme in the menu."""
    window.press("alt+v", "Up", "Right", *keys, "Return")


def settle(window: RealWindow) -> None:
    window.search("orange")
    window.finds("orange")
    window.reads("Get a better model…", size=0.9)
    window.screen.do("mousemove", 1500, 950)


@pytest.mark.parametrize(("first", "keys", "then"), [("dark", LIGHT, "light"), ("light", DARK, "dark")])
def test_after_a_change_of_theme_the_window_is_as_one_started_in_it(
    open_window: OpenWindow,
    stocked: Program,
    stocked_too: Program,
    first: str,
    keys: tuple[str, ...],
    then: str,
) -> None:
    fresh = open_window(in_theme(stocked_too, then), theme="")
    settle(fresh)
    fresh.shows_the_truth()
    wanted = pixels(fresh)
    fresh.end()

    changed = open_window(in_theme(stocked, first), theme="")
    settle(changed)
    assert (pixels(changed) != wanted).any(axis=2).mean() > 0.5
    switch(changed, *keys)
    until(lambda: json.loads(settings_file(stocked).read_text())["theme"] == then, "the theme is kept")
    stale = until_zero(lambda: int((pixels(changed) != wanted).any(axis=2).sum()))
    assert stale == 0
    changed.shows_the_truth()


def test_the_button_of_the_orders_is_not_grey_once_its_menu_is_closed(
    open_window: OpenWindow, stocked: Program
) -> None:
    window = open_window(renders_on_demand(stocked))
    settle(window)
    before = pixels(window)
    for leave in (("click", 1), ("key", "Escape")):
        window.screen.do("mousemove", *SORT_BUTTON, "sleep", 0.2, "click", 1)
        window.reads("Largest first")
        window.screen.do("mousemove", *ENTRY, "sleep", 0.2, *leave, "sleep", 0.2, "mousemove", 1500, 950)
        until(lambda: not window.screen.says("Largest first"), "the menu is closed")
        assert until_zero(lambda: int((pixels(window) != before).any(axis=2).sum())) == 0
