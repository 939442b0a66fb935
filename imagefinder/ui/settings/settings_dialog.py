"""Settings dialog: a list of pages on the left, the current page on the right."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QStackedWidget,
    QWidget,
)

from imagefinder.paths import Places
from imagefinder.translation import tr
from imagefinder.ui.models.model_manager import ModelManager
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.settings.general_page import LookPage, WorkPage
from imagefinder.ui.settings.library_page import LibraryPage
from imagefinder.ui.settings.models_page import ModelsPage
from imagefinder.ui.settings.network_page import NetworkPage
from imagefinder.ui.settings.settings_page import SettingsPage
from imagefinder.ui.widgets.fitting_dialog import FittingDialog
from imagefinder.ui.widgets.icons import icon

MODEL_PAGE = 1
NETWORK_PAGE = 4


class SettingsDialog(FittingDialog):
    """Non-modal dialog for all settings. Changes take effect immediately."""

    def __init__(
        self,
        client: EngineClient,
        settings_store: SettingsStore,
        manager: ModelManager,
        places: Places,
        desktop: Desktop,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("Settings"))
        self.resize(780, 640)
        self._pages = QStackedWidget(self)
        self._names = QListWidget(self)
        self._names.setAccessibleName(tr("Settings pages"))
        self._names.setFrameShape(QFrame.Shape.NoFrame)
        self._names.setFixedWidth(168)
        self._names.setIconSize(QSize(18, 18))
        self._names.setSpacing(2)
        self._names.currentRowChanged.connect(self._pages.setCurrentIndex)
        self.network = NetworkPage(settings_store, self)
        self.library = LibraryPage(client, settings_store, places, desktop, self)
        model = ModelsPage(client, settings_store, manager, self)
        model.network_wanted.connect(lambda: self.show_page(NETWORK_PAGE))
        self._add("hard-drive", self.library)
        self._add("cpu", model)
        self._add("refresh-cw", WorkPage(settings_store, self))
        self._add("sun", LookPage(settings_store, self))
        self._add("globe", self.network)
        self._names.setCurrentRow(0)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 8, 0, 8)
        layout.setSpacing(0)
        layout.addWidget(self._names)
        layout.addWidget(self._pages, 1)

    def show_page(self, number: int) -> None:
        """Show a page, counted from 0."""
        self._names.setCurrentRow(number)

    @property
    def page(self) -> int:
        """Current page, counted from 0."""
        return self._names.currentRow()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._close_down()
        super().closeEvent(event)

    def done(self, result: int) -> None:
        # Escape does not cause a closeEvent.
        self._close_down()
        super().done(result)

    def _close_down(self) -> None:
        self.library.close_down()
        self.network.keep()

    def _add(self, picture: str, page: SettingsPage) -> None:
        self._pages.addWidget(page)
        item = QListWidgetItem(icon(picture), page.windowTitle(), self._names)
        item.setSizeHint(QSize(0, 34))
