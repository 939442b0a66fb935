"""Text field for an address, validated while one types."""

from collections.abc import Callable

from PySide6.QtCore import Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent, QPalette
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget


class AddressField(QWidget):
    """A line, and below it what is wrong with it."""

    kept = Signal(str)
    """An address that can be one, or nothing, is to be kept from now on."""

    def __init__(
        self,
        name: str,
        now: str,
        placeholder: str,
        problem_of: Callable[[str], str],
        parent: QWidget | None = None,
    ) -> None:
        """``problem_of`` says what is wrong with a text, in one sentence, or nothing."""
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
        """What is wrong with what stands there now; empty where nothing is."""
        return self._problem_of(self._text)

    def keep(self) -> None:
        """Have what stands there kept, if it can be an address; else what was kept before stays."""
        if not self.problem and self._text != self._kept:
            self._kept = self._text
            self.kept.emit(self._kept)

    @property
    def _text(self) -> str:
        return self.line.text().strip()

    def _check(self) -> None:
        problem = self.problem
        # "https://" on its way to be typed is not yet worth a complaint.
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
