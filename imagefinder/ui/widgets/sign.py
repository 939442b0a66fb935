"""A picture beside words. It is painted anew each time, so that it follows a change of the theme."""

from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from imagefinder.ui.widgets.icons import icon


class IconLabel(QWidget):
    """An icon that says nothing by itself: screen readers pass it by."""

    def __init__(self, name: str, side: int, parent: QWidget | None = None, *, opacity: float = 1.0) -> None:
        """``name`` is an icon's, ``side`` its width and height in points."""
        super().__init__(parent)
        self._name = name
        self._opacity = opacity
        self.setFixedSize(side, side)

    def show_icon(self, name: str) -> None:
        """Show another one."""
        self._name = name
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setOpacity(self._opacity)
        icon(self._name).paint(painter, self.rect())
