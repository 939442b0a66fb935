"""Base class of the settings pages, which lays out headings, rows and hints."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

_WIDEST = 620


class SettingsPage(QScrollArea):
    """Scrollable page with a column of headings, rows and hints."""

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
        """Add the heading of a group of rows."""
        label = QLabel(text, self)
        font = QFont(label.font())
        font.setBold(True)
        label.setFont(font)
        if self._column.count():
            # The space above belongs to the label, so that it is hidden with it.
            label.setContentsMargins(0, 16, 0, 0)
        self._column.addWidget(label)
        return label

    def row(self, label: str, *widgets: QWidget) -> None:
        """Add a label with controls to its right. The first control gets the label as its accessible name."""
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
        """Add a label with a control to its right that takes the remaining width."""
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
        """Add a control that takes the full width."""
        self._column.addWidget(widget)

    def buttons(self, *widgets: QPushButton) -> None:
        """Add buttons side by side."""
        line = QHBoxLayout()
        line.setSpacing(8)
        for widget in widgets:
            # Return presses only the focused button.
            widget.setAutoDefault(False)
            line.addWidget(widget)
        line.addStretch(1)
        self._column.addLayout(line)

    def text(self, text: str = "", *, is_quiet: bool = False) -> QLabel:
        """Add a selectable paragraph, in the secondary colour if ``is_quiet``."""
        label = QLabel(text, self)
        label.setWordWrap(True)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if is_quiet:
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._column.addWidget(label)
        return label

    def hint(self, text: str) -> QLabel:
        """Add a paragraph in the secondary colour."""
        return self.text(text, is_quiet=True)
