"""Canvas that shows one picture, fitted or zoomed, with panning by the mouse and marks on matching words."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSizeF, Qt, QTimer, Signal
from PySide6.QtGui import QMouseEvent, QPainter, QPaintEvent, QPalette, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from imagefinder.domain.items import Region
from imagefinder.translation import tr

_STEP = 1.25
_MOST_ZOOM = 16.0
_NOTCH = 120
"""One step of a mouse wheel in Qt, in eighths of a degree."""
_MARK_OPACITY = 0.35
_SETTLED_MS = 150
_MARGIN = 8


class PreviewCanvas(QWidget):
    """Canvas for one picture, fitted or zoomed.

    At zoom 1 (100 %), one pixel of a picture covers one pixel of the screen, and a page has its paper size.
    """

    zoom_changed = Signal()
    detail_wanted = Signal(int)
    """Emitted with the longer side (pixels) that is needed if the picture is shown beyond its resolution."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmap: QPixmap | None = None
        self._full = QSizeF()
        self._marks: tuple[Region, ...] = ()
        self._zoom: float | None = None
        self._most_fitting = 1.0
        self._centre = QPointF(0.5, 0.5)
        self._grabbed: QPointF | None = None
        self._settled = QTimer(self)
        self._settled.setSingleShot(True)
        self._settled.setInterval(_SETTLED_MS)
        self._settled.timeout.connect(self._ask_for_detail)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(tr("Picture"))

    def show_picture(self, pixmap: QPixmap | None, full: QSizeF, *, keep_view: bool) -> None:
        """Show a picture, or a placeholder for None.

        Args:
            pixmap: The picture in any resolution.
            full: Its size at 100 %, in points.
            keep_view: Whether to keep zoom, position and marks, because this is the same picture in another
                resolution.
        """
        self._pixmap = pixmap
        self._full = full
        if not keep_view:
            self._zoom = None
            self._centre = QPointF(0.5, 0.5)
            self._marks = ()
        self.zoom_changed.emit()
        self.update()

    def set_may_grow(self, may_grow: bool) -> None:
        """Set whether fitting enlarges a picture smaller than the window, as is done for pages."""
        self._most_fitting = _MOST_ZOOM if may_grow else 1.0

    def set_marks(self, marks: Sequence[Region]) -> None:
        """Mark these regions of the picture."""
        self._marks = tuple(marks)
        self.update()

    @property
    def zoom(self) -> float:
        """Current zoom factor; 1 is 100 %."""
        return self._fitting() if self._zoom is None else self._zoom

    @property
    def is_fitted(self) -> bool:
        """Whether the picture is fitted to the window's size."""
        return self._zoom is None

    def fit(self) -> None:
        """Fit the picture in the window."""
        self._set_zoom(None)

    def zoom_to(self, zoom: float, at: QPointF | None = None) -> None:
        """Set the zoom factor. The point ``at`` of the widget, by default its centre, stays fixed."""
        at = at or QRectF(self.rect()).center()
        before = self.picture_rect()
        zoom = min(max(zoom, min(self._fitting(), 1.0)), _MOST_ZOOM)
        if before.isEmpty():
            return
        fixed = QPointF((at.x() - before.x()) / before.width(), (at.y() - before.y()) / before.height())
        size = self._full * zoom
        corner = QPointF(at.x() - fixed.x() * size.width(), at.y() - fixed.y() * size.height())
        middle = QRectF(self.rect()).center() - corner
        self._centre = QPointF(middle.x() / size.width(), middle.y() / size.height())
        self._set_zoom(zoom)

    def zoom_by(self, steps: float, at: QPointF | None = None) -> None:
        """Zoom in by a number of steps, or out if it is negative."""
        self.zoom_to(self.zoom * _STEP**steps, at)

    def picture_rect(self) -> QRectF:
        """Return the picture's rectangle in the widget, in points."""
        size = self._full * self.zoom
        centre = QRectF(self.rect()).center()
        # On an axis on which it fits, the picture is centred; else it covers the widget.
        left = _placed(centre.x(), self._centre.x(), size.width(), self.width())
        top = _placed(centre.y(), self._centre.y(), size.height(), self.height())
        return QRectF(QPointF(left, top), size)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Window))
        target = self.picture_rect()
        if self._full.isEmpty():
            return
        if self._pixmap is None:
            painter.fillRect(target, self.palette().color(QPalette.ColorRole.Midlight))
            return
        shown_pixels = target.width() * self.devicePixelRatioF()
        # At a high zoom, show individual pixels.
        smooth = shown_pixels < 4 * self._pixmap.width() or self._zoom is None
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        painter.drawPixmap(target, self._pixmap, QRectF(self._pixmap.rect()))
        # Separate a white page from the background.
        painter.setPen(self.palette().color(QPalette.ColorRole.Mid))
        painter.drawRect(target)
        if self._marks:
            painter.setOpacity(_MARK_OPACITY)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            for mark in self._marks:
                painter.drawRoundedRect(_on(target, mark).adjusted(-2, -1, 2, 1), 2, 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._settled.start()
        self.zoom_changed.emit()

    def wheelEvent(self, event: QWheelEvent) -> None:
        self.zoom_by(event.angleDelta().y() / _NOTCH, event.position())
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._grabbed = event.position()
            if not self.is_fitted:
                self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._grabbed is None or self.is_fitted:
            return
        moved = event.position() - self._grabbed
        self._grabbed = event.position()
        size = self._full * self.zoom
        self._centre -= QPointF(moved.x() / size.width(), moved.y() / size.height())
        self._keep_in_sight()
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._grabbed = None
        self._set_cursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self.is_fitted:
            self.zoom_to(1.0, event.position())
        else:
            self.fit()

    def _set_zoom(self, zoom: float | None) -> None:
        self._zoom = zoom
        self._keep_in_sight()
        self._set_cursor()
        self._settled.start()
        self.zoom_changed.emit()
        self.update()

    def _set_cursor(self) -> None:
        self.setCursor(Qt.CursorShape.ArrowCursor if self.is_fitted else Qt.CursorShape.OpenHandCursor)

    def _fitting(self) -> float:
        """Return the zoom that fits the picture in the window (see ``set_may_grow``)."""
        if self._full.isEmpty():
            return 1.0
        room = self.size()
        across = (room.width() - 2 * _MARGIN) / self._full.width()
        down = (room.height() - 2 * _MARGIN) / self._full.height()
        return max(0.01, min(across, down, self._most_fitting))

    def _keep_in_sight(self) -> None:
        size = self._full * self.zoom
        if size.isEmpty():
            return
        self._centre = QPointF(
            _within(self._centre.x(), self.width() / size.width()),
            _within(self._centre.y(), self.height() / size.height()),
        )

    def _ask_for_detail(self) -> None:
        if self._full.isEmpty():
            return
        size = self._full * self.zoom * self.devicePixelRatioF()
        wanted = round(max(size.width(), size.height()))
        there = max(self._pixmap.width(), self._pixmap.height()) if self._pixmap else 0
        if wanted > there * 1.05:
            self.detail_wanted.emit(wanted)


def _within(centre: float, share: float) -> float:
    """Limit the centre of the view on one axis so that no empty margin shows.

    ``share`` is the visible share of the picture on this axis.
    """
    return 0.5 if share >= 1 else min(max(centre, share / 2), 1 - share / 2)


def _placed(middle: float, centre: float, length: float, room: float) -> float:
    return middle - (0.5 if length <= room else centre) * length


def _on(target: QRectF, mark: Region) -> QRectF:
    corner = QPointF(target.x() + mark.left * target.width(), target.y() + mark.top * target.height())
    return QRectF(
        corner, QSizeF((mark.right - mark.left) * target.width(), (mark.bottom - mark.top) * target.height())
    )
