"""Qt table model of unreadable files, and its filter."""

from collections.abc import Sequence
from enum import IntEnum

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)

from imagefinder.domain.items import UnreadableFile
from imagefinder.text_folding import fold, without_accents
from imagefinder.translation import tr
from imagefinder.ui.formatting import path_text, short_name, tooltip

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()


class Column(IntEnum):
    """Columns of the table."""

    NAME = 0
    REASON = 1
    FOLDER = 2


class UnreadableModel(QAbstractTableModel):
    """Qt table model with one row for each unreadable file."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._files: list[UnreadableFile] = []

    def reset(self, files: Sequence[UnreadableFile]) -> None:
        """Replace all rows."""
        self.beginResetModel()
        self._files = list(files)
        self.endResetModel()

    def file(self, row: int) -> UnreadableFile:
        """Return the file in a row."""
        return self._files[row]

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._files)

    def columnCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        file = self._files[index.row()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tooltip(f"{path_text(file.path)}\n{file.reason}")
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        match Column(index.column()):
            case Column.NAME:
                return short_name(file.path)
            case Column.REASON:
                return file.reason
            case _:
                return path_text(file.path.parent)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if orientation is not Qt.Orientation.Horizontal or role != Qt.ItemDataRole.DisplayRole:
            return None
        return (tr("File"), tr("Reason"), tr("Folder"))[section]


class UnreadableFilter(QSortFilterProxyModel):
    """Proxy that accepts rows with a given text in any column, ignoring case, Unicode form and accents."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._wanted = ""

    def set_text(self, text: str) -> None:
        """Set the text to filter by; empty for all rows."""
        self._wanted = without_accents(fold(text))
        # Called for its side effect, filtering again. The methods meant for that differ between Qt versions.
        self.setFilterFixedString(text)

    def filterAcceptsRow(self, row: int, parent: Index) -> bool:
        model = self.sourceModel()
        columns = (model.index(row, column, parent).data() for column in range(model.columnCount(parent)))
        return any(self._wanted in without_accents(fold(text)) for text in columns)
