"""List view with the geometry of ``GridLayout``."""

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QSize,
    Qt,
)
from PySide6.QtGui import QCursor, QMouseEvent, QPainter, QPaintEvent, QPalette, QRegion, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QFrame, QListView, QStyle, QStyleOptionViewItem, QWidget

from imagefinder.ui.results.grid_layout import GridLayout

Index = QModelIndex | QPersistentModelIndex
_Move = QAbstractItemView.CursorAction
_BAND_OPACITY = 0.18
_HOVER_EVENTS = frozenset(
    (
        QEvent.Type.HoverEnter,
        QEvent.Type.HoverMove,
        QEvent.Type.HoverLeave,
        QEvent.Type.Enter,
        QEvent.Type.Leave,
    )
)


class ResultsGrid(QListView):
    """List view that replaces only the geometry of ``QListView``.

    ``QListView`` lays out all rows one by one, through Python, whenever rows are added. At 100,000 rows, this takes
    0.6 s.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = GridLayout()
        self._foot = 0
        self._hovered = -1
        self._pressed = QPoint()
        """Position of the last mouse press, relative to the top of the content."""
        self._band = QRect()
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMouseTracking(True)

    @property
    def grid(self) -> GridLayout:
        """Geometry of the cells, relative to the top of the content."""
        return self._layout

    @property
    def cell(self) -> QSize:
        """Size of a cell, in points."""
        return self._layout.cell

    @property
    def columns(self) -> int:
        """Number of columns."""
        return self._layout.columns

    def set_grid(self, layout: GridLayout, foot: int = 0) -> None:
        """Set the geometry, with ``foot`` points of free space below the last line."""
        self._layout, self._foot = layout, foot
        self.updateGeometries()
        self.viewport().update()
        self._track_hover()

    def visible_rows(self) -> range:
        """Return the rows that are at least partly visible."""
        return self._rows_between(0, self.viewport().height())

    def visualRect(self, index: Index) -> QRect:
        if not index.isValid():
            return QRect()
        return self._layout.rect(index.row()).translated(0, -self.verticalOffset())

    def indexAt(self, point: QPoint) -> QModelIndex:
        row = self._layout.row_at(point + QPoint(0, self.verticalOffset()), self._row_count())
        return self.model().index(row, 0) if row >= 0 else QModelIndex()

    def scrollTo(
        self,
        index: Index,
        hint: QAbstractItemView.ScrollHint = QAbstractItemView.ScrollHint.EnsureVisible,
    ) -> None:
        if not index.isValid():
            return
        self.updateGeometries()  # the row may be newer than the scroll bar's range
        bar, room = self.verticalScrollBar(), self.viewport().height()
        top = self._layout.top_with_heading(index.row())
        bottom = self._layout.rect(index.row()).top() + self.cell.height()
        if bottom == self._layout.height(self._row_count()):
            bottom += self._foot  # show what is below the last line together with it
        hints = QAbstractItemView.ScrollHint
        if hint == hints.PositionAtTop or (hint == hints.EnsureVisible and top < bar.value()):
            bar.setValue(top)
        elif hint == hints.PositionAtBottom or (hint == hints.EnsureVisible and bottom > bar.value() + room):
            bar.setValue(bottom - room)
        elif hint == hints.PositionAtCenter:
            bar.setValue((top + bottom - room) // 2)

    def verticalOffset(self) -> int:
        return self.verticalScrollBar().value()

    def horizontalOffset(self) -> int:
        return 0

    def moveCursor(
        self, action: QAbstractItemView.CursorAction, modifiers: Qt.KeyboardModifier
    ) -> QModelIndex:
        count = self._row_count()
        if not count:
            return QModelIndex()
        row = self.currentIndex().row()
        if row < 0:
            return self.model().index(0, 0)
        page = max(1, self.viewport().height() // self.cell.height())
        steps = {
            _Move.MoveLeft: -1,
            _Move.MovePrevious: -1,
            _Move.MoveRight: 1,
            _Move.MoveNext: 1,
            _Move.MoveHome: -count,
            _Move.MoveEnd: count,
        }
        lines = {_Move.MoveUp: -1, _Move.MoveDown: 1, _Move.MovePageUp: -page, _Move.MovePageDown: page}
        if action in lines:
            row = self._layout.row_beyond(row, lines[action], count)
        else:
            row = min(max(row + steps[action], 0), count - 1)
        return self.model().index(row, 0)

    def setSelection(self, rect: QRect, command: QItemSelectionModel.SelectionFlag) -> None:
        selection = QItemSelection()
        if self.state() is QAbstractItemView.State.DragSelectingState:
            band = rect.normalized()
            for row in self._rows_between(band.top(), band.bottom()):
                index = self.model().index(row, 0)
                if self.visualRect(index).intersects(band):
                    selection.select(index, index)
        elif self._row_count():
            # Selection from one cell to another by click or key: all rows between them in reading order.
            first, last = sorted((self._nearest_row(rect.topLeft()), self._nearest_row(rect.bottomRight())))
            selection.select(self.model().index(first, 0), self.model().index(last, 0))
        self.selectionModel().select(selection, command)

    def visualRegionForSelection(self, selection: QItemSelection) -> QRegion:
        region = QRegion()
        for row in self.visible_rows():
            index = self.model().index(row, 0)
            if selection.contains(index):
                region += self.visualRect(index)
        return region

    def isIndexHidden(self, index: Index) -> bool:
        return False

    def doItemsLayout(self) -> None:
        QAbstractItemView.doItemsLayout(self)  # not QListView's

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        # QListView's implementation does nothing, because the layout that it keeps is empty here.
        QAbstractItemView.scrollContentsBy(self, dx, dy)
        self._track_hover()
        self._track_band()

    def viewportEvent(self, event: QEvent) -> bool:
        handled = super().viewportEvent(event)
        if event.type() in _HOVER_EVENTS:
            self._track_hover()
        return handled

    def updateGeometries(self) -> None:
        bar, room = self.verticalScrollBar(), self.viewport().height()
        bar.setPageStep(room)
        bar.setSingleStep(max(20, self.cell.height() // 4))
        bar.setRange(0, max(0, self._layout.height(self._row_count()) + self._foot - room))
        QAbstractItemView.updateGeometries(self)

    def resizeEvent(self, event: QResizeEvent) -> None:
        QAbstractItemView.resizeEvent(self, event)
        self.updateGeometries()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if not self.indexAt(event.position().toPoint()).isValid() and not event.modifiers():
            self.clearSelection()
        self._pressed = event.position().toPoint() + QPoint(0, self.verticalOffset())
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._track_band()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        self._track_band()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self.viewport())
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        states = QStyle.StateFlag
        base = option.state & ~(states.State_HasFocus | states.State_Selected | states.State_MouseOver)
        current = self.currentIndex().row() if self.hasFocus() else -1
        selection = self.selectionModel()
        changed = event.rect()
        for row in self._rows_between(changed.top(), changed.bottom() + 1):
            index = self.model().index(row, 0)
            option.rect = self.visualRect(index)
            if not option.rect.intersects(changed):
                continue
            state = base
            if selection.isSelected(index):
                state |= states.State_Selected
            if row == current:
                state |= states.State_HasFocus
            if row == self._hovered:
                state |= states.State_MouseOver
            option.state = state
            self.itemDelegate().paint(painter, option, index)
        if not self._band.isNull():
            colour = self.palette().color(QPalette.ColorRole.Highlight)
            painter.setPen(colour)
            colour.setAlphaF(_BAND_OPACITY)
            painter.setBrush(colour)
            painter.drawRect(self._band.adjusted(0, 0, -1, -1))

    def _track_hover(self) -> None:
        """Update which card is painted as hovered.

        Qt updates this on mouse events only, but a card can also come under the mouse by scrolling or by a change of
        the results.
        """
        viewport = self.viewport()
        at = viewport.mapFromGlobal(QCursor.pos())
        hovered = self.indexAt(at).row() if viewport.underMouse() else -1
        if hovered != self._hovered:
            for row in (self._hovered, hovered):
                if 0 <= row < self._row_count():
                    viewport.update(self.visualRect(self.model().index(row, 0)))
            self._hovered = hovered

    def _track_band(self) -> None:
        """Update the rubber band, which selects results when a drag starts between two cards."""
        band = QRect()
        if self.state() is QAbstractItemView.State.DragSelectingState:
            start = self._pressed - QPoint(0, self.verticalOffset())
            end = self.viewport().mapFromGlobal(QCursor.pos())
            band = QRect(start, end).normalized()
        if band != self._band:
            # Half of the outline's width is outside the rectangle.
            self.viewport().update(self._band.united(band).adjusted(-1, -1, 1, 1))
            self._band = band

    def _row_count(self) -> int:
        model = self.model()
        return model.rowCount() if model is not None else 0

    def _rows_between(self, top: int, bottom: int) -> range:
        """Return the rows that are at least partly between two y coordinates of the viewport."""
        offset = self.verticalOffset()
        return self._layout.rows_between(top + offset, bottom + offset, self._row_count())

    def _nearest_row(self, point: QPoint) -> int:
        return self._layout.nearest_row(point + QPoint(0, self.verticalOffset()), self._row_count())
