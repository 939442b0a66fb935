"""Confirmation before a model is removed, shown in its card."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from imagefinder.domain.model_names import ModelInfo
from imagefinder.translation import tr
from imagefinder.ui.models.model_text import megabytes
from imagefinder.ui.widgets.labels import SecondaryLabel


class RemoveModelBar(QFrame):
    """Question whether to remove a model. Hidden until it is asked; Escape closes it."""

    confirmed = Signal(bool)
    """The user confirmed the removal; the argument is whether to delete the model's vectors, too."""
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("removal")
        self.setStyleSheet("#removal { background: palette(alternate-base); border-radius: 6px; }")
        self._question = QLabel(self)
        self._question.setWordWrap(True)
        self._question.setTextFormat(Qt.TextFormat.PlainText)
        self._vectors = QCheckBox(tr("Also delete this library's index for it"), self)
        self._vectors.toggled.connect(self._show_hint)
        self._hint = SecondaryLabel(parent=self)
        self._show_hint()
        self._remove = QPushButton(tr("Delete"), self)
        self._keep = QPushButton(tr("Keep"), self)
        for button in (self._remove, self._keep):
            button.setAutoDefault(False)
        self._keep.setToolTip(tr("Keep it (Esc)"))
        self._remove.clicked.connect(self._confirm)
        self._keep.clicked.connect(self.close_question)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._remove)
        buttons.addWidget(self._keep)
        buttons.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 8, 12, 12)
        whole.setSpacing(8)
        whole.addWidget(self._question)
        whole.addWidget(self._hint)
        whole.addWidget(self._vectors)
        whole.addLayout(buttons)
        self.hide()

    def ask(self, info: ModelInfo) -> None:
        """Show the question for a model."""
        if info.offer is not None:
            size = megabytes(info.offer.megabytes)
            question = tr("Delete {model}? This frees about {size}.", model=info.title, size=size)
        else:
            question = tr(
                "Delete {model}? Only imagefinder's copy is deleted, not the original file.",
                model=info.title,
            )
        self._question.setText(question)
        for button in (self._remove, self._keep):
            button.setAccessibleDescription(info.title)
        self._vectors.setChecked(False)
        self.show()
        # The focus goes to the safe button, so that a key pressed twice does not remove anything.
        self._keep.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_question(self) -> None:
        """Hide the question."""
        self.hide()
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_question()
        else:
            super().keyPressEvent(event)

    def _show_hint(self) -> None:
        self._hint.setText(
            tr(
                "If you install this model again, the library must be re-indexed with it. Your pictures aren't "
                "affected."
            )
            if self._vectors.isChecked()
            else tr(
                "The index is kept, so nothing needs to be re-indexed if you install this model again. Your "
                "pictures aren't affected."
            )
        )

    def _confirm(self) -> None:
        with_vectors = self._vectors.isChecked()
        self.close_question()
        self.confirmed.emit(with_vectors)
