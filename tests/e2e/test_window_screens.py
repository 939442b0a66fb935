"""Windows on small and magnified screens, in full screen, and after a change of theme."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.program import Program
from helpers.real_window import RealWindow, prepare, renders_on_demand
from helpers.x11 import Screen, until, virtual_screen, window_manager
from smoke_pictures import FILES, order_seen

FILE_OF = {colour: name for name, colour in FILES.items()}


@pytest.fixture(
    scope="module", params=[((1920, 1080), 2), ((1366, 768), 1)], ids=["1920x1080 at 200 %", "1366x768"]
)
def desktop(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Screen, int]]:
    """X display with a window manager, and the scale factor of its windows."""
    size, scale = request.param
    with virtual_screen(tmp_path_factory.mktemp("desktop"), size) as screen, window_manager(screen):
        yield screen, scale


@pytest.fixture
def window(desktop: tuple[Screen, int], stocked: Program) -> Iterator[RealWindow]:
    """Window on this display."""
    screen, scale = desktop
    stocked.environment["QT_SCALE_FACTOR"] = str(scale)
    renders_on_demand(stocked)
    prepare(stocked)
    made = RealWindow(screen, stocked)
    yield made
    made.end()
    assert made.complaints() == []


def place_of(window: RealWindow, title: str) -> tuple[int, ...]:
    """Wait for another window of the program and return its left, top, width and height."""

    def find() -> tuple[int, ...]:
        # The main window may have the same title for a moment.
        return next((each.place for each in window.render() if each.title == title), ())

    return until(find, f"there is a window called {title}")


def lies_within(window: RealWindow, place: tuple[int, ...]) -> bool:
    left, top, width, height = place
    screen = window.screen.look()
    return left >= 0 and top >= 0 and left + width <= screen.width and top + height <= screen.height


def open_preview(window: RealWindow) -> None:
    """Open the preview of the orange picture."""
    window.search("orange")
    until(lambda: order_seen(window.screen.look())[:1] == ["orange"], "the picture is found")
    window.press("Down", "space")


def test_every_dialog_lies_within_the_screen(window: RealWindow, tmp_path: Path) -> None:
    screen = window.screen
    (tmp_path / "More").mkdir()
    assert window.start_again(tmp_path / "More") == 0
    screen.press(window.other("Add to library"), "alt+m")
    added = place_of(window, "Add to library")
    until(lambda: place_of(window, "Add to library")[3] > 400, "all options are unfolded")
    assert lies_within(window, place_of(window, "Add to library")), added
    screen.press(window.other("Add to library"), "Escape")
    until(lambda: not window.has_other(), "it is closed")

    for keys, title in (
        (("ctrl+comma",), "Settings"),
        (("F1",), "Keyboard shortcuts"),
        (("alt+h", "Up", "Return"), "About imagefinder"),
        (("alt+f", "Up", "Up", "Return"), "Files that can't be read"),
    ):
        window.press(*keys)
        other = window.other(title)
        assert lies_within(window, place_of(window, title)), title
        screen.press(other, "Escape")
        until(lambda: not window.has_other(), f"{title} is closed")

    main = next(each.place for each in window.render())
    assert lies_within(window, main)
    open_preview(window)
    assert lies_within(window, place_of(window, FILE_OF["orange"]))


def test_full_screen_is_left_before_the_preview_and_is_not_kept(window: RealWindow) -> None:
    screen = window.screen
    size = screen.look().size
    name = FILE_OF["orange"]
    open_preview(window)
    preview = window.other(name)
    usual = place_of(window, name)
    assert usual[2:] != size

    def is_full() -> bool:
        return place_of(window, name) == (0, 0, *size)

    for key in ("F11", "f"):
        screen.press(preview, key)
        until(is_full, "it fills the screen")
        screen.press(preview, "Escape")
        until(lambda: place_of(window, name) == usual, "it stands as before")
    screen.press(preview, "F11")
    until(is_full, "it fills the screen")
    screen.press(preview, "F11")
    until(lambda: place_of(window, name) == usual, "it stands as before")
    screen.press(preview, "Escape")
    until(lambda: not window.has_other(), "it is closed")

    # A window closed in full screen opens in its earlier size the next time.
    window.press("space")
    screen.press(window.other(name), "F11")
    until(is_full, "it fills the screen")
    screen.press(window.other(name), "space")
    until(lambda: not window.has_other(), "it is closed")
    window.press("space")
    until(lambda: place_of(window, name)[2:] == usual[2:], "it stands as before")


def test_a_program_that_ends_in_full_screen_opens_a_usual_preview_the_next_time(
    window: RealWindow, stocked: Program
) -> None:
    screen = window.screen
    name = FILE_OF["orange"]
    open_preview(window)
    usual = place_of(window, name)
    screen.press(window.other(name), "F11")
    until(lambda: place_of(window, name)[2:] == screen.look().size, "it fills the screen")
    window.press("ctrl+q")
    until(lambda: window.process.poll() is not None, "it has ended")

    again = RealWindow(screen, stocked)
    try:
        open_preview(again)
        assert again.other(name)
        until(lambda: place_of(again, name)[2:] == usual[2:], "the preview has its usual size")
    finally:
        again.end()
