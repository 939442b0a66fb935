"""Icons of the program: SVG outlines by Lucide (ISC licence), drawn in the colour of the surrounding text."""

from functools import cache

from PySide6.QtCore import QByteArray, QPoint, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QIconEngine, QImage, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

from imagefinder.resources import resource

_Role = QPalette.ColorRole


@cache
def icon(name: str) -> QIcon:
    """Return the icon of this name from ``resources/icons``, which adapts to a light or dark palette."""
    return QIcon(_OutlineEngine(name))


@cache
def menu_icon(name: str) -> QIcon:
    """Return the icon of this name for a menu entry, which has the highlight colours below the mouse pointer.

    Qt draws the icons of such entries in "active" mode, which it also uses for focused buttons.
    """
    return QIcon(_OutlineEngine(name, active=_Role.HighlightedText, usual=_Role.Text))


class _OutlineEngine(QIconEngine):
    """Icon engine that draws an outline in the palette's current text colour."""

    def __init__(
        self, name: str, *, active: _Role = _Role.ButtonText, usual: _Role = _Role.ButtonText
    ) -> None:
        super().__init__()
        self._name = name
        self._roles = {QIcon.Mode.Active: active, QIcon.Mode.Selected: _Role.HighlightedText}
        self._usual = usual
        self._svg = resource(f"icons/{name}.svg").read_text(encoding="utf-8")

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        if painter.opacity() == 1.0:
            self._draw(painter, rect, mode)
            return
        # Draw it to an image first, because single translucent strokes would show dots where they cross.
        ratio = painter.device().devicePixelRatioF()
        whole = QImage(rect.size() * ratio, QImage.Format.Format_ARGB32_Premultiplied)
        whole.setDevicePixelRatio(ratio)
        whole.fill(Qt.GlobalColor.transparent)
        inner = QPainter(whole)
        self._draw(inner, QRect(QPoint(0, 0), rect.size()), mode)
        inner.end()
        painter.drawImage(rect.topLeft(), whole)

    def _draw(self, painter: QPainter, rect: QRect, mode: QIcon.Mode) -> None:
        group = QPalette.ColorGroup.Disabled if mode == QIcon.Mode.Disabled else QPalette.ColorGroup.Active
        colour = QGuiApplication.palette().color(group, self._roles.get(mode, self._usual)).name()
        renderer = QSvgRenderer(QByteArray(self._svg.replace("currentColor", colour).encode()))
        renderer.render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self._draw(painter, QRect(QPoint(0, 0), size), mode)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        return _OutlineEngine(self._name, active=self._roles[QIcon.Mode.Active], usual=self._usual)
