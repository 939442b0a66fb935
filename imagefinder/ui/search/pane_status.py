"""Status line below a pane's results, perhaps with an action."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from imagefinder.ui.formatting import tooltip
from imagefinder.ui.widgets.labels import ElidedLabel


class PaneStatus(QWidget):
    """Takes no room while there is nothing to say."""

    action_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = ElidedLabel(parent=self, mode=Qt.TextElideMode.ElideRight)
        self._words.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        # A long note must not hold the pane wide; the tooltip has it whole.
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
        """What it says."""
        return self._words.text()

    @property
    def action(self) -> str:
        """What it offers to do; empty where that is nothing."""
        return self._action.text()

    def say(self, text: str, action: str = "") -> None:
        """Say this, and offer that with a button."""
        self._words.setText(text)
        self._words.setToolTip(tooltip(text))
        self._action.setText(action)
        self._action.setVisible(bool(action))
        self.setVisible(bool(text))
