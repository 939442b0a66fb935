"""Heading above a group of results."""

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPalette

from imagefinder.ui.widgets.labels import demi_bold

_LEFT, _RIGHT = 4, 8
"""Horizontal margins in points, which align headings with the cards, up to the width that the columns leave over."""
_ABOVE, _BELOW = 14, 6
"""Vertical margins in points: a heading is closer to its own results than to those above it."""


def heading_height(font: QFont) -> int:
    """Return the height of a heading, in points, for results in this font."""
    return _ABOVE + QFontMetrics(demi_bold(font)).height() + _BELOW


def paint_heading(painter: QPainter, palette: QPalette, font: QFont, room: QRect, title: str) -> None:
    """Paint a title, and a thin line from its end to the right edge of ``room``."""
    font = demi_bold(font)
    metrics = QFontMetrics(font)
    inner = room.adjusted(_LEFT, _ABOVE, -_RIGHT, -_BELOW)
    text = metrics.elidedText(title, Qt.TextElideMode.ElideRight, inner.width())
    painter.setFont(font)
    painter.setPen(palette.color(QPalette.ColorRole.Text))
    painter.drawText(inner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, text)
    left = inner.left() + metrics.horizontalAdvance(text) + 12
    if left < inner.right():
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawLine(left, inner.center().y() + 1, inner.right(), inner.center().y() + 1)
