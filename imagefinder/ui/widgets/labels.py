"""Labels for secondary text, for long paths, and for icons beside text."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QLabel, QWidget

from imagefinder.ui.formatting import tooltip
from imagefinder.ui.widgets.icons import icon


def demi_bold(font: QFont, scale: float = 1.0) -> QFont:
    """Return a demi-bold font for headings, ``scale`` times the size of ``font``."""
    heading = QFont(font)
    if scale != 1.0:
        heading.setPointSizeF(heading.pointSizeF() * scale)
    heading.setWeight(QFont.Weight.DemiBold)
    return heading


class SecondaryLabel(QLabel):
    """Label with wrapped plain text in the theme's secondary colour."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        # File names may look like HTML. For links there is LinkButton.
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setForegroundRole(QPalette.ColorRole.PlaceholderText)


class ElidedLabel(QLabel):
    """Single-line label, elided in the middle or as set by ``mode``, with its full text as a tooltip."""

    def __init__(
        self,
        text: str = "",
        parent: QWidget | None = None,
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
    ) -> None:
        super().__init__(text, parent)
        self._mode = mode
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setToolTip(tooltip(text))

    def minimumSizeHint(self) -> QSize:
        return QSize(40, super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        area = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), self._mode, area.width())
        self.style().drawItemText(
            painter,
            area,
            int(self.alignment()),
            self.palette(),
            self.isEnabled(),
            text,
            self.foregroundRole(),
        )


class IconLabel(QWidget):
    """Decorative icon, ignored by screen readers."""

    def __init__(self, name: str, side: int, parent: QWidget | None = None, *, opacity: float = 1.0) -> None:
        """Show the icon ``name`` with a width and height of ``side`` points."""
        super().__init__(parent)
        self._name = name
        self._opacity = opacity
        self.setFixedSize(side, side)

    def show_icon(self, name: str) -> None:
        """Show another icon."""
        self._name = name
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setOpacity(self._opacity)
        icon(self._name).paint(painter, self.rect())
