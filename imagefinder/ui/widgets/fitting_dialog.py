"""Room for a window on its screen."""

from PySide6.QtCore import QPoint, QSize
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QWidget

_FRAME = QSize(16, 48)
"""Points that a desktop may put around a window: its title and borders."""


def stay_on_screen(window: QWidget) -> None:
    """Make a window no larger than its screen: what is beyond the edge could not be reached."""
    if not (window.isMaximized() or window.isFullScreen()):
        window.resize(window.size().boundedTo(window.screen().availableGeometry().size() - _FRAME))


class FittingDialog(QDialog):
    """A dialog that is on its screen as a whole, also where that is small, or magnified by 200 %."""

    def showEvent(self, event: QShowEvent) -> None:
        stay_on_screen(self)
        super().showEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.isVisible() and not self.isMaximized():
            self._come_in()

    def _come_in(self) -> None:
        """What grows downwards, as more of it is unfolded, must not grow beyond the lower edge."""
        screen = self.screen().availableGeometry()
        beyond = self.frameGeometry().bottom() - screen.bottom()
        if beyond > 0:
            self.move(self.pos() - QPoint(0, min(beyond, self.pos().y() - screen.top())))
