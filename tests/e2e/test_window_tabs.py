"""Tabs dragged with the mouse: to the side, along their bar, into another bar, and closed during the drag."""

import pytest
from helpers.program import Program
from helpers.real_window import OpenWindow, RealWindow
from helpers.x11 import until

ROW = 45
"""Distance of the tab bars from the top of the window, in pixels."""
FIRST, SECOND, THIRD = (320, ROW), (420, ROW), (520, ROW)
"""Tabs of one group."""
RIGHT_BAR = (1100, ROW)
LEFT_EDGE, RIGHT_EDGE = (300, 450), (1150, 450)
RIGHT_TAB = (780, ROW)
"""First tab of the right one of two groups."""


@pytest.fixture
def window(stocked: Program, open_window: OpenWindow) -> RealWindow:
    """Window with three tabs: orange, blue, and green, which is active."""
    made = open_window(stocked)
    made.search("orange")
    for words in ("blue", "green"):
        made.press("ctrl+t")
        made.screen.type(made.id, words)
        until(lambda words=words: made.title == words, f"{words} is searched")  # type: ignore[misc]
    made.finds("green")
    return made


def groups(window: RealWindow) -> list[list[str]]:
    """Close the window and return the words of its searches, by pane group, as saved."""
    window.quit()
    return [[pane["text"] for pane in group["panes"]] for group in window.remembered()["panes"]["groups"]]


@pytest.mark.parametrize(
    ("tab", "to", "title", "expected"),
    [
        (THIRD, RIGHT_EDGE, "green", [["orange", "blue"], ["green"]]),
        (FIRST, RIGHT_EDGE, "orange", [["blue", "green"], ["orange"]]),
        (SECOND, LEFT_EDGE, "blue", [["blue"], ["orange", "green"]]),
        (FIRST, RIGHT_BAR, "orange", [["blue", "green", "orange"]]),
        (THIRD, (290, ROW), "green", [["green", "orange", "blue"]]),
        (SECOND, SECOND, "blue", [["orange", "blue", "green"]]),
    ],
    ids=["front-right", "behind-right", "behind-left", "along", "along-back", "nowhere"],
)
def test_a_dragged_tab_goes_where_it_is_dropped(
    window: RealWindow,
    tab: tuple[int, int],
    to: tuple[int, int],
    title: str,
    expected: list[list[str]],
) -> None:
    window.screen.move(tab, to)
    until(lambda: window.title == title, "the dragged search is in use")
    # The dragged pane gets the keyboard focus.
    window.press("ctrl+a")
    window.screen.type(window.id, "red")
    until(lambda: window.title == "red", "its words are typed into it")
    assert groups(window) == [["red" if text == title else text for text in group] for group in expected]


def test_tabs_move_between_the_bars_of_two_groups_and_the_last_takes_its_group_along(
    window: RealWindow,
) -> None:
    window.screen.move(THIRD, RIGHT_EDGE)
    until(lambda: window.title == "green", "green stands to the right")
    window.screen.move(FIRST, RIGHT_BAR)
    until(lambda: window.title == "orange", "orange is in the right bar")
    # Blue is the last tab of the left group. It moves to the far right.
    window.screen.move(FIRST, RIGHT_EDGE)
    until(lambda: window.title == "blue", "blue stands to the right")
    # The left group closes when its last tab leaves it.
    window.screen.move(FIRST, RIGHT_BAR)
    until(lambda: window.title == "green", "green is in the right bar")
    window.screen.move(FIRST, RIGHT_BAR)
    until(lambda: window.title == "orange", "orange is in the only bar")
    assert groups(window) == [["blue", "green", "orange"]]


def test_a_group_that_is_one_tab_changes_sides(window: RealWindow) -> None:
    window.screen.move(THIRD, RIGHT_EDGE)
    until(lambda: window.title == "green", "green stands to the right")
    window.screen.move(RIGHT_TAB, LEFT_EDGE)
    # The title does not show when the click is handled, because the active pane stays active.
    window.screen.do("mousemove", *FIRST, "sleep", 0.5, "click", 1)
    until(lambda: window.title == "green", "green stands to the left")
    assert groups(window) == [["green"], ["orange", "blue"]]


def test_a_key_pressed_while_a_tab_is_dragged_leaves_all_in_order(window: RealWindow) -> None:
    screen = window.screen
    screen.do("mousemove", *SECOND, "sleep", 0.1, "mousedown", 1, "sleep", 0.1)
    for x in range(SECOND[0], SECOND[0] + 200, 20):
        screen.do("mousemove", x, 400, "sleep", 0.03)
    screen.do("key", "ctrl+w", "sleep", 0.3, "mousemove", *RIGHT_EDGE, "sleep", 0.3)
    screen.do("mousemove", RIGHT_EDGE[0] + 2, RIGHT_EDGE[1], "sleep", 0.3, "mouseup", 1, "sleep", 0.5)
    window.search("red")
    assert groups(window) == [["orange", "green"], ["red"]]


def test_a_drag_that_is_given_up_changes_nothing(window: RealWindow) -> None:
    screen = window.screen
    screen.do("mousemove", *FIRST, "sleep", 0.1, "mousedown", 1, "sleep", 0.1)
    for y in range(ROW, 460, 40):
        screen.do("mousemove", RIGHT_EDGE[0], y, "sleep", 0.03)
    screen.do("key", "Escape", "sleep", 0.3, "mouseup", 1, "sleep", 0.3)
    until(lambda: window.title == "orange", "the pressed search is in front")
    assert groups(window) == [["orange", "blue", "green"]]
