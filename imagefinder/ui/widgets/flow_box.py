"""Widget that wraps its children into rows."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

_LAST_WIDTH = 140
"""Minimum width of the last widget in points. If a row has less room left, the widget starts a new row."""


class FlowBox(QWidget):
    """Box that wraps widgets into rows. Either the last widget fills its row, or all rows are centred."""

    def __init__(self, spacing: int, *, is_centred: bool = False, parent: QWidget | None = None) -> None:
        """Create an empty box. ``spacing`` is the distance between widgets and between rows, in points."""
        super().__init__(parent)
        self._spacing = spacing
        self._is_centred = is_centred
        self._widgets: list[QWidget] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def widgets(self) -> Sequence[QWidget]:
        """Return the widgets in their order."""
        return tuple(self._widgets)

    def insert(self, at: int, widget: QWidget) -> None:
        """Insert a widget at a position."""
        widget.setParent(self)
        self._widgets.insert(at, widget)
        widget.show()
        self.arrange()

    def remove(self, widget: QWidget) -> None:
        """Remove and delete a widget."""
        self._widgets.remove(widget)
        widget.hide()
        widget.deleteLater()
        self.arrange()

    def arrange(self) -> None:
        """Lay out all widgets again, after one has changed its size."""
        self.updateGeometry()
        self._place(self.width(), is_trial=False)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(width, is_trial=True)

    def sizeHint(self) -> QSize:
        width = max([_LAST_WIDTH, *(widget.sizeHint().width() for widget in self._widgets)])
        return QSize(width, self.heightForWidth(max(width, self.width())))

    def minimumSizeHint(self) -> QSize:
        return QSize(_LAST_WIDTH, max([0, *(widget.sizeHint().height() for widget in self._widgets)]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place(self.width(), is_trial=False)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.arrange()
        return super().event(event)

    def _place(self, width: int, *, is_trial: bool) -> int:
        """Lay out the widgets, unless ``is_trial``, and return the height they take."""
        top = 0
        for row in self._rows(width):
            height = max(size.height() for _, size in row)
            left = 0
            if self._is_centred:
                left = (width - sum(size.width() + self._spacing for _, size in row) + self._spacing) // 2
            for widget, size in row:
                if not is_trial:
                    place = QRect(QPoint(left, top + (height - size.height()) // 2), size)
                    is_mirrored = self.layoutDirection() == Qt.LayoutDirection.RightToLeft
                    if is_mirrored:
                        place.moveLeft(width - place.right() - 1)
                    widget.setGeometry(place)
                left += size.width() + self._spacing
            top += height + self._spacing
        return max(0, top - self._spacing)

    def _rows(self, width: int) -> list[list[tuple[QWidget, QSize]]]:
        rows: list[list[tuple[QWidget, QSize]]] = []
        left = 0
        for widget in self._widgets:
            takes_rest = widget is self._widgets[-1] and not self._is_centred
            size = widget.sizeHint().expandedTo(widget.minimumSize()).boundedTo(widget.maximumSize())
            size.setWidth(min(_LAST_WIDTH if takes_rest else size.width(), width))
            if not rows or left + size.width() > width:
                rows.append([])
                left = 0
            if takes_rest:
                size.setWidth(width - left)
            rows[-1].append((widget, size))
            left += size.width() + self._spacing
        return rows
