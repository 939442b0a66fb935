"""Overlay that shows the target of a drop."""

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget


class DropOverlay(QWidget):
    """Frame in the accent colour with a text, over its parent. Mouse and drop events pass through it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._text = ""
        self.hide()

    @property
    def text(self) -> str:
        """The text shown."""
        return self._text

    def cover(self, area: QRect, text: str = "") -> None:
        """Show the overlay with a text over an area of the parent."""
        self._text = text
        self.setGeometry(area)
        self.raise_()
        self.show()
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = self.palette()
        accent = colours.color(QPalette.ColorRole.Highlight)
        frame = QRectF(self.rect()).adjusted(4, 4, -4, -4)
        # Fade the widgets below, then tint them with the accent colour.
        for colour, alpha in ((colours.color(QPalette.ColorRole.Window), 150), (accent, 36)):
            wash = QColor(colour)
            wash.setAlpha(alpha)
            painter.setPen(QPen(accent, 2))
            painter.setBrush(wash)
            painter.drawRoundedRect(frame, 10, 10)
        if not self._text:
            return
        font = painter.font()
        font.setPointSizeF(font.pointSizeF() * 1.15)
        font.setBold(True)
        painter.setFont(font)
        size = painter.fontMetrics().boundingRect(
            self.rect().adjusted(48, 0, -48, 0), Qt.TextFlag.TextWordWrap, self._text
        )
        plate = QRectF(0, 0, size.width() + 48, size.height() + 24)
        plate.moveCenter(QRectF(self.rect()).center())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(accent)
        painter.drawRoundedRect(plate, min(plate.height() / 2, 20), min(plate.height() / 2, 20))
        painter.setPen(colours.color(QPalette.ColorRole.HighlightedText))
        flags = int(Qt.AlignmentFlag.AlignCenter) | int(Qt.TextFlag.TextWordWrap)
        painter.drawText(plate, flags, self._text)
