"""Tests of the dialog for adding folders."""

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from imagefinder.domain.sources import SourceOptions
from imagefinder.ui.library.add_dialog import AddFolderDialog
from imagefinder.ui.library.file_kinds import FileKinds, parse_extensions

KNOWN = ("heic", "jpg", "pdf", "png")


def make(
    qtbot: QtBot, existing: SourceOptions | None = None, known: tuple[str, ...] = KNOWN
) -> AddFolderDialog:
    dialog = AddFolderDialog((Path("/photos/Holiday"),), known, existing)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def take(dialog: AddFolderDialog, kind: FileKinds) -> None:
    dialog._kinds.setCurrentIndex(dialog._kinds.findData(kind))


def test_enter_alone_adds_with_good_defaults(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    with qtbot.waitSignal(dialog.accepted):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.options() == SourceOptions()


def test_escape_adds_nothing(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    with qtbot.waitSignal(dialog.rejected):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)


@pytest.mark.parametrize(
    ("kind", "extensions"),
    [(FileKinds.ALL, ()), (FileKinds.PICTURES, ("heic", "jpg", "png")), (FileKinds.PDF, ("pdf",))],
)
def test_kinds_become_extensions(qtbot: QtBot, kind: FileKinds, extensions: tuple[str, ...]) -> None:
    dialog = make(qtbot)
    take(dialog, kind)
    assert dialog.options().extensions == extensions


def test_a_list_of_ones_own_is_read_as_people_write_it(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    assert not dialog._listed.isVisible()
    take(dialog, FileKinds.LISTED)
    assert dialog._listed.isVisible()
    dialog._listed.setText(".JPG, *.png;jpg")
    assert dialog.options().extensions == ("jpg", "png")
    assert dialog._accept.isEnabled()


def test_a_kind_that_cannot_be_read_is_named(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    take(dialog, FileKinds.LISTED)
    assert not dialog._accept.isEnabled()
    dialog._listed.setText("docx")
    assert "docx" in dialog._hint.text()
    assert dialog._hint.isVisible()
    assert not dialog._accept.isEnabled()
    dialog._listed.setText("docx, jpg")
    assert dialog._accept.isEnabled()


def test_before_the_engine_has_told_its_kinds_none_is_called_strange(qtbot: QtBot) -> None:
    dialog = make(qtbot, known=())
    assert dialog._kinds.findData(FileKinds.PICTURES) < 0
    take(dialog, FileKinds.LISTED)
    dialog._listed.setText("jpg")
    assert not dialog._hint.isVisible()
    assert dialog._accept.isEnabled()


def test_what_is_left_out_is_one_glob_a_line(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    assert not dialog._exclude.isVisible()
    qtbot.mouseClick(dialog._more, Qt.MouseButton.LeftButton)
    assert dialog._exclude.isVisible()
    dialog._exclude.setPlainText("screens/\n\n  *-small.jpg ")
    dialog._include.setPlainText("2024*/")
    assert dialog.options().exclude == ("screens/", "*-small.jpg")
    assert dialog.options().include == ("2024*/",)


@pytest.mark.parametrize(
    "options",
    [
        SourceOptions(),
        SourceOptions(False, ("2024*/",), ("*.tmp",), ("pdf",)),
        SourceOptions(extensions=("heic", "jpg", "png")),
        SourceOptions(extensions=("png", "jpg")),
    ],
)
def test_options_that_are_not_touched_come_back_as_they_were(qtbot: QtBot, options: SourceOptions) -> None:
    assert make(qtbot, options).options() == options


def test_what_was_set_apart_before_is_not_folded_away(qtbot: QtBot) -> None:
    assert make(qtbot, SourceOptions(exclude=("*.tmp",)))._exclude.isVisible()


def test_tab_goes_from_top_to_bottom(qtbot: QtBot) -> None:
    dialog = make(qtbot)
    dialog._kinds.setFocus()
    met = []
    for _ in range(3):
        met.append(dialog.focusWidget())
        qtbot.keyClick(dialog.focusWidget(), Qt.Key.Key_Tab)
    assert met == [dialog._kinds, dialog._recursive, dialog._more]


def test_many_folders_are_named_in_short(qtbot: QtBot) -> None:
    dialog = AddFolderDialog([Path(f"/photos/{number}" * 30) for number in range(9)], KNOWN)
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.width() < 700


@pytest.mark.parametrize(
    ("names", "title", "asks_for_subfolders"),
    [
        (("a.jpg", "b.PNG"), "2 files", False),
        (("a.jpg", "2023"), "2 files and folders", True),
        (("2022", "2023"), "2 folders", True),
        (("a.jpg",), "a.jpg", False),
    ],
)
def test_what_is_added_is_called_what_it_is(
    qtbot: QtBot, names: tuple[str, ...], title: str, asks_for_subfolders: bool
) -> None:
    dialog = AddFolderDialog([Path("/photos") / name for name in names], KNOWN)
    qtbot.addWidget(dialog)
    dialog.show()
    assert title in [label.text() for label in dialog.findChildren(QLabel)]
    assert dialog._recursive.isVisible() is asks_for_subfolders


def test_extensions_are_told_apart_by_any_comma() -> None:
    assert parse_extensions("jpg，png、 .gif ;; *.HEIC") == ("jpg", "png", "gif", "heic")
