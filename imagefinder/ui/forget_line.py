"""The question before a source is forgotten, asked in a line and not in a dialog."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from imagefinder.model.sources import Source, SourceKind
from imagefinder.translation import tr
from imagefinder.ui.quiet_label import ElidedLabel, QuietLabel
from imagefinder.ui.words import path_text, short_name, tooltip


class ForgetLine(QFrame):
    """Hidden until it is asked about a source."""

    confirmed = Signal(object)  # Path
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._path: Path | None = None
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.AlternateBase)
        self._question = QLabel(self)
        self._question.setWordWrap(True)
        self._question.setTextFormat(Qt.TextFormat.PlainText)
        self._where = ElidedLabel(parent=self)
        self._where.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._forget = QPushButton(tr("Forget"), self)
        self._forget.setAccessibleName(tr("Forget it; the files stay on disk"))
        self._keep = QPushButton(tr("Keep"), self)
        self._keep.setAccessibleName(tr("Keep it in the library"))
        self._keep.setToolTip(tr("Keep it in the library (Esc)"))
        for button in (self._forget, self._keep):
            button.setAutoDefault(True)
        self._forget.clicked.connect(self._confirm)
        self._keep.clicked.connect(self.close_line)

        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self._forget)
        buttons.addWidget(self._keep)
        buttons.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 8, 12, 8)
        whole.setSpacing(4)
        whole.addWidget(self._question)
        whole.addWidget(self._where)
        whole.addWidget(QuietLabel(tr("Files stay on disk."), self))
        whole.addSpacing(4)
        whole.addLayout(buttons)
        self.hide()

    @property
    def path(self) -> Path | None:
        """The source it asks about; None while it is closed."""
        return self._path

    def ask(self, source: Source) -> None:
        """Ask about a source."""
        self._path = source.path
        name = short_name(source.path)
        is_folder = source.kind is SourceKind.FOLDER
        self._question.setText(
            tr("Forget the folder “{name}”?", name=name) if is_folder else tr("Forget “{name}”?", name=name)
        )
        self._where.setText(path_text(source.path))
        self._where.setToolTip(tooltip(path_text(source.path)))
        self.show()
        # A key pressed twice must not forget anything.
        self._keep.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_line(self) -> None:
        """Ask no longer."""
        self._path = None
        self.hide()
        self.closed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.close_line()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            (self._forget if self._forget.hasFocus() else self._keep).click()
        else:
            super().keyPressEvent(event)

    def _confirm(self) -> None:
        path = self._path
        self.close_line()
        if path is not None:
            self.confirmed.emit(path)
