"""Dialog with all keyboard shortcuts of the program."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence, QPalette
from PySide6.QtWidgets import (
    QDialogButtonBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from imagefinder.translation import tr
from imagefinder.ui.widgets.fitting_dialog import FittingDialog

_WIDTH = 760

Group = tuple[str, Sequence[tuple[str, str]]]
"""A heading, and keys (in Qt's portable form, like ``Ctrl+F``) with descriptions."""


class ShortcutsDialog(FittingDialog):
    """List of keyboard shortcuts in two columns, opened by F1."""

    def __init__(self, groups: Sequence[Group], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Keyboard shortcuts"))
        inside = QWidget(self)
        columns = QHBoxLayout(inside)
        columns.setContentsMargins(16, 12, 16, 12)
        columns.setSpacing(32)
        # Two columns of about the same height.
        half = sum(len(keys) + 2 for _, keys in groups) / 2
        column, filled = self._column(columns), 0
        for heading, keys in groups:
            if filled and filled + len(keys) / 2 >= half:
                column.addStretch(1)
                column, filled = self._column(columns), 0
            column.addWidget(self._group(heading, keys))
            filled += len(keys) + 2
        column.addStretch(1)
        area = QScrollArea(self)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidgetResizable(True)
        area.setWidget(inside)
        area.setAccessibleName(tr("Keyboard shortcuts"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.addWidget(area)
        layout.addWidget(buttons)
        # Avoid scrolling if the screen is large enough.
        margins = layout.contentsMargins()
        foot = layout.spacing() + buttons.sizeHint().height() + margins.top() + margins.bottom()
        self.resize(_WIDTH, inside.heightForWidth(_WIDTH - margins.left() - margins.right()) + foot)

    @staticmethod
    def _column(columns: QHBoxLayout) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(12)
        columns.addLayout(column, 1)
        return column

    def _group(self, heading: str, keys: Sequence[tuple[str, str]]) -> QWidget:
        group = QWidget(self)
        grid = QGridLayout(group)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(6)
        grid.setColumnStretch(1, 1)
        # Align the descriptions of all groups.
        grid.setColumnMinimumWidth(0, self.fontMetrics().horizontalAdvance("Ctrl+Shift+Right"))
        title = QLabel(heading, group)
        font = title.font()
        font.setBold(True)
        title.setFont(font)
        grid.addWidget(title, 0, 0, 1, 2)
        for row, (key, what) in enumerate(keys, 1):
            name = QLabel(_shown(key), group)
            name.setForegroundRole(QPalette.ColorRole.PlaceholderText)
            words = QLabel(what, group)
            words.setWordWrap(True)
            grid.addWidget(name, row, 0, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(words, row, 1)
        return group


def _shown(keys: str) -> str:
    # In the platform's notation: macOS uses symbols.
    shown = [
        QKeySequence(key.strip()).toString(QKeySequence.SequenceFormat.NativeText)
        for key in keys.split(" / ")
    ]
    return " / ".join(text or key for text, key in zip(shown, keys.split(" / "), strict=True))


def shortcut_groups(menus: Sequence[tuple[str, Sequence[QAction]]]) -> list[Group]:
    """Return the shortcuts of the menus' actions, and those of search panes, results and preview."""
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
                ("Ctrl+V", tr("Search by the picture or file on the clipboard")),
                ("Backspace", tr("With the cursor at the start: remove the last picture")),
                ("Ctrl+Tab", tr("Next search")),
            ],
        ),
        (
            tr("Results"),
            [
                ("Return", tr("Open in default app")),
                ("Ctrl+Return", tr("Show in folder")),
                ("Space", tr("Preview")),
                ("S", tr("Find similar")),
                ("N", tr("Use in a new search")),
                ("Ctrl+C", tr("Copy path")),
                ("Ctrl+Shift+C", tr("Copy picture")),
                ("Ctrl+Shift+S", tr("Copy to folder…").rstrip("…")),
                ("H", tr("Hide from results, or show again")),
            ],
        ),
        (
            tr("Preview"),
            [
                ("Left / Right", tr("Previous or next result")),
                ("PgUp / PgDown", tr("Previous or next page")),
                ("+ / -", tr("Zoom")),
                ("0", tr("Fit to window")),
                ("1", tr("Actual size")),
                ("F11", tr("Full screen")),
                ("Esc", tr("Exit full screen or close")),
            ],
        ),
    ]
    return [group for group in groups if group[1]]
