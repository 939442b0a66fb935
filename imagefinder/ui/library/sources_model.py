"""Qt list model of the library's sources."""

import time
from collections import Counter
from enum import IntEnum
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from imagefinder.domain.jobs import JobStatus, passed_over_text
from imagefinder.domain.sources import SourceKind, SourceStatus
from imagefinder.ipc.messages import JobChanged, LibraryChanged
from imagefinder.translation import join_clauses, tr
from imagefinder.ui.formatting import grouped, path_text, short_name, tooltip
from imagefinder.ui.library.source_status import RowAction, SourceState, state_of
from imagefinder.ui.services.engine_client import EngineClient

_NO_PARENT = QModelIndex()


class SourceRole(IntEnum):
    """Data roles of a row, besides Qt's own."""

    STATUS = Qt.ItemDataRole.UserRole + 1
    """The source with its counts (``SourceStatus``)."""
    STATE = Qt.ItemDataRole.UserRole + 2
    """The state to show (``SourceState``)."""
    ICON_NAME = Qt.ItemDataRole.UserRole + 3
    """Name of the icon, for ``icons.icon``."""
    UNREADABLE_TEXT = Qt.ItemDataRole.UserRole + 4
    """Text with the number of unreadable files; empty if there are none."""


class SourcesModel(QAbstractListModel):
    """Qt list model with one row for each source, updated by signals of the engine client."""

    def __init__(self, client: EngineClient, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sources: list[SourceStatus] = []
        self._states: list[SourceState] = []
        self._names: list[str] = []
        self._job = client.job.status if client.job else JobStatus()
        if client.library:
            self._on_library_changed(client.library)
        client.library_changed.connect(self._on_library_changed)
        client.job_changed.connect(self._on_job_changed)

    def source(self, row: int) -> SourceStatus:
        """Return the source in a row."""
        return self._sources[row]

    def offers(self, path: Path, action: RowAction) -> bool:
        """Whether a source is in the list and currently offers an action."""
        row = self.row_of(path)
        return row >= 0 and self._states[row].action is action

    def row_of(self, path: Path) -> int:
        """Return the row of a source; -1 if it is not in the list."""
        return next((row for row, each in enumerate(self._sources) if each.source.path == path), -1)

    def refresh(self) -> None:
        """Update the states of all rows, including the time since the last scan."""
        states = self._states_of(self._sources)
        changed = [row for row, state in enumerate(states) if state != self._states[row]]
        self._states = states
        for row in changed:
            self.dataChanged.emit(self.index(row), self.index(row))

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self._sources)

    def data(
        self, index: QModelIndex | QPersistentModelIndex, role: int = Qt.ItemDataRole.DisplayRole
    ) -> object:
        if not index.isValid():
            return None
        status, state = self._sources[index.row()], self._states[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return self._names[index.row()]
            case Qt.ItemDataRole.ToolTipRole:
                passed_over = passed_over_text(status.passed_over)
                lines = (path_text(status.source.path), *state.words, passed_over)
                return tooltip("\n".join(filter(None, lines)))
            case Qt.ItemDataRole.AccessibleTextRole:
                words = (self._names[index.row()], *state.words, state.action_text, _unreadable_text(status))
                return join_clauses(filter(None, words))
            case SourceRole.STATUS:
                return status
            case SourceRole.STATE:
                return state
            case SourceRole.ICON_NAME:
                if state.is_gone:
                    return "circle-alert"
                return "unplug" if state.is_offline else _icon_name(status)
            case SourceRole.UNREADABLE_TEXT:
                return _unreadable_text(status)
        return None

    def _on_library_changed(self, event: LibraryChanged) -> None:
        new = list(event.status.sources)
        kept = {each.source.path for each in new}
        for row in reversed(range(len(self._sources))):
            if self._sources[row].source.path not in kept:
                self.beginRemoveRows(_NO_PARENT, row, row)
                del self._sources[row], self._states[row], self._names[row]
                self.endRemoveRows()
        known = [each.source.path for each in self._sources]
        if known != [each.source.path for each in new[: len(known)]]:
            # Sources stay in the order in which they were added, so this is a different library.
            self.beginResetModel()
            self._set(new)
            self.endResetModel()
            return
        old_sources, old_states, old_names = self._sources, self._states, self._names
        if len(new) > len(known):
            self.beginInsertRows(_NO_PARENT, len(known), len(new) - 1)
        self._set(new)
        if len(new) > len(known):
            self.endInsertRows()
        for row, old in enumerate(zip(old_sources, old_states, old_names, strict=True)):
            if old != (self._sources[row], self._states[row], self._names[row]):
                self.dataChanged.emit(self.index(row), self.index(row))

    def _set(self, sources: list[SourceStatus]) -> None:
        self._sources = sources
        self._states = self._states_of(sources)
        self._names = _names([each.source.path for each in sources])

    def _states_of(self, sources: list[SourceStatus]) -> list[SourceState]:
        now, job = time.time(), self._job
        at_work, waiting = frozenset(job.sources), frozenset(job.waiting)
        return [state_of(each, job, now, at_work=at_work, waiting=waiting) for each in sources]

    def _on_job_changed(self, event: JobChanged) -> None:
        self._job = event.status
        self.refresh()


def _names(paths: list[Path]) -> list[str]:
    """Return the display names of sources. Equal names are told apart by their parent folders."""
    names = [short_name(path) for path in paths]
    count = Counter(names)
    return [
        tr("{name} in {folder}", name=name, folder=short_name(path.parent)) if count[name] > 1 else name
        for name, path in zip(names, paths, strict=True)
    ]


def _icon_name(status: SourceStatus) -> str:
    if status.source.kind is SourceKind.FOLDER:
        return "folder"
    return "file-text" if status.source.path.suffix.lower() == ".pdf" else "image"


def _unreadable_text(status: SourceStatus) -> str:
    count = status.unreadable
    return tr("{count} file(s) can't be read", "", count, count=grouped(count)) if count else ""
