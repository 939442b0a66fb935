"""Base class of bars that ask for a confirmation within the library panel."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from imagefinder.ui.formatting import path_text, tooltip
from imagefinder.ui.widgets.labels import ElidedLabel, SecondaryLabel

_NAMED = 20
"""Maximum number of sources listed in the tooltip."""


class ConfirmationBar(QFrame):
    """Question about one or more sources, with two buttons. Subclasses supply the texts.

    The bar is hidden until a question is asked. Escape closes it.
    """

    confirmed = Signal(tuple)  # tuple[Path, ...]
    closed = Signal()

    def __init__(self, yes: QPushButton, no: QPushButton, note: str, parent: QWidget | None = None) -> None:
        """Create a hidden bar.

        Args:
            yes: The button that confirms.
            no: The button that closes the bar without confirming.
            note: Explanation shown below every question.
            parent: The parent widget.
        """
        super().__init__(parent)
        self._paths: tuple[Path, ...] = ()
        self._yes, self._no = yes, no
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self._question = QLabel(self)
        self._question.setWordWrap(True)
        self._question.setTextFormat(Qt.TextFormat.PlainText)
        self._where = ElidedLabel(parent=self)
        self._where.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        for button in (yes, no):
            button.setAutoDefault(True)
        yes.clicked.connect(self._confirm)
        no.clicked.connect(self.close_line)

        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(yes)
        buttons.addWidget(no)
        buttons.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 8, 12, 8)
        whole.setSpacing(4)
        whole.addWidget(self._question)
        whole.addWidget(self._where)
        whole.addWidget(SecondaryLabel(note, self))
        whole.addSpacing(4)
        whole.addLayout(buttons)
        self.hide()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The sources in question; empty while the bar is closed."""
        return self._paths

    def close_line(self) -> None:
        """Hide the bar and discard its question."""
        self._paths = ()
        self.hide()
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_line()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            (self._yes if self._yes.hasFocus() else self._no).click()
        else:
            super().keyPressEvent(event)

    def _show(self, question: str, sources: Sequence[Path]) -> None:
        self._paths = tuple(sources)
        self._question.setText(question)
        paths = [path_text(path) for path in self._paths[:_NAMED]]
        if len(self._paths) > _NAMED:
            paths.append("…")
        # If there are several sources, the selection in the list shows which.
        self._where.setVisible(len(paths) == 1)
        self._where.setText(paths[0])
        for label in (self._question, self._where):
            label.setToolTip(tooltip("\n".join(paths)))
        self.show()
        # The focus goes to the safe button, so that a key pressed twice does not confirm the question.
        self._no.setFocus(Qt.FocusReason.OtherFocusReason)

    def _confirm(self) -> None:
        paths = self._paths
        self.close_line()
        if paths:
            self.confirmed.emit(paths)
