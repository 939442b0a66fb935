"""A real window operated by keyboard, and a little by mouse."""

from pathlib import Path

import pytest
from helpers.program import Program
from helpers.real_window import NAME, OpenWindow, RealWindow
from helpers.x11 import until
from smoke_pictures import COLOURS, FILES

SECOND_TAB = (420, 45)
FILE_OF = {colour: name for name, colour in FILES.items()}


@pytest.fixture
def names(window: RealWindow) -> list[str]:
    """Search for the orange picture and return the names of the files, best first."""
    window.search("orange")
    window.finds("orange")
    window.press("Down", "s")
    until(lambda: window.title == FILE_OF["orange"], "what is like the picture is searched")
    until(lambda: len(window.seen()) == len(COLOURS) - 1, "all but the picture itself are found")
    return [FILE_OF[colour] for colour in window.seen()]


def test_arrows_choose_and_enter_opens(window: RealWindow, names: list[str], five_pictures: Path) -> None:
    window.press("ctrl+f", "Down", "Right", "Return")
    until(window.opened, "a file is opened")
    assert window.opened() == [(five_pictures / names[1]).as_uri()]


def test_space_previews_and_arrows_walk_through_the_results(window: RealWindow, names: list[str]) -> None:
    window.press("ctrl+f", "Down", "space")
    preview = window.other(names[0])
    window.reads(f"1 of {len(names)}")

    window.screen.press(preview, "Right")
    assert window.other(names[1]) == preview, "it is the same window"
    window.reads(f"2 of {len(names)}")
    window.screen.press(preview, "Escape")
    until(lambda: not window.has_other(), "the preview is closed")

    # The results have been updated.
    window.press("space")
    window.screen.press(window.other(names[1]), "space")
    until(lambda: not window.has_other(), "the preview is closed by the key that opened it")


def test_searches_are_opened_and_closed_and_walked_through(window: RealWindow) -> None:
    window.search("orange")
    window.press("ctrl+t")
    until(lambda: window.title == NAME, "a new search is there")
    window.screen.type(window.id, "blue")
    until(lambda: window.title == "blue", "it is searched")
    window.finds("blue")

    window.press("ctrl+Tab")
    until(lambda: window.title == "orange", "the first is in front")
    window.finds("orange")

    window.press("ctrl+Tab", "ctrl+w")
    until(lambda: window.title == "orange", "the second is closed")
    # The last tab is emptied instead of closed.
    window.press("ctrl+w")
    until(lambda: window.title == NAME, "nothing is searched")


def test_the_words_are_gone_to_and_typed_over(window: RealWindow) -> None:
    window.search("orange")
    window.finds("orange")
    window.press("Down", "ctrl+f")
    window.screen.type(window.id, "green")
    until(lambda: window.title == "green", "the new words are searched")
    window.finds("green")

    window.press("Escape")
    until(lambda: window.title == NAME, "the query is empty")


def test_the_library_goes_and_comes_back(window: RealWindow) -> None:
    window.search("orange")
    window.finds("orange")
    left, _ = window.result("orange")

    window.press("F9")
    until(lambda: window.result("orange")[0] < left - 100, "the results have the room")
    window.press("F9")
    until(lambda: window.result("orange")[0] == left, "the library is back")


def test_menus_are_opened_by_keys(window: RealWindow) -> None:
    window.clear()
    window.press("alt+v")
    window.reads("New search beside this one")
    window.screen.do("key", "Escape", "Escape")
    until(lambda: not window.screen.says("New search beside this one"), "the menu is closed")

    window.press("F1")
    window.screen.press(window.other("Keyboard shortcuts"), "Escape")
    until(lambda: not window.has_other(), "the page of shortcuts is closed")


def test_keys_act_after_a_menu_over_several_pictures(
    window: RealWindow, names: list[str], five_pictures: Path
) -> None:
    screen = window.screen
    for keys in (("ctrl+f", "Down", "shift+End"), ("ctrl+f", "Down", "Home")):
        window.press(*keys)
        screen.do("mousemove", *window.result(FILES[names[0]]), "click", 3)
        window.reads("Use in a new search")
        screen.do("key", "Escape")
        until(lambda: not screen.says("Use in a new search"), "the menu is closed")

        window.press("space")
        screen.press(window.other(names[0]), "Escape")
        until(lambda: not window.has_other(), "the preview is closed")
        with screen.copied(b"nothing yet", "text/plain"):
            window.press("ctrl+shift+c")
            until(lambda: screen.clipboard("image/png"), "the picture is copied")
        before = len(window.opened())
        window.press("ctrl+Return")
        until(lambda before=before: len(window.opened()) > before, "its folder is shown")  # type: ignore[misc]
    window.press("s")
    until(lambda: window.title == names[0], "what is like the picture is searched")


def test_a_double_click_previews(window: RealWindow) -> None:
    window.search("orange")
    window.finds("orange")
    window.screen.do("mousemove", *window.result("orange"), "click", "--repeat", 2, "--delay", 60, 1)
    window.screen.press(window.other(FILE_OF["orange"]), "Escape")
    until(lambda: not window.has_other(), "the preview is closed")


def test_a_tab_dragged_to_the_edge_stands_beside_the_others(
    stocked: Program, open_window: OpenWindow
) -> None:
    window = open_window(stocked)
    window.search("orange")
    window.press("ctrl+t")
    until(lambda: window.title == NAME, "a new search is there")
    window.screen.type(window.id, "blue")
    until(lambda: window.title == "blue", "it is searched")
    window.finds("blue")

    window.screen.move(SECOND_TAB, (1150, 450))
    until(lambda: window.seen()[:2] == ["orange", "blue"], "both searches are to be seen")
    window.quit()
    groups = window.remembered()["panes"]["groups"]
    assert [[pane["text"] for pane in group["panes"]] for group in groups] == [["orange"], ["blue"]]


def test_no_key_deletes_a_file(window: RealWindow, five_pictures: Path) -> None:
    window.search("orange")
    window.finds("orange")
    window.press("Down", "Delete")
    window.reads("imagefinder never deletes your files.")
    assert {path.name for path in five_pictures.iterdir()} == set(FILES)
