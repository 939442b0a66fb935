"""Group of panes behind one tab bar."""

from PySide6.QtCore import QPoint, QRect, QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QHBoxLayout, QStackedWidget, QToolButton, QVBoxLayout, QWidget

from imagefinder.translation import tr
from imagefinder.ui.dragdrop.drop_overlay import DropOverlay
from imagefinder.ui.search.pane_tabs import PANE_MIME, PaneTabs, dragged_pane
from imagefinder.ui.search.search_pane import SearchPane
from imagefinder.ui.widgets.icons import icon

LEAST_WIDTH = 320
"""Minimum width of a group, in points."""
_EDGE = 0.25
"""Fraction of the width, at the left and the right, in which a dropped tab starts a new group."""


class PaneGroup(QWidget):
    """Panes in tabs, of which one is visible.

    Operations that affect other groups are requested by signals, which ``PaneArea`` handles.
    """

    current_changed = Signal()
    """Another pane is current. Emitted only when panes, tabs and stack are consistent."""
    new_wanted = Signal()
    close_wanted = Signal(int)  # pane id
    split_wanted = Signal(int)
    pane_dropped = Signal(int, int)
    """A pane (id) was dropped, to be moved here with its tab at this index."""
    edge_dropped = Signal(int, int)
    """A pane (id) was dropped at an edge, to be moved to a new group: -1 to the left, 1 to the right of this one."""

    def __init__(self, token: str, parent: QWidget | None = None) -> None:
        """Create an empty group.

        Args:
            token: Identifies the ``PaneArea``; only panes of the same area can be dropped here.
            parent: The parent widget.
        """
        super().__init__(parent)
        self.is_turning = False
        """Whether the current pane is being changed. Focus changes are meaningless meanwhile."""
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
        """Return the panes in the order of their tabs."""
        return list(self._panes)

    def current(self) -> SearchPane | None:
        """Return the visible pane; None if the group is empty."""
        at = self.tabs.currentIndex()
        return self._panes[at] if 0 <= at < len(self._panes) else None

    def insert(self, pane: SearchPane, at: int | None = None) -> None:
        """Insert a pane at an index (by default at the end), and make it the current one."""
        at = len(self._panes) if at is None else max(0, min(at, len(self._panes)))
        # The tab bar would emit currentChanged before the pane is in the stack.
        with QSignalBlocker(self.tabs):
            self.tabs.insert(at, pane.pane_id, pane.title)
            self.tabs.setCurrentIndex(at)
            self._panes.insert(at, pane)
        self._stack.insertWidget(at, pane)
        self._on_current_changed()

    def remove(self, pane: SearchPane) -> None:
        """Remove a pane from the group and hide it, without closing it."""
        at = self._panes.index(pane)
        with QSignalBlocker(self.tabs):
            self.tabs.removeTab(at)
            del self._panes[at]
        # The next pane is shown first: hiding a pane moves the focus, and the slots for that need a consistent group.
        self._show_current()
        self._stack.removeWidget(pane)
        pane.hide()
        if self._panes:
            self.current_changed.emit()

    def show_pane(self, pane: SearchPane) -> None:
        """Make a pane the current one."""
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
        """Return the area that a pane dropped here would take."""
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
