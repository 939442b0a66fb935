"""Qt list model of the hits of one pane."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from enum import IntEnum

from PySide6.QtCore import (
    QAbstractListModel,
    QMimeData,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    Signal,
)

from imagefinder.domain.queries import Group, Hit, group_title
from imagefinder.translation import join_clauses, tr
from imagefinder.ui import formatting
from imagefinder.ui.formatting import short_name, tooltip
from imagefinder.ui.services.file_mime import mime_of_files

Index = QModelIndex | QPersistentModelIndex


class HitRole(IntEnum):
    """Data roles of a row, besides Qt's own."""

    HIT = Qt.ItemDataRole.UserRole
    """The hit (``Hit``)."""
    KEY = Qt.ItemDataRole.UserRole + 1
    """Key of the hit's thumbnail."""


class ResultsModel(QAbstractListModel):
    """Qt list model of hits in the order shown. More hits are requested as the user scrolls."""

    more_wanted = Signal(int)
    """Requests the hits from this offset on. Not emitted again before the receiver calls ``append``, which it must do
    even if there are no hits."""

    def __init__(self, parent: QObject | None = None) -> None:
        """Create an empty model."""
        super().__init__(parent)
        self._hits: list[Hit] = []
        self._has_more = False
        self._is_asked = False
        self._given = 0

    def reset(self, hits: Sequence[Hit], has_more: bool) -> None:
        """Replace all hits."""
        self.beginResetModel()
        self._hits = list(hits)
        self._given = len(hits)
        self._has_more = has_more
        self._is_asked = False
        self.endResetModel()

    def append(self, hits: Sequence[Hit], has_more: bool) -> None:
        """Append hits, in answer to ``more_wanted``."""
        self._has_more = has_more
        self._is_asked = False
        if hits:
            first = len(self._hits)
            self.beginInsertRows(QModelIndex(), first, first + len(hits) - 1)
            self._hits.extend(hits)
            self._given += len(hits)
            self.endInsertRows()

    def clear(self) -> None:
        """Remove all hits."""
        self.reset((), has_more=False)

    @property
    def has_more(self) -> bool:
        """Whether the engine has more hits."""
        return self._has_more

    def hit(self, row: int) -> Hit:
        """Return the hit in a row.

        Raises:
            IndexError: There is no such row.
        """
        return self._hits[row]

    @property
    def group_rows(self) -> list[int]:
        """The first row of each hit group that is not empty."""
        rows, row = [], 0
        while row < len(self._hits):
            rows.append(row)
            group = self._hits[row].group
            row = bisect_left(self._hits, True, lo=row, key=lambda hit: hit.group is not group)
        return rows

    @property
    def found_count(self) -> int:
        """Number of hits before the possible matches."""
        return bisect_left(self._hits, True, key=lambda hit: hit.group is Group.POSSIBLE)

    def row_of(self, item_id: int, near: int = 0) -> int:
        """Return the row of an item, or -1 if it is not shown; ``near`` is the row to try first."""
        if 0 <= near < len(self._hits) and self._hits[near].item_id == item_id:
            return near
        return next((row for row, hit in enumerate(self._hits) if hit.item_id == item_id), -1)

    def remove(self, item_ids: Collection[int]) -> None:
        """Remove items. They still count for the offset of the next request, as the engine has delivered them."""
        wanted = frozenset(item_ids)
        rows = [row for row, hit in enumerate(self._hits) if hit.item_id in wanted]
        while rows:
            # Adjacent rows are removed together, because each removal makes the views update their layout.
            first = last = rows.pop()
            while rows and rows[-1] == first - 1:
                first = rows.pop()
            self.beginRemoveRows(QModelIndex(), first, last)
            del self._hits[first : last + 1]
            self.endRemoveRows()

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self._hits)

    def canFetchMore(self, parent: Index) -> bool:
        return self._has_more and not self._is_asked and not parent.isValid()

    def fetchMore(self, parent: Index) -> None:
        if self.canFetchMore(parent):
            self._is_asked = True
            self.more_wanted.emit(self._given)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid() or index.row() >= len(self._hits):
            return None
        hit = self._hits[index.row()]
        match role:
            case HitRole.HIT:
                return hit
            case HitRole.KEY:
                return hit.thumbnail_key
            case Qt.ItemDataRole.DisplayRole:
                return short_name(hit.path)
            case Qt.ItemDataRole.ToolTipRole:
                return tooltip("\n".join(formatting.tooltip_lines(hit)))
            case Qt.ItemDataRole.AccessibleTextRole:
                return _spoken(hit, with_group=hit.group is not Group.MATCH or len(self.group_rows) > 1)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid():
            return Qt.ItemFlag.NoItemFlags
        return (
            Qt.ItemFlag.ItemIsEnabled
            | Qt.ItemFlag.ItemIsSelectable
            | Qt.ItemFlag.ItemIsDragEnabled
            | Qt.ItemFlag.ItemNeverHasChildren
        )

    def supportedDragActions(self) -> Qt.DropAction:
        # Copy only: another program must not move files out of the user's folders.
        return Qt.DropAction.CopyAction

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        return mime_of_files([self._hits[index.row()].path for index in indexes])


def _spoken(hit: Hit, *, with_group: bool) -> str:
    parts = [short_name(hit.path)]
    if hit.parts > 1:
        parts.append(tr("page {number}", number=hit.part))
    if hit.group is Group.WORDS:
        parts.append(formatting.score(hit))
    elif hit.relevance is None:
        parts.append(tr("score {score}", score=formatting.score(hit)))
    else:
        parts.append(tr("relevance {relevance}", relevance=formatting.score(hit)))
    if with_group:
        parts.append(group_title(hit.group))
    if hit.offline:
        parts.append(tr("drive not connected"))
    if hit.gone:
        parts.append(tr("missing"))
    if hit.hidden:
        parts.append(tr("hidden from results"))
    return join_clauses(parts)
