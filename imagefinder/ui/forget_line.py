"""The question before sources are forgotten, asked in a line and not in a dialog."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from imagefinder.model.sources import Source, SourceKind
from imagefinder.translation import tr
from imagefinder.ui.quiet_label import ElidedLabel, QuietLabel
from imagefinder.ui.words import grouped, path_text, short_name, tooltip

_NAMED = 20
"""Of many sources, those that the tooltip names."""


class ForgetLine(QFrame):
    """Hidden until it is asked about a source, or several."""

    confirmed = Signal(tuple)  # tuple[Path, ...]
    closed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._paths: tuple[Path, ...] = ()
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
    def paths(self) -> tuple[Path, ...]:
        """The sources it asks about; none while it is closed."""
        return self._paths

    def ask(self, *sources: Source) -> None:
        """Ask about one source or more."""
        self._paths = tuple(source.path for source in sources)
        self._question.setText(_question(sources))
        paths = [path_text(path) for path in self._paths[:_NAMED]]
        if len(self._paths) > _NAMED:
            paths.append("…")
        # Of several the list shows by its selection which are meant.
        self._where.setVisible(len(paths) == 1)
        self._where.setText(paths[0])
        for label in (self._question, self._where):
            label.setToolTip(tooltip("\n".join(paths)))
        self.show()
        # A key pressed twice must not forget anything.
        self._keep.setFocus(Qt.FocusReason.OtherFocusReason)

    def close_line(self) -> None:
        """Ask no longer."""
        self._paths = ()
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
        paths = self._paths
        self.close_line()
        if paths:
            self.confirmed.emit(paths)


def _question(sources: Sequence[Source]) -> str:
    kinds, count = {source.kind for source in sources}, len(sources)
    if count == 1:
        name = short_name(sources[0].path)
        is_folder = SourceKind.FOLDER in kinds
        return (
            tr("Forget the folder “{name}”?", name=name) if is_folder else tr("Forget “{name}”?", name=name)
        )
    if kinds == {SourceKind.FOLDER}:
        return tr("Forget {count} folder(s)?", "", count, count=grouped(count))
    if kinds == {SourceKind.FILE}:
        return tr("Forget {count} file(s)?", "", count, count=grouped(count))
    return tr("Forget {count} folders and files?", count=grouped(count))
