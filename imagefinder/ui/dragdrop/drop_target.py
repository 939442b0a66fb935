"""Widget that accepts folders and files dropped from other programs."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from imagefinder.translation import tr
from imagefinder.ui.dragdrop.drop_overlay import DropOverlay
from imagefinder.ui.dragdrop.mime_parser import local_paths


class DropTarget(QWidget):
    """Drop target for local paths to add to the library, with an overlay while they are dragged over it."""

    dropped = Signal(list)  # list[Path]

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAcceptDrops(True)
        self._overlay = DropOverlay(self)

    @property
    def is_hovered(self) -> bool:
        """Whether an acceptable drag is over the widget."""
        return self._overlay.isVisibleTo(self)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        # Drags from the window's own results are ignored, because these files are in the library already.
        if event.source() is None and local_paths(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self._overlay.cover(self.rect(), tr("Add to library"))

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._overlay.hide()
        if paths := local_paths(event.mimeData()):
            event.setDropAction(Qt.DropAction.CopyAction)
            event.accept()
            self.dropped.emit(paths)
