"""The keys of the whole program, for the page that shows them."""

from collections.abc import Sequence

from PySide6.QtGui import QAction, QKeySequence

from imagefinder.translation import tr
from imagefinder.ui.window.shortcuts_dialog import Group


def shortcut_groups(menus: Sequence[tuple[str, Sequence[QAction]]]) -> list[Group]:
    """Menus' keys as the menus have them, and the keys of results and preview."""
    text = QKeySequence.SequenceFormat.PortableText
    groups: list[Group] = [
        (
            title,
            [
                (action.shortcut().toString(text), action.text().rstrip("…"))
                for action in actions
                if not action.shortcut().isEmpty()
            ],
        )
        for title, actions in menus
    ]
    groups += [
        (
            tr("Searching"),
            [
                ("Ctrl+V", tr("Search by the picture or the file in the clipboard")),
                ("Backspace", tr("At the start of the words: take the last picture off")),
                ("Ctrl+Tab", tr("Next search")),
            ],
        ),
        (
            tr("Results"),
            [
                ("Return", tr("Open in the system's viewer")),
                ("Ctrl+Return", tr("Show in folder")),
                ("Space", tr("Preview")),
                ("S", tr("Find similar")),
                ("N", tr("Use as query in a new pane")),
                ("Ctrl+C", tr("Copy path")),
                ("Ctrl+Shift+C", tr("Copy picture")),
                ("Ctrl+Shift+S", tr("Copy files to a folder…").rstrip("…")),
                ("H", tr("Hide from results, or show again")),
            ],
        ),
        (
            tr("Preview"),
            [
                ("Left / Right", tr("Previous, next result")),
                ("PgUp / PgDown", tr("Turn the pages of a PDF")),
                ("+ / -", tr("Zoom")),
                ("0", tr("Fit into the window")),
                ("1", tr("Full size")),
                ("F11", tr("Full screen")),
                ("Esc", tr("Leave full screen, or close")),
            ],
        ),
    ]
    return [group for group in groups if group[1]]
