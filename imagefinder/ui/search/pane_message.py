"""What stands in a pane where there are no results: a hint, the reason, and what to do."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from imagefinder.translation import tr
from imagefinder.ui.results.low_relevance_bar import show_rest_label
from imagefinder.ui.widgets.flow_box import FlowBox
from imagefinder.ui.widgets.sign import IconLabel

_WIDTH = 460
"""Points: longer lines are hard to read."""


class PaneMessage(QScrollArea):
    """An icon, a heading, a sentence or two, and perhaps words to try. It scrolls where the window is low."""

    example_chosen = Signal(str)
    action_wanted = Signal()
    folder_wanted = Signal()
    """The user wants to add a folder to the library."""
    rest_wanted = Signal()
    """The user wants to see what was left out because it is probably irrelevant."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        page = QWidget(self)
        # The window's own ground, not a field's.
        self.viewport().setAutoFillBackground(False)
        page.setAutoFillBackground(False)
        self._sign = IconLabel("search", 48, self, opacity=0.4)
        self._heading = _line(self)
        font = self._heading.font()
        font.setPointSizeF(font.pointSizeF() * 1.35)
        font.setWeight(QFont.Weight.DemiBold)
        self._heading.setFont(font)
        self._text = _line(self)
        self._text.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.rest_button = QPushButton(show_rest_label(), self)
        self.rest_button.clicked.connect(self.rest_wanted)
        self._examples = FlowBox(8, is_centred=True, parent=self)
        self._advice = _line(self)
        self._advice.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._action = QPushButton(self)
        self._action.clicked.connect(self._act)
        self._adds_folder = False
        column = QWidget(page)
        column.setMaximumWidth(_WIDTH)
        inside = QVBoxLayout(column)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(12)
        inside.addStretch(2)
        inside.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignHCenter)
        for widget in (self._heading, self._text, self._examples):
            inside.addWidget(widget)
        inside.addWidget(self.rest_button, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addSpacing(20)
        inside.addWidget(self._advice)
        inside.addWidget(self._action, 0, Qt.AlignmentFlag.AlignHCenter)
        inside.addStretch(3)
        row = QHBoxLayout(page)
        row.setContentsMargins(16, 16, 16, 32)
        row.addStretch(1)
        row.addWidget(column, 100)
        row.addStretch(1)
        self.setWidget(page)

    @property
    def has_focus(self) -> bool:
        """Whether the keys go to one of its buttons."""
        focused = self.window().focusWidget()
        return focused is not None and self.isAncestorOf(focused)

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
        self.rest_button.hide()
        self.advise("")

    def offer_rest(self) -> None:
        """Offer, below what it says, to show what was left out."""
        self.rest_button.show()

    def advise(self, text: str, action: str = "", *, adds_folder: bool = False) -> None:
        """Say something more at the end, with a button; nothing where it is empty.

        The button is for adding a folder where it ``adds_folder``, else for what ``action_wanted`` leads to.
        """
        self._adds_folder = adds_folder
        self._advice.setText(text)
        self._action.setText(action)
        self._advice.setVisible(bool(text))
        self._action.setVisible(bool(action))

    def _act(self) -> None:
        (self.folder_wanted if self._adds_folder else self.action_wanted).emit()

    def examples(self) -> list[QPushButton]:
        """The words that can be clicked."""
        return [each for each in self._examples.widgets() if isinstance(each, QPushButton)]

    @property
    def advice(self) -> str:
        """What it says at the end."""
        return self._advice.text()

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


def _line(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setWordWrap(True)
    return label
