"""Text field for an address, validated during input."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QPalette
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget


class AddressField(QWidget):
    """Line edit with the problem of its text below it."""

    kept = Signal(str)
    """Emitted with a valid address, or an empty text, that should be saved."""

    def __init__(
        self,
        name: str,
        now: str,
        placeholder: str,
        problem_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        """Create the field.

        Args:
            name: Accessible name of the line edit.
            now: Its initial text.
            placeholder: Shown while it is empty.
            problem_of: Returns the problem with a text in one sentence, or an empty string.
            parent: Parent widget.
        """
        super().__init__(parent)
        self._problem_of = problem_of
        self._kept = now
        self.line = QLineEdit(now, self)
        self.line.setPlaceholderText(placeholder)
        self.line.setAccessibleName(name)
        self.line.setClearButtonEnabled(True)
        self._problem = QLabel(self)
        self._problem.setWordWrap(True)
        self._problem.setForegroundRole(QPalette.ColorRole.BrightText)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(4)
        whole.addWidget(self.line)
        whole.addWidget(self._problem)
        self.setFocusProxy(self.line)
        self.line.textChanged.connect(self._check)
        self.line.editingFinished.connect(self._finish)
        self._check()

    @property
    def problem(self) -> str:
        """Problem with the current text in one sentence, or an empty string."""
        return self._problem_of(self._text)

    def keep(self) -> None:
        """Emit ``kept`` if the current text is valid and differs from the saved one."""
        if not self.problem and self._text != self._kept:
            self._kept = self._text
            self.kept.emit(self._kept)

    @property
    def _text(self) -> str:
        return self.line.text().strip()

    def _check(self) -> None:
        problem = self.problem
        # Do not complain while the user is typing "https://".
        is_begun = bool(self._text) and any(
            scheme.startswith(self._text.lower())
            for scheme in ("https://", "http://", "socks5h://", "socks5://")
        )
        self._problem.setText("" if is_begun else problem)
        self._problem.setVisible(bool(self._problem.text()))

    def _finish(self) -> None:
        problem = self.problem
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))
        if problem:
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, problem))
        self.keep()
