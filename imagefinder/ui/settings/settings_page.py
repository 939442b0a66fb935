"""Building blocks of a settings page: headings, rows, hints."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

_WIDEST = 620


class SettingsPage(QScrollArea):
    """One page: a column of headings, rows and hints, that scrolls where the window is small."""

    def __init__(self, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAccessibleName(title)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget(self)
        inside.setMaximumWidth(_WIDEST)
        self._column = QVBoxLayout(inside)
        self._column.setContentsMargins(24, 20, 24, 20)
        self._column.setSpacing(8)
        self._column.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.setWidget(inside)

    def heading(self, text: str) -> QLabel:
        """Begin a group of rows."""
        label = QLabel(text, self)
        font = QFont(label.font())
        font.setBold(True)
        label.setFont(font)
        if self._column.count():
            # Part of the label, so that it goes with it.
            label.setContentsMargins(0, 16, 0, 0)
        self._column.addWidget(label)
        return label

    def row(self, label: str, *widgets: QWidget) -> None:
        """A label with controls to its right; the first of them takes its name from the label."""
        line = QHBoxLayout()
        line.setSpacing(8)
        words = QLabel(label, self)
        words.setMinimumWidth(120)
        words.setBuddy(widgets[0])
        widgets[0].setAccessibleName(label.rstrip(":"))
        line.addWidget(words)
        for widget in widgets:
            line.addWidget(widget)
        line.addStretch(1)
        self._column.addLayout(line)

    def field(self, label: str, widget: QWidget) -> None:
        """A label with a control to its right that takes all the room there is."""
        line = QHBoxLayout()
        line.setSpacing(8)
        words = QLabel(label, self)
        words.setMinimumWidth(120)
        words.setBuddy(widget)
        line.addWidget(words, 0, Qt.AlignmentFlag.AlignTop)
        words.setContentsMargins(0, 6, 0, 0)
        line.addWidget(widget, 1)
        self._column.addLayout(line)

    def wide(self, widget: QWidget) -> None:
        """A control over the whole width."""
        self._column.addWidget(widget)

    def buttons(self, *widgets: QPushButton) -> None:
        """Buttons side by side."""
        line = QHBoxLayout()
        line.setSpacing(8)
        for widget in widgets:
            # Return shall press the one that has the focus, and none of its own accord.
            widget.setAutoDefault(False)
            line.addWidget(widget)
        line.addStretch(1)
        self._column.addLayout(line)

    def text(self, text: str = "", *, is_quiet: bool = False) -> QLabel:
        """A paragraph that can be selected; a quiet one explains."""
        label = QLabel(text, self)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if is_quiet:
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._column.addWidget(label)
        return label

    def hint(self, text: str) -> QLabel:
        """A quiet paragraph."""
        return self.text(text, is_quiet=True)
