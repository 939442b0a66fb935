"""Scenes: every window and dialog of the program, filled with sample data as an engine would send it."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from helpers.fake_client import FakeClient
from helpers.library_samples import HOLIDAY, SCANS, a_source, indexing, library_of
from helpers.model_samples import COLOURS_MODEL, DATACOMP, MOBILE, OWN, SIGLIP, STARTER_MODEL
from helpers.pane_parts import answer, searches
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication, QWidget
from ui.conftest import MakeHits

from imagefinder.domain.items import ItemDetails, ItemKind, UnreadableFile
from imagefinder.domain.jobs import JobStatus
from imagefinder.domain.library import ModelChange
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.ipc.messages import (
    ItemShown,
    JobChanged,
    ListModels,
    ListUnreadable,
    ModelChanged,
    Models,
    ModelState,
    ShowItem,
    Unreadable,
)
from imagefinder.paths import default_places
from imagefinder.ui.dragdrop.drop_cache import DropCache
from imagefinder.ui.dragdrop.link_fetcher import LinkFetcher
from imagefinder.ui.library.add_dialog import AddFolderDialog
from imagefinder.ui.library.unreadable_dialog import UnreadableDialog
from imagefinder.ui.query.search_state import PaneState, PictureTerm
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineState, EngineStatus
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader
from imagefinder.ui.widgets.notification_bar import NoticeKind
from imagefinder.ui.window.about_dialog import AboutDialog
from imagefinder.ui.window.crash_dialog import CrashDialog
from imagefinder.ui.window.main_window import MainWindow
from imagefinder.ui.window.shortcuts_dialog import ShortcutsDialog, shortcut_groups
from imagefinder.ui.window.window_services import WindowServices


class Stage:
    """A main window with a fake client. Each method sets up a scene and returns the widget to look at."""

    def __init__(self, hits: MakeHits, picture: Path) -> None:
        """Create the main window. ``picture`` is any picture file, used for the preview."""
        self._hits = hits
        self._picture = picture
        self.client = FakeClient()
        places = default_places()
        self.settings_store = SettingsStore(places.settings)
        self._desktop = Desktop()
        self._thumbnails = ThumbnailLoader(self.client, places.thumbnails)
        self._fetcher = LinkFetcher(lambda: self.settings_store.value)
        dropped = DropCache(places.dropped)
        parts = WindowServices(
            self.client, self.settings_store, places, self._desktop, self._thumbnails, dropped, self._fetcher
        )
        self.window = MainWindow(parts)
        self.window.resize(1180, 980)
        self.window.show()

    def close(self) -> None:
        """Close the window and its services."""
        self._thumbnails.close()
        self._desktop.close()
        self.window.retire()
        for each in (self._fetcher, self._thumbnails, self._desktop, self.settings_store, self.client):
            each.deleteLater()

    def first_page(self) -> QWidget:
        """Show an empty library."""
        self.client.hear(ModelChanged(ModelState.READY, "starter", "cpu (bfloat16)"))
        self.client.hear(library_of())
        return self.window

    def empty_query(self) -> QWidget:
        """Show a library with folders and an empty query."""
        self.client.hear(ModelChanged(ModelState.READY, "starter", "cpu (bfloat16)"))
        self.client.hear(
            library_of(a_source(HOLIDAY, unreadable=2), a_source(SCANS, offline=True), covered=60)
        )
        self.client.hear(JobChanged(JobStatus()))
        return self.window

    def results(self) -> QWidget:
        """Show two panes side by side, one of them active, with chips, results, possible matches and notices."""
        self.empty_query()
        term = PictureTerm.of_hit(self._hits(1)[0])
        pane = self.window.panes.current_pane()
        pane.restore(PaneState(terms=(term,), text="red"))
        answer(self.client, searches(self.client, pane)[-1], self._hits(9))
        pane.view.setCurrentIndex(pane.model.index(2))
        self.window.panes.new_pane(PaneState(text="nothing"), beside=True)
        other = self.window.panes.current_pane()
        answer(self.client, searches(self.client, other)[-1], ())
        for kind in NoticeKind:
            self.window.notices.say(f"News: {kind}", kind, [("Do it", lambda: None)])
        self.window.panel.remove_bar.ask(a_source(HOLIDAY).source)
        self.window.panel.cloud_download_bar.ask(a_source(SCANS, in_the_cloud=1234))
        return self.window

    def at_work(self) -> QWidget:
        """Show a running job during a model switch."""
        self.empty_query()
        library = library_of(a_source(HOLIDAY), a_source(SCANS))
        change = ModelChange(DATACOMP.name, 20, 1000, 0)
        self.client.hear(replace(library, status=replace(library.status, change=change)))
        self.client.hear(JobChanged(indexing(HOLIDAY)))
        return self.window

    def settings(self, page: int) -> QWidget:
        """Show a page of the settings. On the page of models, all kinds of cards are present and one is expanded."""
        self.empty_query()
        self.window.open_settings(page)
        dialog = self.window._settings
        assert dialog is not None
        asked = self.client.last(ListModels)
        models = (STARTER_MODEL, COLOURS_MODEL, OWN, DATACOMP, MOBILE, SIGLIP)
        self.client.hear(Models(asked.request_id, models, ("cpu",)))
        return dialog

    def models_with_a_licence(self) -> QWidget:
        """Show the page of models with a card expanded whose licence must be accepted."""
        dialog = self.settings(1)
        dialog._pages.widget(1).card(MOBILE.name).unfold(on=True)
        return dialog

    def unreadable(self) -> QWidget:
        """Show the unreadable files, one of them selected."""
        self.empty_query()
        dialog = UnreadableDialog(self.client, self._desktop, None, self.window)
        asked = self.client.last(ListUnreadable)
        files = tuple(UnreadableFile(HOLIDAY / f"{name}.jpg", Reason(ReasonCode.DAMAGED)) for name in "abc")
        self.client.hear(Unreadable(asked.request_id, files))
        dialog.table.setCurrentIndex(dialog.table.model().index(1, 0))
        return _shown(dialog)

    def add(self) -> QWidget:
        """Show the dialog for adding a folder, with all options visible."""
        dialog = AddFolderDialog((HOLIDAY,), ("jpg", "pdf"), parent=self.window)
        dialog._more.setChecked(True)
        return _shown(dialog)

    def shortcuts(self) -> QWidget:
        """Show the keyboard shortcuts."""
        return _shown(ShortcutsDialog(shortcut_groups(self.window.actions_.all), self.window))

    def about(self) -> QWidget:
        """Show the about dialog."""
        return _shown(AboutDialog(QIcon(QApplication.windowIcon()), self.window))

    def crash(self) -> QWidget:
        """Show the dialog for an engine that cannot be restarted."""
        report = "\n".join(f"line {number} of a report" for number in range(80))
        status = EngineStatus(EngineState.BROKEN, "The engine ended three times in a row.", report)
        return _shown(CrashDialog(status, self.window))

    def preview(self) -> QWidget:
        """Show the preview of a page, with its details."""
        self.results()
        pane = self.window.panes.panes()[0]
        hit = self._hits(1)[0]._replace(kind=ItemKind.PAGE, parts=4, part=2, width=595, height=842)
        pane.model.reset([hit, *self._hits(4, start=1)], has_more=False)
        preview = self.window.preview
        preview.show_hit(pane.model, 0, "")
        asked = self.client.last(ShowItem)
        details = ItemDetails(hit.path, 2, 4, hit.kind, hit.size, hit.mtime_ns, 595, 842, None, "Canon")
        self.client.hear(ItemShown(asked.request_id, 1, details, self._picture, (), "It is cut short."))
        QApplication.processEvents()
        return preview


Scene = Callable[[Stage], QWidget]

SCENES: Mapping[str, Scene] = {
    "first page": Stage.first_page,
    "empty query": Stage.empty_query,
    "results": Stage.results,
    "at work": Stage.at_work,
    **{f"settings {page}": lambda stage, page=page: stage.settings(page) for page in range(5)},  # type: ignore[misc]
    "licence": Stage.models_with_a_licence,
    "unreadable": Stage.unreadable,
    "add": Stage.add,
    "shortcuts": Stage.shortcuts,
    "about": Stage.about,
    "crash": Stage.crash,
    "preview": Stage.preview,
}


def _shown(dialog: QWidget) -> QWidget:
    dialog.show()
    return dialog
