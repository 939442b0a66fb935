"""Tab bar of a pane group."""

from PySide6.QtCore import QMimeData, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QDrag, QMouseEvent, QPainter, QPaintEvent, QPalette, QPixmap
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMenu, QTabBar, QToolButton, QWidget

from imagefinder.translation import tr
from imagefinder.ui.formatting import tooltip
from imagefinder.ui.widgets.icons import icon, menu_icon

PANE_MIME = "application/x-imagefinder-pane"
_WIDEST = 220
_NARROWEST = 96


def pane_mime(token: str, pane_id: int) -> QMimeData:
    """Return the data of a dragged tab; ``token`` identifies the ``PaneArea`` of the pane."""
    mime = QMimeData()
    mime.setData(PANE_MIME, f"{token} {pane_id}".encode())
    return mime


def dragged_pane(mime: QMimeData, token: str) -> int | None:
    """Return the id of the dragged pane; None if something else is dragged, or a pane of another area."""
    area, _, pane_id = bytes(mime.data(PANE_MIME).data()).decode().partition(" ")
    return int(pane_id) if area == token and pane_id.isdigit() else None


class PaneTabs(QTabBar):
    """Tab bar with one tab for each pane. The pane's id is the tab's data.

    Tabs can be dragged within the bar, to another group, or to an edge of a group.
    """

    close_wanted = Signal(int)  # pane id
    split_wanted = Signal(int)

    def __init__(self, token: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.is_marked = False
        self._token = token
        self._pressed: QPoint | None = None
        self._pressed_pane: int | None = None
        self.setExpanding(False)
        self.setElideMode(Qt.TextElideMode.ElideRight)
        self.setUsesScrollButtons(True)
        self.setDocumentMode(True)
        self.setDrawBase(False)
        self.setAccessibleName(tr("Searches"))

    def insert(self, at: int, pane_id: int, title: str) -> None:
        """Insert a tab for a pane."""
        self.insertTab(at, "")
        self.setTabData(at, pane_id)
        button = QToolButton(self)
        button.setIcon(icon("x"))
        button.setIconSize(QSize(12, 12))
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setStyleSheet("QToolButton { padding: 1px; border-radius: 4px; }")
        button.setToolTip(tr("Close this search (Ctrl+W)"))
        button.setAccessibleName(tr("Close this search"))
        button.clicked.connect(lambda: self.close_wanted.emit(pane_id))
        # The margin keeps the button away from the edge of the tab.
        holder = QWidget(self)
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 8, 0)
        row.addWidget(button)
        self.setTabButton(at, QTabBar.ButtonPosition.RightSide, holder)
        self.set_title(pane_id, title)

    def set_title(self, pane_id: int, title: str) -> None:
        """Set the title of a pane's tab."""
        at = self.at_pane(pane_id)
        # A single ampersand would mark a mnemonic.
        self.setTabText(at, title.replace("&", "&&"))
        self.setTabToolTip(at, tooltip(title))
        self.setAccessibleTabName(at, title)
        self.updateGeometry()

    def at_pane(self, pane_id: int) -> int:
        """Return the index of a pane's tab; -1 if it has none here."""
        return next((at for at in range(self.count()) if self.tabData(at) == pane_id), -1)

    def set_marked(self, is_marked: bool) -> None:
        """Set whether the current tab is marked, to show that this group is the active one."""
        self.is_marked = is_marked
        self.update()

    def place_for(self, position: QPoint) -> int:
        """Return the index at which a tab dropped at this position is inserted."""
        for at in range(self.count()):
            if position.x() < self.tabRect(at).center().x():
                return at
        return self.count()

    def minimumSizeHint(self) -> QSize:
        # Qt's hint includes scroll buttons, which would leave a gap after a single short tab.
        size = super().minimumSizeHint()
        return QSize(min(size.width(), self.sizeHint().width()), size.height())

    def minimumTabSizeHint(self, index: int) -> QSize:
        size = super().minimumTabSizeHint(index)
        return QSize(min(size.width(), _NARROWEST), size.height())

    def tabSizeHint(self, index: int) -> QSize:
        size = super().tabSizeHint(index)
        return QSize(max(_NARROWEST, min(size.width(), _WIDEST)), size.height())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().toPoint()
            at = self.tabAt(self._pressed)
            self._pressed_pane = self.tabData(at) if at >= 0 else None
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._pressed is None or not event.buttons() & Qt.MouseButton.LeftButton:
            super().mouseMoveEvent(event)
            return
        way = (event.position().toPoint() - self._pressed).manhattanLength()
        # The tab may have moved since it was pressed, because another one was closed or got a longer title.
        at = self.at_pane(self._pressed_pane) if self._pressed_pane is not None else -1
        if way >= QApplication.startDragDistance() and at >= 0:
            self._pressed = None
            picture = self.grab(self.tabRect(at))
            mime = pane_mime(self._token, self.tabData(at))
            # The drag is started by the event loop: the drop may delete this tab bar, which must not be handling an
            # event then.
            window = self.window()
            QTimer.singleShot(0, window, lambda: _drag(window, mime, picture))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        at = self.tabAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.MiddleButton and at >= 0:
            self.close_wanted.emit(self.tabData(at))
            return
        super().mouseReleaseEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        at = self.tabAt(event.pos())
        if at < 0:
            return
        pane_id = self.tabData(at)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        beside = menu.addAction(menu_icon("columns-2"), tr("Show side by side"))
        beside.triggered.connect(lambda: self.split_wanted.emit(pane_id))
        beside.setEnabled(self.count() > 1)
        close = menu.addAction(menu_icon("x"), tr("Close"))
        close.triggered.connect(lambda: self.close_wanted.emit(pane_id))
        menu.popup(event.globalPos())

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.is_marked and self.currentIndex() >= 0:
            tab = self.tabRect(self.currentIndex())
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(self.palette().color(QPalette.ColorRole.Highlight))
            painter.drawRoundedRect(tab.left() + 14, tab.bottom() - 5, tab.width() - 28, 2, 1, 1)


def _drag(source: QWidget, mime: QMimeData, picture: QPixmap) -> None:
    drag = QDrag(source)
    drag.setMimeData(mime)
    drag.setPixmap(picture)
    drag.setHotSpot(QPoint(24, 12))
    drag.exec(Qt.DropAction.MoveAction)
