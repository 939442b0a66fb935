"""A widget that wraps its children into rows."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

_LAST_WIDTH = 140
"""Points: what stands last goes to a row of its own where less than this is left."""


class FlowBox(QWidget):
    """Rows of widgets. Either what stands last takes the rest of its row, or every row stands in the middle."""

    def __init__(self, spacing: int, *, is_centred: bool = False, parent: QWidget | None = None) -> None:
        """``spacing`` is in points."""
        super().__init__(parent)
        self._spacing = spacing
        self._is_centred = is_centred
        self._widgets: list[QWidget] = []
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def widgets(self) -> Sequence[QWidget]:
        """In the order they stand."""
        return tuple(self._widgets)

    def insert(self, at: int, widget: QWidget) -> None:
        """Take a widget in, before the one that stands there now."""
        widget.setParent(self)
        self._widgets.insert(at, widget)
        widget.show()
        self.arrange()

    def remove(self, widget: QWidget) -> None:
        """Let a widget go: it is deleted."""
        self._widgets.remove(widget)
        widget.hide()
        widget.deleteLater()
        self.arrange()

    def arrange(self) -> None:
        """Place all anew, after one has changed its size."""
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
        """Place the widgets; the height they take."""
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
