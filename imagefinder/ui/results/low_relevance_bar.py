"""Bar at the end of the results that offers the possible matches."""

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QWidget

from imagefinder.translation import tr
from imagefinder.ui.widgets.labels import SecondaryLabel

_SIDE = 8
_BY_MOUSE = Qt.FocusReason.MouseFocusReason


def rest_words() -> str:
    """Return the sentence about the possible matches."""
    return tr("The remaining results are less likely to match.")


def show_rest_label() -> str:
    """Return the label of the button that shows the possible matches."""
    return tr("Show possible matches")


class LowRelevanceBar(QWidget):
    """Text in the secondary colour and a button, in the width of the results."""

    wanted = Signal()
    reached = Signal()
    """The button got the keyboard focus, so it should be scrolled into view."""
    left_upwards = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._words = SecondaryLabel(rest_words(), self)
        self.button = QPushButton(show_rest_label(), self)
        self.button.setToolTip(tr("Show less likely matches below these results"))
        self.button.setAccessibleName(show_rest_label())
        self.button.setAccessibleDescription(rest_words())
        self.button.clicked.connect(self.wanted)
        self.button.installEventFilter(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(_SIDE, 12, _SIDE, 12)
        row.setSpacing(16)
        row.addStretch(1)
        # The text wraps only in a narrow pane.
        row.addWidget(self._words, 1000)
        row.addWidget(self.button)
        row.addStretch(1)
        self._words.setMaximumWidth(self._words.fontMetrics().horizontalAdvance(rest_words()) + 4)
        self._row = row

    def height_in(self, width: int) -> int:
        """Return the height needed in a given width, in points."""
        return self._row.heightForWidth(width)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        # A button that was clicked is in view already.
        if isinstance(event, QFocusEvent) and event.gotFocus() and event.reason() != _BY_MOUSE:
            self.reached.emit()
        return super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.button.click()
        elif event.key() in (Qt.Key.Key_Up, Qt.Key.Key_Escape):
            self.left_upwards.emit()
        else:
            super().keyPressEvent(event)
