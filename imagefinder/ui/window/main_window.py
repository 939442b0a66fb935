"""Main window: library panel on the left, search panes on the right, notices and status line."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from imagefinder.domain.jobs import JobState
from imagefinder.domain.queries import Hit
from imagefinder.ipc.messages import PauseJobs, Rescan, ResumeJobs
from imagefinder.translation import tr
from imagefinder.ui.dragdrop.mime_parser import local_paths
from imagefinder.ui.library.add_sources import SourceAdder
from imagefinder.ui.library.library_panel import LibraryPanel
from imagefinder.ui.library.unreadable_dialog import UnreadableDialog
from imagefinder.ui.models.model_manager import ModelManager
from imagefinder.ui.preview.preview_window import PreviewWindow
from imagefinder.ui.query.search_state import PaneState, PictureTerm
from imagefinder.ui.results.results_model import ResultsModel
from imagefinder.ui.search.pane_area import PaneArea
from imagefinder.ui.search.search_pane import SearchPane
from imagefinder.ui.settings.settings_dialog import MODEL_PAGE, SettingsDialog
from imagefinder.ui.widgets.fitting_dialog import stay_on_screen
from imagefinder.ui.widgets.notification_bar import NoticeKind, NotificationBar
from imagefinder.ui.window.about_dialog import AboutDialog
from imagefinder.ui.window.engine_notices import EngineNotices
from imagefinder.ui.window.main_actions import MainActions
from imagefinder.ui.window.shortcuts_dialog import ShortcutsDialog, shortcut_groups
from imagefinder.ui.window.status_line import StatusLine
from imagefinder.ui.window.welcome import WelcomePage
from imagefinder.ui.window.window_services import WindowServices
from imagefinder.ui.window.window_state import WindowState, as_bytes, as_text

_PANEL_WIDTH = 272
_SIZE = (1180, 780)


class MainWindow(QMainWindow):
    """Main window, which creates its widgets and connects their signals. Other logic is in the widgets."""

    closed = Signal()
    """Emitted before the window closes, while its state can still be read."""

    def __init__(self, services: WindowServices) -> None:
        super().__init__()
        self._services = services
        self._client = client = services.client
        self._had_sources = False
        self._is_panel_wanted = True
        self._settings: SettingsDialog | None = None
        self._previewed: ResultsModel | None = None
        self.setWindowTitle("imagefinder")
        self.resize(*_SIZE)
        stay_on_screen(self)
        self.setAcceptDrops(True)

        self.notices = NotificationBar(self)
        self._engine_notices = EngineNotices(client, self.notices, services.places, self)
        self._models = ModelManager(client, services.settings_store, self)
        self._source_adder = SourceAdder(client, self._engine_notices.send, self)
        self.panel = LibraryPanel(client, services.desktop, self)
        self.panes = PaneArea(self._make_pane, self)
        self.welcome = WelcomePage(client, self)
        self.preview = PreviewWindow(client, services.desktop, services.thumbnails)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self.welcome)
        self._pages.addWidget(self.panes)
        self._splitter = QSplitter(Qt.Orientation.Horizontal, self)
        self._splitter.addWidget(self.panel)
        self._splitter.addWidget(self._pages)
        self._splitter.setStretchFactor(1, 1)
        self._splitter.setCollapsible(1, False)
        self._splitter.setHandleWidth(1)
        self._splitter.setSizes([_PANEL_WIDTH, _SIZE[0] - _PANEL_WIDTH])
        inside = QWidget(self)
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._splitter, 1)
        column.addWidget(self.notices)
        self.status_line = StatusLine(client, self)
        column.addWidget(self.status_line)
        self.setCentralWidget(inside)
        self.actions_ = MainActions(self, self, services.settings_store.value.theme)
        self._connect()
        self._show_library()
        self._show_job()

    def _connect(self) -> None:
        client, services = self._client, self._services
        client.library_changed.connect(self._show_library)
        client.job_changed.connect(self._show_job)
        self.actions_.view_menu.aboutToShow.connect(self._show_hidden_state)
        self._models.told.connect(self.say)
        self._models.failed.connect(self._tell_of_model)
        services.desktop.problem.connect(self.warn)
        services.settings_store.notice.connect(self.warn)
        self._engine_notices.another_library_wanted.connect(self._choose_library)
        self.panel.add_requested.connect(self.add_folder)
        self.panel.folders_dropped.connect(self._source_adder.add)
        self.welcome.folders_chosen.connect(self._source_adder.add)
        self.panes.folders_dropped.connect(self._source_adder.add)
        self.panes.preview_requested.connect(self._preview)
        self.status_line.models_wanted.connect(lambda: self.open_settings(MODEL_PAGE))
        for widget in (self.panel, self.panes):
            widget.notice.connect(self.say)
            widget.problem.connect(self.warn)
        self.preview.similar_requested.connect(self._find_similar)
        self.preview.row_shown.connect(self._follow_preview)
        self.panes.current_changed.connect(self._show_title)
        self._pages.currentChanged.connect(self._show_title)

    # Notices.

    def say(self, text: str) -> None:
        """Show a notice that disappears after a while."""
        self.notices.say(text)

    def warn(self, text: str) -> None:
        """Show a warning. It stays until the user closes it, because the user may be away when it appears."""
        self.notices.say(text, NoticeKind.WARNING, seconds=None)

    # Saved state.

    def state(self) -> WindowState:
        """Return the window's current state."""
        return WindowState(
            geometry=as_text(bytes(self.saveGeometry().data())),
            preview_geometry=as_text(self.preview.saved_place()),
            splitter=self._splitter.sizes() if not self.panel.isHidden() else [],
            is_panel_visible=self._is_panel_wanted,
            is_paused=self._client.is_paused,
            library=str(self._services.places.library),
            had_sources=self._had_sources,
            panes=self.panes.save(),
        )

    def restore(self, state: WindowState) -> None:
        """Restore a saved state. Queries by items of another library are not restored."""
        if geometry := as_bytes(state.geometry):
            self.restoreGeometry(QByteArray(geometry))
            stay_on_screen(self)
        if geometry := as_bytes(state.preview_geometry):
            self.preview.restore_place(geometry)
        if len(state.splitter) == self._splitter.count() and all(state.splitter):
            self._splitter.setSizes(state.splitter)
        self._is_panel_wanted = state.is_panel_visible
        is_same_library = state.library in ("", str(self._services.places.library))
        self._had_sources = self._had_sources or (state.had_sources and is_same_library)
        if state.panes:
            self.panes.restore(state.panes, with_items=is_same_library)
        self._show_library()

    # Operations of the menus.

    def add_folder(self) -> None:
        """Let the user choose a folder and add it as a source."""
        self._source_adder.choose_folder()

    def add_files(self) -> None:
        """Let the user choose pictures and PDFs and add them as sources."""
        self._source_adder.choose_files()

    def rescan(self) -> None:
        """Start a rescan of all sources."""
        self._client.send(Rescan())

    def toggle_pause(self) -> None:
        """Pause or resume indexing."""
        self._client.send(ResumeJobs() if self._is_paused else PauseJobs())

    def show_unreadable(self) -> None:
        """Show the dialog with all unreadable files."""
        _show(UnreadableDialog(self._client, self._services.desktop, None, self))

    def new_pane(self) -> None:
        """Open an empty pane."""
        self._show_panes()
        self.panes.new_pane().focus_query()

    def split(self) -> None:
        """Open an empty pane beside the current one."""
        self._show_panes()
        self.panes.new_pane(beside=True).focus_query()

    def close_pane(self) -> None:
        """Close the current pane."""
        self.panes.close_current()

    def find_words(self) -> None:
        """Focus the query bar of the current pane."""
        self._show_panes()
        self.panes.current_pane().focus_query()

    def zoom(self, step: int) -> None:
        """Make the thumbnails of the current pane larger (``step`` > 0) or smaller."""
        self.panes.current_pane().zoom(step)

    def toggle_hidden(self) -> None:
        """Include hidden items in the results of the current pane, or exclude them again."""
        pane = self.panes.current_pane()
        pane.show_hidden(not pane.state().include_hidden)
        self._show_hidden_state()

    def show_panel(self, on: bool) -> None:
        """Show or hide the library panel."""
        self._is_panel_wanted = on
        self._show_library()

    def use_theme(self, name: str) -> None:
        """Switch to another theme and save it in the settings."""
        self._services.settings_store.change(theme=name)

    def open_settings(self, page: int = 0) -> None:
        """Open the settings dialog at a page, counted from 0."""
        if self._settings is None:
            shared = self._services
            self._settings = SettingsDialog(
                shared.client, shared.settings_store, self._models, shared.places, shared.desktop, self
            )
            self._settings.finished.connect(self._forget_settings)
        self._settings.show_page(page)
        self._settings.show()
        self._settings.raise_()
        self._settings.activateWindow()

    def show_shortcuts(self) -> None:
        """Show the dialog of keyboard shortcuts."""
        _show(ShortcutsDialog(shortcut_groups(self.actions_.all), self))

    def open_logs(self) -> None:
        """Open the log folder in the file manager."""
        self._engine_notices.open_logs()

    def show_about(self) -> None:
        """Show the about dialog."""
        _show(AboutDialog(QApplication.windowIcon(), self))

    # Called by the application.

    def open_paths(self, folders: Sequence[Path], files: Sequence[Path]) -> None:
        """Search by these files, and offer to add these folders as sources."""
        if files:
            self._show_panes()
            state = PaneState(terms=tuple(PictureTerm.of_file(file) for file in files))
            pane = self.panes.current_pane()
            if pane.state().is_empty:
                pane.restore(replace(state, cell_size=pane.state().cell_size))
            else:
                self.panes.new_pane(state)
        self._source_adder.add(folders)

    def search(self, text: str) -> None:
        """Search for words in the current pane."""
        self._show_panes()
        pane = self.panes.current_pane()
        pane.restore(replace(pane.state(), text=text))

    def come_to_front(self) -> None:
        """Raise the window above all others, if the desktop allows it."""
        if self.isMinimized():
            self.showNormal()
        self.show()
        self.raise_()
        self.activateWindow()

    def dropped_pictures(self) -> set[Path]:
        """Return the picture files that panes search by. Others in the drop cache can be deleted."""
        return {
            term.path for pane in self.panes.panes() for term in pane.state().terms if term.path is not None
        }

    def retire(self) -> None:
        """Close this window and its dialogs to replace it by a new one, without ending the program."""
        self.blockSignals(True)
        self.close()
        # It is not a child of this window, as it would then always be above it.
        self.preview.deleteLater()
        self.deleteLater()

    @property
    def settings_page(self) -> int | None:
        """Current page of the settings dialog, or None if the dialog is closed."""
        return self._settings.page if self._settings is not None else None

    # Internals.

    @property
    def _is_paused(self) -> bool:
        job = self._client.job
        return job is not None and job.status.state is JobState.PAUSED

    def _make_pane(self, pane_id: int) -> SearchPane:
        shared = self._services
        pane = SearchPane(
            shared.client, pane_id, shared.thumbnails, shared.dropped, shared.fetcher, shared.desktop, self
        )
        pane.models_wanted.connect(lambda: self.open_settings(MODEL_PAGE))
        pane.folder_wanted.connect(self.add_folder)
        return pane

    def _show_library(self) -> None:
        library = self._client.library
        if library is not None:
            self._had_sources = bool(library.status.sources)
        if self._had_sources:
            self._show_panes()
        elif library is None or all(pane.state().is_empty for pane in self.panes.panes()):
            self._pages.setCurrentWidget(self.welcome)
        is_welcome = self._pages.currentWidget() is self.welcome
        self.panel.setVisible(self._is_panel_wanted and not is_welcome)
        self.actions_.panel.setChecked(self._is_panel_wanted)
        for action in (self.actions_.rescan, self.actions_.unreadable):
            action.setEnabled(self._had_sources)

    def _show_panes(self) -> None:
        if self._pages.currentWidget() is not self.panes:
            self._pages.setCurrentWidget(self.panes)
            self.panel.setVisible(self._is_panel_wanted)
            QTimer.singleShot(0, self.panes, lambda: self.panes.current_pane().focus_query())

    def _show_title(self) -> None:
        """Set the window title to the query. Qt appends the program's name."""
        pane = self.panes.current_pane()
        is_searching = self._pages.currentWidget() is self.panes and not pane.state().is_empty
        self.setWindowTitle(pane.title if is_searching else "imagefinder")

    def _show_hidden_state(self) -> None:
        self.actions_.hidden.setChecked(self.panes.current_pane().state().include_hidden)

    def _show_job(self) -> None:
        self.actions_.pause.setText(tr("Resume indexing") if self._is_paused else tr("Pause indexing"))

    def _preview(self, model: ResultsModel, row: int, words: str) -> None:
        self._previewed = model
        self.preview.show_hit(model, row, words)

    def _follow_preview(self, row: int) -> None:
        for pane in self.panes.panes():
            if pane.model is self._previewed and pane.view.currentIndex().row() != row:
                pane.view.setCurrentIndex(pane.model.index(row, 0))

    def _find_similar(self, hit: Hit) -> None:
        self.come_to_front()
        self.panes.current_pane().find_similar(hit)

    def _choose_library(self) -> None:
        self.open_settings()
        if self._settings is not None:
            self._settings.library.choose()

    def _tell_of_model(self, problem: str) -> None:
        # The models page shows it itself.
        if self.settings_page != MODEL_PAGE:
            self.warn(problem)

    def _forget_settings(self) -> None:
        if self._settings is not None:
            self._settings.deleteLater()
            self._settings = None

    # Overrides of Qt's event handlers.

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.source() is None and local_paths(event.mimeData()):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        # Dropped on the menu bar or the status line. The panel, the panes and the welcome page handle drops themselves.
        event.acceptProposedAction()
        self.paths_dropped.emit(local_paths(event.mimeData()))

    paths_dropped = Signal(list)
    """Emitted with paths dropped where no other widget accepts them (list[Path])."""

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            name = self._services.settings_store.value.theme
            if hasattr(self, "actions_") and name in self.actions_.themes:
                self.actions_.themes[name].setChecked(True)

    def closeEvent(self, event: QCloseEvent) -> None:
        # Emitted first, so that receivers can still read the window's state.
        self.closed.emit()
        if self._settings is not None:
            self._settings.close()
        self.preview.close()
        self.panes.stop()
        super().closeEvent(event)


def _show(dialog: QWidget) -> None:
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.show()
