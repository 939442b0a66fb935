"""Status line below a pane's results."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from imagefinder.ui.formatting import tooltip
from imagefinder.ui.widgets.labels import ElidedLabel


class PaneStatus(QWidget):
    """Line of text with an optional button. Hidden if there is no text."""

    action_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ElidedLabel(parent=self, mode=Qt.TextElideMode.ElideRight)
        self._words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        # A long text must not widen the pane. The tooltip has the complete text.
        self._words.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._action = QPushButton(self)
        self._action.clicked.connect(self.action_wanted)
        row = QHBoxLayout(self)
        row.setContentsMargins(4, 0, 4, 0)
        row.setSpacing(12)
        row.addWidget(self._words, 1)
        row.addWidget(self._action)
        self.say("")

    @property
    def text(self) -> str:
        """The text; empty if there is none."""
        return self._words.text()

    @property
    def action(self) -> str:
        """The label of the button; empty if there is none."""
        return self._action.text()

    def say(self, text: str, action: str = "") -> None:
        """Set the text and the label of the button; empty for none."""
        self._words.setText(text)
        self._words.setToolTip(tooltip(text))
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self.setVisible(bool(text))
