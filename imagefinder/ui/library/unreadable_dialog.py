"""Dialog that lists unreadable files with reasons."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QModelIndex, QPoint, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QMenu,
    QPushButton,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from imagefinder.domain.items import UnreadableFile
from imagefinder.domain.jobs import JobState
from imagefinder.ipc.messages import JobChanged, LibraryChanged, ListUnreadable, Rescan, Unreadable
from imagefinder.translation import tr
from imagefinder.ui.formatting import grouped, path_text, short_name
from imagefinder.ui.library.unreadable_model import Column, UnreadableFilter, UnreadableModel
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.widgets.fitting_dialog import FittingDialog
from imagefinder.ui.widgets.icons import menu_icon
from imagefinder.ui.widgets.labels import SecondaryLabel


class UnreadableDialog(FittingDialog):
    """Non-modal list of the unreadable files of one source, or of all (``source`` None).

    The list is updated while the dialog is open.
    """

    def __init__(
        self, client: EngineClient, desktop: Desktop, source: Path | None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._client = client
        self._desktop = desktop
        self._source = source
        self._request = 0
        self._is_answered = False
        self._known = self._count()
        self.setModal(False)
        self.setWindowTitle(
            tr("Files in {name} that can't be read", name=short_name(source))
            if source
            else tr("Files that can't be read")
        )
        self.model = UnreadableModel(self)
        self._sorted = UnreadableFilter(self)
        self._sorted.setSourceModel(self.model)
        self._sorted.setSortCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        self._filter = QLineEdit(self, placeholderText=tr("Filter by name, reason or folder"))
        self._filter.setClearButtonEnabled(True)
        self._filter.setAccessibleName(tr("Filter"))
        self._filter.textChanged.connect(self._sorted.set_text)
        self.table = self._make_table()
        self._line = SecondaryLabel(parent=self)
        self._retry_chosen = self._button(tr("Retry selected"), self._retry_selected)
        self._retry_all = self._button(tr("Retry all"), lambda: self._retry(self.files()))
        self._reveal = self._button(tr("Show in folder"), self._reveal_current)
        self._copy = self._button(tr("Copy list"), self._copy_list)
        close = self._button(tr("Close"), self.close)

        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self._retry_all, self._retry_chosen, self._reveal, self._copy):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(close)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 12, 12, 12)
        whole.setSpacing(8)
        whole.addWidget(self._filter)
        whole.addWidget(self.table, 1)
        whole.addWidget(self._line)
        whole.addLayout(buttons)

        client.library_changed.connect(self._on_library_changed)
        client.job_changed.connect(self._on_job_changed)
        self._sorted.layoutChanged.connect(self._show_state)
        self._sorted.rowsInserted.connect(self._show_state)
        self._sorted.rowsRemoved.connect(self._show_state)
        self.table.selectionModel().selectionChanged.connect(self._show_state)
        self._show_state()
        self.resize(760, 440)
        self._ask()

    def files(self) -> list[UnreadableFile]:
        """Return the files that match the filter, in the order shown."""
        return [self._file(self._sorted.index(row, 0)) for row in range(self._sorted.rowCount())]

    def chosen(self) -> list[UnreadableFile]:
        """Return the selected files."""
        return [self._file(index) for index in self.table.selectionModel().selectedRows()]

    def _make_table(self) -> QTreeView:
        table = QTreeView(self)
        table.setModel(self._sorted)
        table.setAccessibleName(tr("Files that can't be read"))
        table.setRootIsDecorated(False)
        table.setUniformRowHeights(True)
        table.setAlternatingRowColors(True)
        table.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        table.setSortingEnabled(True)
        table.sortByColumn(Column.NAME, Qt.SortOrder.AscendingOrder)
        header = table.header()
        header.setSectionResizeMode(Column.NAME, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(Column.NAME, 200)
        header.resizeSection(Column.REASON, 320)
        header.setStretchLastSection(True)
        table.setStyleSheet(
            "QTreeView { border: 1px solid palette(mid); border-radius: 6px; }"
            "QTreeView::item { padding: 4px; }"
            "QHeaderView::section { background: palette(window); color: palette(placeholder-text); border: none;"
            " border-bottom: 1px solid palette(mid); padding: 6px 8px; }"
            "QAbstractScrollArea::corner { background: transparent; border: none; }"
        )
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._open_menu)
        table.doubleClicked.connect(self._reveal_current)
        copy = QAction(tr("Copy list"), table)
        copy.setShortcut(QKeySequence.StandardKey.Copy)
        copy.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        copy.triggered.connect(self._copy_list)
        table.addAction(copy)
        return table

    def _button(self, text: str, clicked: object) -> QPushButton:
        button = QPushButton(text, self)
        # Otherwise Enter in the filter field would press a button.
        button.setAutoDefault(False)
        button.clicked.connect(clicked)
        return button

    def _file(self, index: QModelIndex) -> UnreadableFile:
        return self.model.file(self._sorted.mapToSource(index).row())

    def _ask(self) -> None:
        self._client.forget(self._request)
        self._request = self._client.next_id()
        self._client.request(ListUnreadable(self._request, self._source), self._on_listed)

    def _on_listed(self, event: Unreadable) -> None:
        current = self.table.currentIndex()
        path = self._file(current).path if current.isValid() else None
        self._is_answered = True
        self.model.reset(event.files)
        rows = [row for row, file in enumerate(event.files) if file.path == path]
        if rows:
            self.table.setCurrentIndex(self._sorted.mapFromSource(self.model.index(rows[0], 0)))
        self._show_state()

    def _on_library_changed(self, event: LibraryChanged) -> None:
        if self._count() != self._known:
            self._known = self._count()
            self._ask()

    def _on_job_changed(self, event: JobChanged) -> None:
        # The reasons may have changed even if the number of files has not.
        if event.status.state is JobState.IDLE:
            self._ask()

    def _count(self) -> int:
        library = self._client.library
        sources = library.status.sources if library else ()
        return sum(each.unreadable for each in sources if self._source in (None, each.source.path))

    def _show_state(self) -> None:
        shown, all_of_them = self._sorted.rowCount(), self.model.rowCount()
        self._retry_all.setEnabled(shown > 0)
        self._copy.setEnabled(shown > 0)
        has_chosen = self.table.selectionModel().hasSelection()
        self._retry_chosen.setEnabled(has_chosen)
        self._reveal.setEnabled(has_chosen)
        if not self._is_answered:
            self._line.setText(tr("Loading…"))
        elif not all_of_them:
            self._line.setText(tr("All files can be read.", "files that cannot be read"))
        elif shown < all_of_them:
            self._line.setText(tr("{shown} of {all} files", shown=grouped(shown), all=grouped(all_of_them)))
        else:
            self._line.setText(
                tr(
                    "{count} file(s) can't be read, or only in part",
                    "",
                    all_of_them,
                    count=grouped(all_of_them),
                )
            )

    def _retry_selected(self) -> None:
        self._retry(self.chosen())

    def _retry(self, files: Sequence[UnreadableFile]) -> None:
        if not files:
            return
        paths = tuple(file.path for file in files)
        self._client.send(Rescan(self._sources_of(paths), retry_unreadable=paths))
        count = len(paths)
        self._line.setText(tr("{count} file(s) will be read again.", "", count, count=grouped(count)))

    def _sources_of(self, paths: Sequence[Path]) -> tuple[Path, ...]:
        if self._source:
            return (self._source,)
        library = self._client.library
        sources = [each.source.path for each in library.status.sources] if library else []
        return tuple(each for each in sources if any(path.is_relative_to(each) for path in paths))

    def _reveal_current(self) -> None:
        index = self.table.currentIndex()
        if index.isValid() and (problem := self._desktop.reveal(self._file(index).path)):
            self._line.setText(problem)

    def _copy_list(self) -> None:
        files = self.chosen() or self.files()
        lines = [f"{path_text(file.path)}\t{file.reason}" for file in files]
        QGuiApplication.clipboard().setText("\n".join(lines))
        count = len(files)
        self._line.setText(tr("Copied {count} item(s) as text.", "", count, count=grouped(count)))

    def _open_menu(self, where: QPoint) -> None:
        if not self.table.indexAt(where).isValid():
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(menu_icon("refresh-cw"), tr("Try again"), self._retry_selected)
        menu.addAction(menu_icon("folder-open"), tr("Show in folder"), self._reveal_current)
        menu.addAction(menu_icon("copy"), tr("Copy as text"), self._copy_list)
        menu.popup(self.table.viewport().mapToGlobal(where))
