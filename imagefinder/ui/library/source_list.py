"""List view of sources, with links and a menu for each row."""

from pathlib import Path

from PySide6.QtCore import (
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QContextMenuEvent, QHideEvent, QKeyEvent, QMouseEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QListView, QStyleOptionViewItem, QWidget

from imagefinder.domain.sources import SourceStatus
from imagefinder.translation import tr
from imagefinder.ui.library.source_delegate import SourceDelegate
from imagefinder.ui.library.source_status import RowAction
from imagefinder.ui.library.sources_model import SourceRole, SourcesModel

_REFRESH_MS = 30_000


class SourceList(QListView):
    """List view of a ``SourcesModel``.

    Delete emits ``forget_wanted`` for the selected sources. Enter and Space open the menu of the current one.
    """

    menu_wanted = Signal(object, QPoint)  # SourceStatus, position on the screen
    unreadable_wanted = Signal(object)  # SourceStatus
    continue_wanted = Signal(object)  # SourceStatus
    download_wanted = Signal(list)  # list[SourceStatus]
    forget_wanted = Signal(list)  # list[SourceStatus]

    def __init__(self, model: SourcesModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._sources = model
        self._delegate = SourceDelegate(self)
        self.setModel(model)
        self.setItemDelegate(self._delegate)
        self.setAccessibleName(tr("Folders and files in the library"))
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setMouseTracking(True)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        # The panel's background shows through, in light and dark themes.
        self.viewport().setAutoFillBackground(False)
        # The height of a row depends on its texts.
        model.dataChanged.connect(self.scheduleDelayedItemsLayout)
        self._minutes = QTimer(self, interval=_REFRESH_MS)
        self._minutes.timeout.connect(model.refresh)

    def current(self) -> SourceStatus | None:
        """Return the current source (the one with the keyboard focus), if any."""
        index = self.currentIndex()
        return self._sources.source(index.row()) if index.isValid() else None

    def selected(self) -> list[SourceStatus]:
        """Return the selected sources in list order."""
        return [self._sources.source(row) for row in sorted(each.row() for each in self.selectedIndexes())]

    def select(self, path: Path) -> None:
        """Make a source the current one, and select only it."""
        index = self._sources.index(self._sources.row_of(path))
        self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._sources.refresh()
        self._minutes.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._minutes.stop()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        status = self.current()
        # QListView handles Ctrl+Space: it adds the current source to the selection, or removes it.
        is_held = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.key() == Qt.Key.Key_Delete:
            if chosen := self.selected() or ([status] if status else []):
                self.forget_wanted.emit(chosen)
        elif (
            status and not is_held and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space)
        ):
            self._open_menu(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            if self.currentIndex().isValid():
                self._open_menu(self.currentIndex())
        elif (index := self.indexAt(event.pos())).isValid():
            self._make_current(index)
            self.menu_wanted.emit(self._sources.source(index.row()), event.globalPos())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        index = self.indexAt(event.position().toPoint())
        is_hot = index.isValid() and any(
            is_on(index, event) for is_on in (self._is_on_link, self._is_on_action, self._is_on_menu)
        )
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if is_hot else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() != Qt.MouseButton.LeftButton or not index.isValid():
            return
        if self._is_on_link(index, event):
            self.unreadable_wanted.emit(self._sources.source(index.row()))
        elif self._is_on_action(index, event):
            self._act(index)
        elif self._is_on_menu(index, event):
            self._open_menu(index)

    def _act(self, index: QModelIndex) -> None:
        status = self._sources.source(index.row())
        match index.data(SourceRole.STATE).action:
            case RowAction.CONTINUE:
                self.continue_wanted.emit(status)
            case RowAction.DOWNLOAD:
                self.download_wanted.emit([status])
            case _:
                self.forget_wanted.emit([status])

    def selectionCommand(
        self, index: QModelIndex | QPersistentModelIndex, event: QEvent | None = None
    ) -> QItemSelectionModel.SelectionFlag:
        # The menu of a selected source applies to the whole selection, so a click on its button must not change it.
        if (
            isinstance(event, QMouseEvent)
            and event.type() == QEvent.Type.MouseButtonRelease
            and self.selectionModel().isSelected(index)
            and self._is_on_menu(self._sources.index(index.row()), event)
        ):
            return QItemSelectionModel.SelectionFlag.NoUpdate
        return super().selectionCommand(index, event)

    def viewportEvent(self, event: QEvent) -> bool:
        # The texts wrap differently after a change of the width.
        if event.type() == QEvent.Type.Resize:
            self.scheduleDelayedItemsLayout()
        return super().viewportEvent(event)

    def _is_on_link(self, index: QModelIndex, event: QMouseEvent) -> bool:
        return self._delegate.is_on_link(self._option(index), index, event.position().toPoint())

    def _is_on_action(self, index: QModelIndex, event: QMouseEvent) -> bool:
        return self._delegate.is_on_action(self._option(index), index, event.position().toPoint())

    def _is_on_menu(self, index: QModelIndex, event: QMouseEvent) -> bool:
        return self._delegate.is_on_menu(self._option(index), index, event.position().toPoint())

    def _option(self, index: QModelIndex) -> QStyleOptionViewItem:
        option = QStyleOptionViewItem()
        self.initViewItemOption(option)
        option.rect = self.visualRect(index)
        return option

    def _make_current(self, index: QModelIndex) -> None:
        """Make a row the current one. A selection that contains it is kept; otherwise only the row is selected."""
        flags = QItemSelectionModel.SelectionFlag
        is_selected = self.selectionModel().isSelected(index)
        self.selectionModel().setCurrentIndex(index, flags.NoUpdate if is_selected else flags.ClearAndSelect)

    def _open_menu(self, index: QModelIndex) -> None:
        button = self._delegate.layout(self._option(index), index).menu
        where = self.viewport().mapToGlobal(button.bottomLeft())
        self.menu_wanted.emit(self._sources.source(index.row()), where)
