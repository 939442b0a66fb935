"""The first minutes of a new user, with the mouse and keyboard only."""

from pathlib import Path

from helpers.program import Program
from helpers.real_window import MIDDLE, NAME, OpenWindow
from helpers.x11 import Screen, until
from smoke_pictures import COLOURS, like


def test_a_folder_is_dropped_and_its_pictures_are_found_by_words_and_by_a_picture(
    screen: Screen, program: Program, open_window: OpenWindow, five_pictures: Path, tmp_path: Path
) -> None:
    window = open_window(program)
    window.reads("Drop a folder of pictures here", 1.9, 600)

    # Cancel the dialog at first.
    assert screen.drag_files(five_pictures, to=MIDDLE)
    screen.press(window.other("Add to library"), "Escape")
    until(lambda: not window.has_other(), "the question is removed")
    assert screen.says("Drop a folder of pictures here", 1.9, 600)
    assert window.items() == 0

    assert screen.drag_files(five_pictures, to=MIDDLE)
    screen.press(window.other("Add to library"), "Return")
    until(lambda: window.items() == len(COLOURS), "all pictures can be searched")
    window.reads(f"{len(COLOURS)} pictures and pages", 0.9)
    assert window.title == NAME

    window.search("orange")
    window.finds("orange")
    assert window.seen() == ["orange"]

    window.clear()
    picture = tmp_path / "seen somewhere.jpg"
    like("pink").save(picture, quality=90)
    assert screen.drag_files(picture, to=MIDDLE)
    until(lambda: window.title == picture.name, "the picture is what is searched by")
    window.finds("pink")
    until(lambda: sorted(window.seen()) == sorted(COLOURS), "the less alike follow")

    window.quit()
    (group,) = window.remembered()["panes"]["groups"]
    assert [term["label"] for term in group["panes"][0]["terms"]] == [picture.name]
