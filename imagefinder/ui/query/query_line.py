"""Line edit for the words of a query."""

from dataclasses import replace

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QLineEdit, QWidget

from imagefinder.domain.queries import MOST_CHARACTERS
from imagefinder.ui.dragdrop.mime_parser import Dropped, may_hold_pictures, read_mime


class QueryLine(QLineEdit):
    """Line edit that passes on pasted pictures, and keys that move the focus to the chips or to the results."""

    pasted = Signal(object)  # Dropped
    went_back = Signal()
    """Backspace was pressed at the start of the text."""
    went_left = Signal()
    went_down = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFrame(False)
        # More than a query may have: a text that is too long is reported, instead of being truncated silently.
        self.setMaxLength(10 * MOST_CHARACTERS)
        # The query bar around it draws the frame, and the pane handles drops.
        self.setStyleSheet(
            "QLineEdit, QLineEdit:focus { border: none; background: transparent; padding: 0; min-height: 34px; }"
        )
        self.setAcceptDrops(False)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            selects_word = event.matches(QKeySequence.StandardKey.SelectNextWord)
            if selects_word and self.cursorPosition() == len(self.text()):
                # There is nothing to select here, so the keys are left to the window's shortcut.
                event.ignore()
                return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        at_start = self.cursorPosition() == 0 and not self.hasSelectedText()
        if event.matches(QKeySequence.StandardKey.Paste):
            self.paste_anything()
        elif at_start and event.key() == Qt.Key.Key_Backspace:
            self.went_back.emit()
        elif at_start and event.key() == Qt.Key.Key_Left and not event.modifiers():
            self.went_left.emit()
        elif event.key() == Qt.Key.Key_Down:
            self.went_down.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.createStandardContextMenu()
        for action in menu.actions():
            if action.objectName() == "edit-paste":
                action.triggered.disconnect()
                action.triggered.connect(self.paste_anything)
                action.setEnabled(action.isEnabled() or bool(self._on_clipboard()))
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def paste_anything(self) -> None:
        """Paste pictures and files as pictures of the query, anything else as text."""
        if found := self._on_clipboard():
            self.pasted.emit(replace(found, is_pasted=True))
        else:
            self.paste()

    def _on_clipboard(self) -> Dropped | None:
        mime = QGuiApplication.clipboard().mimeData()
        if mime is None or not may_hold_pictures(mime):
            return None
        found = read_mime(mime)
        if found.files or found.folders:
            return found
        # Spreadsheets offer cells as text and as a picture: in a line edit, the text is meant. An address alone is
        # pasted as text, too: links are fetched only when they are dropped.
        has_data = found.data or found.image is not None
        return found if has_data and not mime.text().strip() else None
