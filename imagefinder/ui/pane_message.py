"""What stands in a pane where there are no results: a hint, the reason, and what to do."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from imagefinder.translation import tr
from imagefinder.ui.flow_box import FlowBox
from imagefinder.ui.icons import icon

_WIDTH = 460
"""Points: longer lines are hard to read."""


class PaneMessage(QWidget):
    """An icon, a heading, a sentence or two, and perhaps words to try."""

    example_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sign = _Sign(self)
        self._heading = _line(self)
        font = self._heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.35)
        font.setWeight(QFont.Weight.DemiBold)
        self._heading.setFont(font)
        self._text = _line(self)
        self._text.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._examples = FlowBox(8, is_centred=True, parent=self)
        self._examples.setMaximumWidth(_WIDTH)
        inside = QVBoxLayout()
        inside.setSpacing(12)
        inside.addStretch(2)
        inside.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignHCenter)
        for widget in (self._heading, self._text, self._examples):
            inside.addWidget(widget)
        inside.addStretch(3)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 16, 16, 32)
        row.addStretch(1)
        row.addLayout(inside, 100)
        row.addStretch(1)

    @property
    def heading(self) -> str:
        """What it says first."""
        return self._heading.text()

    @property
    def text(self) -> str:
        """What it says below."""
        return self._text.text()

    def show_message(self, sign: str, heading: str, text: str = "", examples: Sequence[str] = ()) -> None:
        """Say something else; ``sign`` names an icon, the examples can be clicked."""
        self._sign.show_icon(sign)
        self._heading.setText(heading)
        self._text.setText(text)
        self._text.setVisible(bool(text))
        self._set_examples(examples)

    def _set_examples(self, examples: Sequence[str]) -> None:
        for old in self._examples.widgets():
            self._examples.remove(old)
        for words in examples:
            button = QPushButton(words, self._examples)
            button.setAccessibleName(tr("Search for {words}", words=words))
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.clicked.connect(lambda _=False, words=words: self.example_chosen.emit(words))
            self._examples.insert(len(self._examples.widgets()), button)
        self._examples.setVisible(bool(examples))


class _Sign(QWidget):
    """A large icon, quieter than the text."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._name = "search"
        self.setFixedSize(QSize(56, 56))

    def show_icon(self, name: str) -> None:
        self._name = name
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setOpacity(0.4)
        icon(self._name).paint(painter, self.rect().adjusted(4, 4, -4, -4))


def _line(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    label.setMaximumWidth(_WIDTH)
    return label
