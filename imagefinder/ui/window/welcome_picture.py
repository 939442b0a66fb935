"""Drawing on the welcome page: a fan of cards above a dashed drop area."""

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QWidget

from imagefinder.ui.widgets.icons import icon

_CARD = QSize(96, 112)
# Icon name, rotation in degrees, and horizontal offset from the centre. The last card is on top.
_FAN = (("image", -13.0, -68), ("file-text", 13.0, 68), ("images", 0.0, 0))


class WelcomePicture(QWidget):
    """Decorative drawing, without text for screen readers."""

    def sizeHint(self) -> QSize:
        return QSize(320, 176)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette = self.palette()
        accent = palette.color(QPalette.ColorRole.Highlight)
        wash = QColor(accent)
        wash.setAlpha(22)
        tray = QRectF(self.rect()).adjusted(8, 40, -8, -2)
        dashes = QPen(accent, 2, Qt.PenStyle.CustomDashLine)
        dashes.setDashPattern([4, 4])
        painter.setPen(dashes)
        painter.setBrush(wash)
        painter.drawRoundedRect(tray, 16, 16)
        for name, angle, offset in _FAN:
            painter.save()
            painter.translate(self.width() / 2 + offset, 76 + abs(angle) * 0.9)
            painter.rotate(angle)
            self._card(painter, name)
            painter.restore()

    def _card(self, painter: QPainter, name: str) -> None:
        palette = self.palette()
        card = QRectF(-_CARD.width() / 2, -_CARD.height() / 2, _CARD.width(), _CARD.height())
        painter.setPen(QPen(palette.color(QPalette.ColorRole.Mid), 1))
        painter.setBrush(palette.color(QPalette.ColorRole.Button))
        painter.drawRoundedRect(card, 10, 10)
        inner = card.adjusted(8, 8, -8, -28)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(palette.color(QPalette.ColorRole.AlternateBase))
        painter.drawRoundedRect(inner, 6, 6)
        line = QRectF(inner.left(), inner.bottom() + 9, inner.width() * 0.7, 5)
        painter.setBrush(palette.color(QPalette.ColorRole.Midlight))
        painter.drawRoundedRect(line, 2.5, 2.5)
        place = QRect(0, 0, 36, 36)
        place.moveCenter(inner.center().toPoint())
        icon(name).paint(painter, place)
