"""Dialogs and windows that stay within their screen."""

from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QWidget

_FRAME = QSize(16, 48)
"""Allowance in points for a window's borders and title bar."""


def stay_on_screen(window: QWidget) -> None:
    """Shrink a window that is larger than its screen, because parts beyond the edge could not be reached."""
    if not (window.isMaximized() or window.isFullScreen()):
        window.resize(window.size().boundedTo(window.screen().availableGeometry().size() - _FRAME))


class FittingDialog(QDialog):
    """Dialog that stays within its screen, even on small screens or at a scale of 200 %."""

    def showEvent(self, event: QShowEvent) -> None:
        stay_on_screen(self)
        super().showEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.isVisible() and not self.isMaximized():
            self._come_in()

    def _come_in(self) -> None:
        """Move the dialog up if it has grown beyond the lower edge of the screen."""
        screen = self.screen().availableGeometry()
        beyond = self.frameGeometry().bottom() - screen.bottom()
        if beyond > 0:
            self.move(self.pos() - QPoint(0, min(beyond, self.pos().y() - screen.top())))
