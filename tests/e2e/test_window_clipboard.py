"""The clipboard between a real window and other programs."""

import io
from pathlib import Path

from helpers.real_window import NAME, RealWindow
from helpers.x11 import Screen, files_as_data, until
from smoke_pictures import FILES, like


def _png(name: str) -> bytes:
    buffer = io.BytesIO()
    like(name).save(buffer, "PNG")
    return buffer.getvalue()


def test_a_copied_picture_is_pasted_and_searched_by(screen: Screen, window: RealWindow) -> None:
    window.clear()
    with screen.copied(_png("pink"), "image/png"):
        window.press("ctrl+v")
        until(lambda: window.title == "Pasted picture", "the picture is searched by")
    window.finds("pink")


def test_files_copied_in_a_file_manager_are_pasted_and_searched_by(
    screen: Screen, window: RealWindow, five_pictures: Path
) -> None:
    window.clear()
    file = next(five_pictures / name for name, colour in FILES.items() if colour == "blue")
    data = files_as_data(file)["text/uri-list"]
    assert isinstance(data, str)
    with screen.copied(data.encode(), "text/uri-list"):
        window.press("ctrl+v")
        until(lambda: window.title == file.name, "the file is searched by")


def test_words_are_pasted_as_words(screen: Screen, window: RealWindow) -> None:
    window.clear()
    with screen.copied(b"orange", "UTF8_STRING"):
        window.press("ctrl+v")
        until(lambda: window.title == "orange", "the words are searched")
    window.finds("orange")


def test_pasting_nothing_changes_nothing(screen: Screen, window: RealWindow) -> None:
    window.search("orange")
    with screen.copied(b"\0\1", "application/x-of-another-program"):
        window.press("ctrl+v", "s")
        # Keys are handled in order, so this key proves that the earlier one was handled.
        until(lambda: window.title == "oranges", "the next key arrives")
    assert window.title != NAME


def test_results_are_copied_as_files_and_as_pictures(
    screen: Screen, window: RealWindow, five_pictures: Path
) -> None:
    window.search("orange")
    window.finds("orange")
    file = next(five_pictures / name for name, colour in FILES.items() if colour == "orange")
    window.press("Down", "ctrl+c")
    until(lambda: screen.clipboard("text/uri-list").split() == [file.as_uri().encode()], "the file is copied")
    assert screen.clipboard("UTF8_STRING").decode() == str(file)
    window.press("ctrl+shift+c")
    until(lambda: screen.clipboard("image/png").startswith(b"\x89PNG"), "the picture is copied")
