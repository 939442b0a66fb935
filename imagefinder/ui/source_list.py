"""The list of sources: rows with a link and a menu of their own."""

from pathlib import Path

from PySide6.QtCore import QEvent, QModelIndex, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QContextMenuEvent, QHideEvent, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyleOptionViewItem, QWidget

from imagefinder.model.sources import SourceStatus
from imagefinder.translation import tr
from imagefinder.ui.source_delegate import SourceDelegate
from imagefinder.ui.sources_model import SourcesModel

_REFRESH_MS = 30_000


class SourceList(QListView):
    """Shows a ``SourcesModel``. Delete asks to forget the current source; Enter opens its menu."""

    menu_wanted = Signal(object, QPoint)  # SourceStatus, where on the screen
    unreadable_wanted = Signal(object)  # SourceStatus
    forget_wanted = Signal(object)  # SourceStatus

    def __init__(self, model: SourcesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sources = model
        self._delegate = SourceDelegate(self)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(tr("Folders and files in the library"))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        # Lies on the panel's own colour, in light and dark.
        self.viewport().setAutoFillBackground(False)
        # A row's height follows what it has to say.
        model.dataChanged.connect(self.scheduleDelayedItemsLayout)
        self._minutes = QTimer(self, interval=_REFRESH_MS)
        self._minutes.timeout.connect(model.refresh)

    def current(self) -> SourceStatus | None:
        """The source that the keyboard is on."""
        index = self.currentIndex()
        return self._sources.source(index.row()) if index.isValid() else None

    def select(self, path: Path) -> None:
        """Put the keyboard on a source."""
        self.setCurrentIndex(self._sources.index(self._sources.row_of(path)))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._sources.refresh()
        self._minutes.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._minutes.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        status = self.current()
        if status and event.key() == Qt.Key.Key_Delete:
            self.forget_wanted.emit(status)
        elif status and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._open_menu(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            if self.currentIndex().isValid():
                self._open_menu(self.currentIndex())
        elif (index := self.indexAt(event.pos())).isValid():
            self.setCurrentIndex(index)
            self.menu_wanted.emit(self._sources.source(index.row()), event.globalPos())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        is_hot = index.isValid() and (self._is_on_link(index, event) or self._is_on_menu(index, event))
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if is_hot else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() != Qt.MouseButton.LeftButton or not index.isValid():
            return
        if self._is_on_link(index, event):
            self.unreadable_wanted.emit(self._sources.source(index.row()))
        elif self._is_on_menu(index, event):
            self._open_menu(index)

    def viewportEvent(self, event: QEvent) -> bool:
        # The rows' texts are broken anew when the width changes.
        if event.type() == QEvent.Type.Resize:
            self.scheduleDelayedItemsLayout()
        return super().viewportEvent(event)

    def _is_on_link(self, index: QModelIndex, event: QMouseEvent) -> bool:
        return self._delegate.is_on_link(self._option(index), index, event.position().toPoint())

    def _is_on_menu(self, index: QModelIndex, event: QMouseEvent) -> bool:
        return self._delegate.is_on_menu(self._option(index), index, event.position().toPoint())

    def _option(self, index: QModelIndex) -> QStyleOptionViewItem:
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        option.rect = self.visualRect(index)
        return option

    def _open_menu(self, index: QModelIndex) -> None:
        button = self._delegate.layout(self._option(index), index).menu
        where = self.viewport().mapToGlobal(button.bottomLeft())
        self.menu_wanted.emit(self._sources.source(index.row()), where)
