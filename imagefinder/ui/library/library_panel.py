"""Library panel: the list of sources, operations on them, and the progress of indexing."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QVBoxLayout, QWidget

from imagefinder.domain.jobs import JobState
from imagefinder.domain.sources import SourceKind, SourceStatus
from imagefinder.ipc.messages import (
    AddSources,
    Done,
    LibraryChanged,
    ModelState,
    RemoveSources,
    Rescan,
    ResumeJobs,
)
from imagefinder.translation import tr
from imagefinder.ui.dragdrop.drop_target import DropTarget
from imagefinder.ui.formatting import grouped
from imagefinder.ui.library.add_dialog import AddFolderDialog
from imagefinder.ui.library.cloud_download_bar import CloudDownloadBar
from imagefinder.ui.library.job_bar import JobBar
from imagefinder.ui.library.model_switch_status import ModelSwitchStatus
from imagefinder.ui.library.remove_source_bar import RemoveSourceBar
from imagefinder.ui.library.source_list import SourceList
from imagefinder.ui.library.source_status import RowAction
from imagefinder.ui.library.sources_model import SourcesModel
from imagefinder.ui.library.unreadable_dialog import UnreadableDialog
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.widgets.icons import icon, menu_icon
from imagefinder.ui.widgets.labels import SecondaryLabel, demi_bold
from imagefinder.ui.widgets.link_button import LinkButton


class LibraryPanel(DropTarget):
    """Side panel that shows the library's sources and lets the user change them."""

    add_requested = Signal()
    notice = Signal(str)
    problem = Signal(str)
    folders_dropped = Signal(list)  # list[Path]

    def __init__(self, client: EngineClient, desktop: Desktop, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._desktop = desktop
        self._unreadable: dict[Path, UnreadableDialog] = {}
        self.setAccessibleName(tr("Library"))
        top = self._build_header()
        self.model = SourcesModel(client, self)
        self.list = SourceList(self.model, self)
        self._empty = self._make_empty()
        self.remove_bar = RemoveSourceBar(self)
        self.cloud_download_bar = CloudDownloadBar(self)
        coverage = self._build_coverage()
        self.switch_status = ModelSwitchStatus(client, self)
        self.job_bar = JobBar(client, self)

        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(0)
        whole.addLayout(top)
        whole.addWidget(self._empty, 1)
        whole.addWidget(self.list, 1)
        whole.addWidget(self.remove_bar)
        whole.addWidget(self.cloud_download_bar)
        whole.addLayout(coverage)
        whole.addWidget(self.switch_status)
        whole.addWidget(self.job_bar)
        self._connect()
        self._show_counts()

    def _build_header(self) -> QHBoxLayout:
        title = QLabel(tr("Library"), self)
        title.setFont(demi_bold(title.font(), 1.15))
        self._rescan = QToolButton(self, autoRaise=True)
        self._rescan.setIcon(icon("refresh-cw"))
        self._rescan.setToolTip(tr("Check all folders for new and changed files (F5)"))
        self._rescan.setAccessibleName(tr("Check for new and changed files"))
        self._rescan.clicked.connect(self._rescan_all)
        self._add = QToolButton(self, autoRaise=True)
        self._add.setIcon(icon("plus"))
        self._add.setText(tr("Add"))
        self._add.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._add.setToolTip(tr("Add a folder to the library (Ctrl+O)"))
        self._add.setAccessibleName(tr("Add a folder"))
        self._add.clicked.connect(self.add_requested)
        for button in (self._rescan, self._add):
            button.setIconSize(QSize(16, 16))
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        top = QHBoxLayout()
        top.setContentsMargins(12, 8, 8, 4)
        top.setSpacing(4)
        top.addWidget(title, 1)
        top.addWidget(self._rescan)
        top.addWidget(self._add)
        return top

    def _build_coverage(self) -> QVBoxLayout:
        self._coverage = SecondaryLabel(parent=self)
        self._index_now = LinkButton(tr("Index now"), self)
        self._index_now.clicked.connect(self._rescan_all)
        coverage = QVBoxLayout()
        coverage.setContentsMargins(12, 4, 9, 0)
        coverage.setSpacing(0)
        coverage.addWidget(self._coverage)
        coverage.addWidget(self._index_now)
        return coverage

    def _connect(self) -> None:
        self.dropped.connect(self.folders_dropped)
        self.list.menu_wanted.connect(self._show_menu)
        self.list.unreadable_wanted.connect(self.show_unreadable)
        self.list.forget_wanted.connect(self._ask_to_forget)
        self.list.continue_wanted.connect(self._continue)
        self.list.download_wanted.connect(self._ask_to_download)
        self.switch_status.notice.connect(self.notice)
        self.switch_status.problem.connect(self.problem)
        self.remove_bar.confirmed.connect(self._forget)
        self.remove_bar.closed.connect(self.list.setFocus)
        self.cloud_download_bar.confirmed.connect(self._download)
        self.cloud_download_bar.closed.connect(self.list.setFocus)
        self._client.library_changed.connect(self._on_library_changed)
        self._client.job_changed.connect(self._show_coverage)
        self._client.model_changed.connect(self._show_coverage)

    def sizeHint(self) -> QSize:
        return QSize(288, 480)

    def minimumSizeHint(self) -> QSize:
        return QSize(216, super().minimumSizeHint().height())

    def menu_for(self, status: SourceStatus) -> QMenu:
        """Return the context menu of a source, or of the whole selection if the source belongs to it."""
        path, chosen, menu = status.source.path, self._chosen(status), QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if any(self.model.offers(each.source.path, RowAction.CONTINUE) for each in chosen):
            menu.addAction(icon("play"), tr("Continue indexing"), lambda: self._continue(*chosen))
        menu.addAction(
            menu_icon("refresh-cw"),
            tr("Check for new and changed files"),
            lambda: self._client.send(Rescan(tuple(each.source.path for each in chosen))),
        )
        in_the_cloud = [each for each in chosen if each.in_the_cloud]
        if count := sum(each.in_the_cloud for each in in_the_cloud):
            words = tr("Download {count} file(s) from the cloud…", "", count, count=grouped(count))
            menu.addAction(menu_icon("download"), words, lambda: self._ask_to_download(in_the_cloud))
        if len(chosen) == 1:
            menu.addAction(menu_icon("folder-open"), tr("Show in folder"), lambda: self._reveal(path))
            if status.unreadable:
                menu.addAction(
                    menu_icon("file-x-2"),
                    tr("Files that can't be read…"),
                    lambda: self.show_unreadable(status),
                )
            if status.source.kind is SourceKind.FOLDER:
                menu.addAction(
                    menu_icon("sliders-horizontal"), tr("Options…"), lambda: self._change_options(status)
                )
        menu.addSeparator()
        forget = menu.addAction(
            menu_icon("trash-2"), tr("Remove from library…"), lambda: self._ask_to_forget(chosen)
        )
        # The menu only displays the shortcut; SourceList handles the key.
        forget.setShortcut(QKeySequence(Qt.Key.Key_Delete))
        forget.setShortcutVisibleInContextMenu(True)
        forget.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        return menu

    def show_unreadable(self, status: SourceStatus) -> None:
        """Open the dialog that lists a source's unreadable files, or raise it if it is open."""
        path = status.source.path
        dialog = self._unreadable.get(path)
        if dialog is None:
            dialog = UnreadableDialog(self._client, self._desktop, path, self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.finished.connect(lambda: self._unreadable.pop(path, None))
            self._unreadable[path] = dialog
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()

    def _make_empty(self) -> QWidget:
        frame = QWidget(self)
        words = SecondaryLabel(tr("Your library is empty. Drop a folder of pictures here."), frame)
        words.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        self._invitation = words
        inner = QVBoxLayout(frame)
        inner.setContentsMargins(24, 32, 24, 16)
        inner.addWidget(words)
        return frame

    def _chosen(self, status: SourceStatus) -> list[SourceStatus]:
        chosen = self.list.selected()
        return chosen if any(each.source.path == status.source.path for each in chosen) else [status]

    def _show_menu(self, status: SourceStatus, where: QPoint) -> None:
        self.menu_for(status).popup(where)

    def _continue(self, *chosen: SourceStatus) -> None:
        if self._client.is_paused:
            # A rescan would otherwise wait for the end of the pause.
            self._client.send(ResumeJobs())
        self._client.send(Rescan(tuple(each.source.path for each in chosen)))

    def _rescan_all(self) -> None:
        self._client.send(Rescan())

    def _reveal(self, path: Path) -> None:
        if problem := self._desktop.reveal(path):
            self.problem.emit(problem)

    def _change_options(self, status: SourceStatus) -> None:
        source = status.source
        extensions = self._client.library.extensions if self._client.library else ()
        dialog = AddFolderDialog((source.path,), extensions, source.options, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def save() -> None:
            if (options := dialog.options()) != source.options:
                self._send(AddSources((source.path,), options, self._client.next_id()))

        dialog.accepted.connect(save)
        dialog.open()

    def _ask_to_forget(self, chosen: Sequence[SourceStatus]) -> None:
        if len(chosen) == 1:
            self.list.select(chosen[0].source.path)
        self.cloud_download_bar.close_line()
        self.remove_bar.ask(*(each.source for each in chosen))

    def _ask_to_download(self, chosen: Sequence[SourceStatus]) -> None:
        self.remove_bar.close_line()
        self.cloud_download_bar.ask(*chosen)

    def _download(self, paths: tuple[Path, ...]) -> None:
        if self._client.is_paused:
            self._client.send(ResumeJobs())
        self._client.send(Rescan(paths, download=True))

    def _forget(self, paths: tuple[Path, ...]) -> None:
        self._send(RemoveSources(paths, self._client.next_id()))

    def _send(self, request: AddSources | RemoveSources) -> None:
        self._client.request(request, self._on_done, self._on_failed)

    def _on_done(self, event: Done) -> None:
        if event.message:
            self.notice.emit(event.message)

    def _on_failed(self, problem: str) -> None:
        self.problem.emit(problem)

    def _on_library_changed(self, event: LibraryChanged) -> None:
        self._show_counts()
        there = {each.source.path for each in event.status.sources}
        for line in (self.remove_bar, self.cloud_download_bar):
            if not there.issuperset(line.paths):
                line.close_line()

    def _show_counts(self) -> None:
        has_sources = self.model.rowCount() > 0
        self.list.setVisible(has_sources)
        self._empty.setVisible(not has_sources)
        # Until the engine has sent the library's status, it is unknown whether there are sources.
        self._invitation.setVisible(self._client.library is not None)
        self._rescan.setEnabled(has_sources)
        self._show_coverage()

    def _show_coverage(self) -> None:
        library, job = self._client.library, self._client.job
        is_idle = job is None or job.status.state is JobState.IDLE
        missing = max(0, library.status.items - library.covered) if library else 0
        # During a model switch, ModelSwitchStatus shows what is left to index.
        is_changing = library is not None and library.status.change is not None
        # If the model could not be loaded, the number of items indexed with it is unknown.
        has_failed = self._client.model is not None and self._client.model.state is ModelState.FAILED
        for widget in (self._coverage, self._index_now):
            widget.setVisible(bool(missing) and is_idle and not is_changing and not has_failed)
        if library and missing:
            words = tr(
                "{missing} of {all} aren't indexed with this model yet.",
                missing=grouped(missing),
                all=grouped(library.status.items),
            )
            self._coverage.setText(words)
