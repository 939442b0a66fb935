"""A group of panes behind one tab bar."""

from PySide6.QtCore import QPoint, QRect, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from imagefinder.translation import tr
from imagefinder.ui.dragdrop.drop_overlay import DropOverlay
from imagefinder.ui.search.pane_tabs import PANE_MIME, PaneTabs, dragged_pane
from imagefinder.ui.search.search_pane import SearchPane
from imagefinder.ui.widgets.icons import icon

LEAST_WIDTH = 320
"""Points: the least width of a group."""
_EDGE = 0.25
"""The share of the width at either side where a dropped tab makes a group of its own."""


class PaneGroup(QWidget):
    """A group of panes. What changes more than this group is asked for by signal."""

    current_changed = Signal()
    """Another pane is in front. Emitted once panes, tabs and stack agree, never in between."""
    new_wanted = Signal()
    close_wanted = Signal(int)  # pane id
    split_wanted = Signal(int)
    pane_dropped = Signal(int, int)
    """A pane (id) shall stand here, its tab at this place."""
    edge_dropped = Signal(int, int)
    """A pane (id) shall have a group of its own: -1 to the left, 1 to the right of this one."""

    def __init__(self, token: str, parent: QWidget | None = None) -> None:
        """``token`` names the area; only its own panes can be dropped here."""
        super().__init__(parent)
        self.is_turning = False
        """Whether another pane is being put in front: the focus wanders about meanwhile."""
        self._token = token
        self._panes: list[SearchPane] = []
        self.tabs = PaneTabs(token, self)
        self._stack = QStackedWidget(self)
        self._overlay = DropOverlay(self)
        self.tabs.currentChanged.connect(self._on_current_changed)
        self.tabs.close_wanted.connect(self.close_wanted)
        self.tabs.split_wanted.connect(self.split_wanted)
        add = QToolButton(self)
        add.setIcon(icon("plus"))
        add.setIconSize(QSize(16, 16))
        add.setAutoRaise(True)
        add.setToolTip(tr("New search (Ctrl+T)"))
        add.setAccessibleName(tr("New search"))
        add.clicked.connect(self.new_wanted)
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 8, 0)
        row.setSpacing(2)
        row.addWidget(self.tabs)
        row.addWidget(add)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self._stack, 1)
        self.setAcceptDrops(True)
        self.setMinimumWidth(LEAST_WIDTH)

    def panes(self) -> list[SearchPane]:
        """In the order of their tabs."""
        return list(self._panes)

    def current(self) -> SearchPane | None:
        """The one in front; None in a group without panes."""
        at = self.tabs.currentIndex()
        return self._panes[at] if 0 <= at < len(self._panes) else None

    def insert(self, pane: SearchPane, at: int | None = None) -> None:
        """Take a pane in, and put it in front."""
        at = len(self._panes) if at is None else max(0, min(at, len(self._panes)))
        # The tab bar would tell of its new current tab before the pane behind it is in its place.
        with QSignalBlocker(self.tabs):
            self.tabs.insert(at, pane.pane_id, pane.title)
            self.tabs.setCurrentIndex(at)
            self._panes.insert(at, pane)
        self._stack.insertWidget(at, pane)
        self._on_current_changed()

    def remove(self, pane: SearchPane) -> None:
        """Let a pane go; it is hidden, and still there."""
        at = self._panes.index(pane)
        with QSignalBlocker(self.tabs):
            self.tabs.removeTab(at)
            del self._panes[at]
        # First its successor is shown: hiding a pane moves the focus, and whoever hears of that finds all in order.
        self._show_current()
        self._stack.removeWidget(pane)
        pane.hide()
        if self._panes:
            self.current_changed.emit()

    def show_pane(self, pane: SearchPane) -> None:
        """Put a pane in front."""
        self.tabs.setCurrentIndex(self._panes.index(pane))

    def _on_current_changed(self) -> None:
        self._show_current()
        self.current_changed.emit()

    def _show_current(self) -> None:
        pane = self.current()
        if pane is not None:
            self.is_turning = True
            self._stack.setCurrentWidget(pane)
            self.is_turning = False

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._hover(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._hover(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._overlay.hide()
        pane_id = dragged_pane(event.mimeData(), self._token)
        if pane_id is None:
            return
        event.setDropAction(Qt.DropAction.MoveAction)
        event.accept()
        position = event.position().toPoint()
        if side := self._side(position):
            self.edge_dropped.emit(pane_id, side)
        elif position.y() < self._stack.y():
            self.pane_dropped.emit(pane_id, self.tabs.place_for(self.tabs.mapFrom(self, position)))
        else:
            self.pane_dropped.emit(pane_id, len(self._panes))

    def _hover(self, event: QDragMoveEvent) -> None:
        mime = event.mimeData()
        if not mime.hasFormat(PANE_MIME) or dragged_pane(mime, self._token) is None:
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.MoveAction)
        event.accept()
        self._overlay.cover(self._target(event.position().toPoint()))

    def _side(self, position: QPoint) -> int:
        if position.y() < self._stack.y():
            return 0
        share = position.x() / max(1, self.width())
        return -1 if share < _EDGE else 1 if share > 1 - _EDGE else 0

    def _target(self, position: QPoint) -> QRect:
        """Where the pane would stand."""
        area = self._stack.geometry()
        side = self._side(position)
        if side:
            half = area.width() // 2
            area.setWidth(half)
            if side > 0:
                area.moveLeft(self._stack.geometry().right() - half + 1)
        elif position.y() < self._stack.y():
            area = QRect(0, 0, self.width(), self._stack.y())
        return area
