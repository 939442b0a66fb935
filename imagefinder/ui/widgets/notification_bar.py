"""Bar of notices, which are shown in the window instead of dialogs."""

from collections.abc import Callable, Sequence
from enum import StrEnum

from PySide6.QtCore import QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QAccessible,
    QAccessibleAnnouncementEvent,
    QEnterEvent,
    QKeyEvent,
    QPalette,
)
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from imagefinder.translation import tr
from imagefinder.ui.widgets.icons import icon
from imagefinder.ui.widgets.labels import IconLabel

_MOST = 3

Action = tuple[str, Callable[[], object]]
"""Label of a button, and the function to call on a click."""


class NoticeKind(StrEnum):
    """Severity of a notice."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


_ICONS = {NoticeKind.INFO: "info", NoticeKind.WARNING: "triangle-alert", NoticeKind.ERROR: "circle-alert"}


class NotificationBar(QWidget):
    """Bar of up to three notices, the newest at the bottom. Hidden if there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(tr("Messages"))
        self._notices: list[_Notice] = []
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(8, 8, 8, 0)
        self._layout.setSpacing(4)
        self.hide()

    def say(
        self,
        text: str,
        kind: NoticeKind = NoticeKind.INFO,
        actions: Sequence[Action] = (),
        key: str = "",
        seconds: float | None = 8,
    ) -> None:
        """Show a notice.

        Args:
            text: Plain text of the notice. A notice with the same text is replaced.
            kind: Severity, which determines icon and colours.
            actions: Buttons. A click closes the notice, too.
            key: If not empty, a notice with the same key is replaced instead.
            seconds: Time after which the notice closes, or None to show it until the user closes it.
        """
        if key:
            self.withdraw(key)
        else:
            # Do not show the same text twice.
            for notice in [each for each in self._notices if not each.key and each.text == text]:
                self._remove(notice)
        while len(self._notices) >= _MOST:
            # Remove temporary notices first, and errors last.
            passing = [each for each in self._notices if each.is_passing]
            warnings = [each for each in self._notices if each.kind is not NoticeKind.ERROR]
            self._remove((passing or warnings or self._notices)[0])
        notice = _Notice(text, kind, actions, key, seconds, self)
        notice.closed.connect(lambda: self._remove(notice))
        self._notices.append(notice)
        self._layout.addWidget(notice)
        notice.show()
        self.show()
        announcement = QAccessibleAnnouncementEvent(self, text)
        if kind is not NoticeKind.INFO:
            announcement.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(announcement)

    def withdraw(self, key: str) -> None:
        """Remove the notice with this key, if it is shown."""
        for notice in [each for each in self._notices if each.key == key]:
            self._remove(notice)

    def texts(self) -> list[str]:
        """Return the texts of the notices shown, the oldest first."""
        return [each.text for each in self._notices]

    def _remove(self, notice: "_Notice") -> None:
        if notice not in self._notices:
            return
        self._notices.remove(notice)
        self._layout.removeWidget(notice)
        notice.retire()
        self.setVisible(bool(self._notices))


class _Notice(QFrame):
    """One notice with its buttons."""

    closed = Signal()

    def __init__(
        self,
        text: str,
        kind: NoticeKind,
        actions: Sequence[Action],
        key: str,
        seconds: float | None,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.text, self.key, self.kind = text, key, kind
        self.setObjectName("notice")
        self.setProperty("kind", str(kind))
        self.setStyleSheet(
            "#notice { background: palette(base); border: 1px solid palette(mid); border-radius: 8px; }"
            '#notice[kind="warning"] { border-color: palette(highlight); }'
            '#notice[kind="error"] { border-color: palette(bright-text); }'
        )
        picture = IconLabel(_ICONS[kind], 18, self)
        words = QLabel(text, self)
        words.setTextFormat(Qt.TextFormat.PlainText)
        words.setWordWrap(True)
        words.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if kind is NoticeKind.ERROR:
            words.setForegroundRole(QPalette.ColorRole.BrightText)
        close = QToolButton(self, autoRaise=True)
        close.setIcon(icon("x"))
        close.setIconSize(QSize(16, 16))
        close.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        close.setAccessibleName(tr("Close this message"))
        close.setToolTip(tr("Close this message (Esc)"))
        close.clicked.connect(self.closed)
        line = QHBoxLayout(self)
        line.setContentsMargins(12, 6, 6, 6)
        line.setSpacing(8)
        line.addWidget(picture)
        line.addWidget(words, 1)
        for label, act in actions:
            button = QPushButton(label, self)
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, act=act: self._act(act))
            line.addWidget(button)
        line.addWidget(close)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.closed)
        if seconds is not None:
            self._timer.start(round(1000 * seconds))
            self._seconds = seconds
        self.is_passing = seconds is not None

    def retire(self) -> None:
        """Hide and delete the notice."""
        self._timer.stop()
        self.hide()
        self.deleteLater()

    def enterEvent(self, event: QEnterEvent) -> None:
        # Do not close a notice while the user is pointing at it.
        self._timer.stop()
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        if self.is_passing:
            self._timer.start(round(1000 * self._seconds))
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
        else:
            super().keyPressEvent(event)

    def _act(self, act: Callable[[], object]) -> None:
        self.closed.emit()
        act()
