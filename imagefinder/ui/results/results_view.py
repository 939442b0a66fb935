"""Results of one pane: grid with headings, thumbnails, selection and actions."""

from PySide6.QtCore import QEvent, QItemSelectionModel, QModelIndex, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDrag,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QWidget

from imagefinder.domain.queries import Hit, Sort, group_title
from imagefinder.translation import tr
from imagefinder.ui.results.grid_layout import GridLayout
from imagefinder.ui.results.group_heading import heading_height, paint_heading
from imagefinder.ui.results.low_relevance_bar import LowRelevanceBar
from imagefinder.ui.results.result_actions import ResultActions
from imagefinder.ui.results.results_delegate import GAP, ResultsDelegate
from imagefinder.ui.results.results_grid import ResultsGrid
from imagefinder.ui.results.results_model import HitRole, ResultsModel
from imagefinder.ui.services.cell_sizes import CELL_SIZES, DEFAULT_CELL_SIZE
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader

_STEP = 16
_NOTCH = 120
"""One step of a mouse wheel in Qt's unit, eighths of a degree."""
_SCREENS_AHEAD = 2


class ResultsView(ResultsGrid):
    """Grid of results in columns that share the width evenly. All actions are available by keyboard."""

    preview_requested = Signal(int)  # row
    similar_requested = Signal(object)  # Hit
    new_pane_requested = Signal(object)  # list[Hit]
    hide_requested = Signal(object, bool)  # list[Hit], hidden
    cell_size_changed = Signal(int)
    """The user changed the minimum width of a card (points) with the mouse wheel."""
    rest_wanted = Signal()
    """The user wants to see the possible matches."""
    notice = Signal(str)
    problem = Signal(str)

    def __init__(
        self,
        model: ResultsModel,
        thumbnails: ThumbnailLoader,
        desktop: Desktop,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._results = model
        self._thumbnails = thumbnails
        self._cell = DEFAULT_CELL_SIZE
        self._wheel = 0
        self._fresh: set[str] = set()
        self._repaint = QTimer(self)
        self._repaint.setSingleShot(True)
        self._repaint.timeout.connect(self._show_fresh)
        self._delegate = ResultsDelegate(thumbnails, self)
        self.low_relevance_bar = LowRelevanceBar(self.viewport())
        self.low_relevance_bar.hide()
        self.low_relevance_bar.wanted.connect(self.rest_wanted)
        self.low_relevance_bar.reached.connect(self._scroll_to_end)
        self.low_relevance_bar.left_upwards.connect(self.setFocus)
        self._set_up()
        self.setModel(model)
        self.setItemDelegate(self._delegate)

        self._actions = ResultActions(thumbnails.client, desktop, self.chosen, self.current, self)
        self._actions.preview_wanted.connect(self._preview_current)
        self._actions.similar_requested.connect(self.similar_requested)
        self._actions.new_pane_requested.connect(self.new_pane_requested)
        self._actions.hide_requested.connect(self.hide_requested)
        self._actions.notice.connect(self.notice)
        self._actions.problem.connect(self.problem)
        self.doubleClicked.connect(lambda index: self.preview_requested.emit(index.row()))
        thumbnails.ready.connect(self._note_fresh)
        thumbnails.look_again.connect(self.viewport().update)
        self.verticalScrollBar().valueChanged.connect(self._fetch_ahead)
        self.verticalScrollBar().valueChanged.connect(self._place_rest_line)
        self.verticalScrollBar().rangeChanged.connect(self._fetch_ahead)
        for changed in (model.modelReset, model.rowsInserted, model.rowsRemoved):
            changed.connect(self._arrange)

    @property
    def cell_size(self) -> int:
        """Minimum width of a card, in points."""
        return self._cell

    def set_cell_size(self, points: int) -> None:
        """Set the minimum width of a card, in points, limited to ``CELL_SIZES``."""
        points = min(max(points, CELL_SIZES[0]), CELL_SIZES[1])
        if points != self._cell:
            self._cell = points
            self._arrange()

    def set_sort(self, sort: Sort) -> None:
        """Set the sort order, whose key is shown below each name."""
        if sort is not self._delegate.sort:
            self._delegate.sort = sort
            self.viewport().update()

    def offer_rest(self, is_offered: bool) -> None:
        """Show or hide the bar below the last result that offers the possible matches."""
        if is_offered is not self.low_relevance_bar.isHidden():
            return
        if self.low_relevance_bar.button.hasFocus():
            # Keep the focus in this view: Qt would move it to the next widget. The arrow keys continue from the last
            # result.
            last = self._results.index(self._results.found_count - 1)
            if self.currentIndex().row() not in self.visible_rows() and last.isValid():
                self.selectionModel().setCurrentIndex(last, QItemSelectionModel.SelectionFlag.NoUpdate)
            self.setFocus()
        self.low_relevance_bar.setVisible(is_offered)
        self._arrange()
        self._fetch_ahead()

    def chosen(self) -> list[Hit]:
        """Return the selected hits in the order shown, or else the current one."""
        rows = sorted(index.row() for index in self.selectionModel().selectedIndexes())
        if not rows and self.currentIndex().isValid():
            rows = [self.currentIndex().row()]
        return [self._results.hit(row) for row in rows]

    def current(self) -> Hit | None:
        """Return the current hit (the one with the keyboard focus), if any."""
        row = self.currentIndex().row()
        return self._results.hit(row) if row >= 0 else None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() is QEvent.Type.FontChange:
            self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self.viewport())
        for row in self.grid.headed:
            room = self.grid.heading_rect(row, self.viewport().width()).translated(0, -self.verticalOffset())
            if room.intersects(event.rect()):
                title = group_title(self._results.hit(row).group)
                paint_heading(painter, self.palette(), self.font(), room, title)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._actions.take_key(event):
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Do nothing: letters are shortcuts here, and names are found by the query."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        if not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            super().wheelEvent(event)
            return
        self._wheel += event.angleDelta().y()
        steps = int(self._wheel / _NOTCH)
        self._wheel -= steps * _NOTCH
        before = self._cell
        self.set_cell_size(self._cell + steps * _STEP)
        if self._cell != before:
            self.cell_size_changed.emit(self._cell)
        event.accept()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if not self.chosen():
            return
        at = event.globalPos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            at = self.viewport().mapToGlobal(self.visualRect(self.currentIndex()).center())
        self._actions.menu(self).popup(at)

    def startDrag(self, actions: Qt.DropAction) -> None:
        indexes = self.selectionModel().selectedIndexes()
        if not indexes:
            return
        drag = QDrag(self)
        drag.setMimeData(self._results.mimeData(indexes))
        drag.setPixmap(self._drag_picture(indexes))
        drag.setHotSpot(QPoint(-12, -12))
        drag.exec(Qt.DropAction.CopyAction)

    def _set_up(self) -> None:
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setAccessibleName(tr("Results"))

    def _arrange(self) -> None:
        """Lay out the grid with as many columns as fit, and keep the visible rows in view."""
        bar = self.verticalScrollBar()
        row = self.visible_rows().start
        anchor = self._results.index(row) if bar.value() > 0 else QModelIndex()
        # maximumViewportSize() would exclude a scroll bar that is always on.
        whole = self.contentsRect()
        needs_bar = self._height_for(whole.width()) > whole.height()
        policy = Qt.ScrollBarPolicy.ScrollBarAlwaysOn if needs_bar else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        if policy is not self.verticalScrollBarPolicy():
            self.setVerticalScrollBarPolicy(policy)
        before, layout = (
            self.grid,
            self._grid_in(whole.width() - (bar.sizeHint().width() if needs_bar else 0)),
        )
        self.set_grid(layout, self._foot_in(whole.width()))
        if (before.columns, before.cell) != (layout.columns, layout.cell):
            if anchor.isValid():
                self.scrollTo(anchor, QAbstractItemView.ScrollHint.PositionAtTop)
        elif len(before.headed) != len(layout.headed):
            # Headings were added or removed with a group: keep the visible rows in place.
            bar.setValue(bar.value() + layout.rect(row).top() - before.rect(row).top())
        self._place_rest_line()

    def _grid_in(self, width: int) -> GridLayout:
        columns = max(1, width // (self._cell + GAP))
        across = max(1, width // columns)
        cell = QSize(across, self._delegate.grid_height(across, self.font()))
        rows = self._results.group_rows
        headed = tuple(rows) if len(rows) > 1 else ()
        return GridLayout(columns, cell, GAP, headed, heading_height(self.font()))

    def _height_for(self, width: int) -> int:
        return self._grid_in(width).height(self._results.rowCount()) + self._foot_in(width)

    def _foot_in(self, width: int) -> int:
        return 0 if self.low_relevance_bar.isHidden() else self.low_relevance_bar.height_in(width)

    def _place_rest_line(self) -> None:
        if not self.low_relevance_bar.isHidden():
            width = self.viewport().width()
            top = self.grid.height(self._results.rowCount()) - self.verticalOffset()
            self.low_relevance_bar.setGeometry(0, top, width, self.low_relevance_bar.height_in(width))

    def _scroll_to_end(self) -> None:
        self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def _fetch_ahead(self) -> None:
        """Request more hits before the end is reached, so that scrolling does not stop there."""
        bar = self.verticalScrollBar()
        if bar.maximum() - bar.value() <= _SCREENS_AHEAD * self.viewport().height():
            root = QModelIndex()
            if self._results.rowCount() and self._results.canFetchMore(root):
                self._results.fetchMore(root)

    def _note_fresh(self, key: str) -> None:
        self._fresh.add(key)
        if not self._repaint.isActive():
            self._repaint.start(10)  # thumbnails that arrive together are painted together

    def _show_fresh(self) -> None:
        fresh, self._fresh = self._fresh, set()
        for row in self.visible_rows():
            if self._results.hit(row).thumbnail_key in fresh:
                self.update(self._results.index(row))

    def _preview_current(self) -> None:
        rows = [index.row() for index in (self.currentIndex(), *self.selectedIndexes()) if index.isValid()]
        if rows:
            self.preview_requested.emit(rows[0])

    def _drag_picture(self, indexes: list[QModelIndex]) -> QPixmap:
        current = self.currentIndex() if self.currentIndex() in indexes else indexes[0]
        hit = current.data(HitRole.HIT)
        dpr = self.devicePixelRatioF()
        found = self._thumbnails.pixmap(hit, QSize(96, 96), dpr)
        picture = QPixmap(QSize(112, 112) * dpr)
        picture.setDevicePixelRatio(dpr)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        self._delegate.paint_dragged(painter, self.palette(), found, len(indexes))
        painter.end()
        return picture
