"""Settings page for the folders of the library and the thumbnails."""

import os
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QPushButton, QWidget

from imagefinder.paths import Places, absolute
from imagefinder.translation import tr
from imagefinder.ui.formatting import file_size, grouped
from imagefinder.ui.services.background import BackgroundTasks
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.settings.settings_page import SettingsPage
from imagefinder.ui.widgets.icons import icon


class LibraryPage(SettingsPage):
    """Page to choose the library, and to see where library and thumbnails are stored."""

    def __init__(
        self,
        client: EngineClient,
        settings_store: SettingsStore,
        places: Places,
        desktop: Desktop,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(tr("Library"), parent)
        self._settings_store = settings_store
        self._places = places
        self._desktop = desktop
        self._background = BackgroundTasks("folder size", 1, self)

        self.heading(tr("Library"))
        self.hint(tr("The library is stored in one folder, which you can copy or back up."))
        self._folder = self.text()
        change = QPushButton(icon("folder"), tr("Change folder…"), self)
        change.clicked.connect(self.choose)
        show = QPushButton(icon("folder-open"), tr("Open folder"), self)
        show.setAccessibleDescription(tr("Library folder"))
        show.clicked.connect(lambda: self._open(self._library))
        self._default = QPushButton(tr("Use default folder"), self)
        self._default.clicked.connect(lambda: settings_store.change(library=""))
        self.buttons(change, show, self._default)
        self.hint(
            tr(
                "Each folder holds a separate library with its own folders and pictures. Nothing is moved or "
                "deleted. To return to a library, choose its folder again."
            )
        )

        self.heading(tr("Thumbnails"))
        self.text(str(places.thumbnails))
        self._amount = self.hint(tr("Calculating size…"))
        see = QPushButton(icon("folder-open"), tr("Open folder"), self)
        see.setAccessibleDescription(tr("Thumbnails folder"))
        see.clicked.connect(lambda: self._open(places.thumbnails))
        self.buttons(see)
        self.hint(tr("You can delete thumbnails at any time. They are created again when needed."))

        client.library_changed.connect(self._show_folder)
        settings_store.changed.connect(self._show_folder)
        self._client = client
        self._show_folder()
        self._background.run(
            lambda: _folder_size(places.thumbnails, lambda: self._background.is_closed), self._show_size
        )

    def close_down(self) -> None:
        """Stop measuring the size of the thumbnails."""
        self._background.close()

    def choose(self) -> None:
        """Let the user choose a folder, and use it as the library."""
        folder = QFileDialog.getExistingDirectory(
            self, tr("Choose a library folder"), str(self._library.parent)
        )
        if folder:
            self._settings_store.change(library=str(absolute(folder)))

    @property
    def _library(self) -> Path:
        if self._client.library is not None:
            return self._client.library.status.folder
        return self._places.library

    def _show_folder(self) -> None:
        self._folder.setText(str(self._library))
        self._default.setVisible(bool(self._settings_store.value.library))

    def _open(self, folder: Path) -> None:
        if problem := self._desktop.open(folder):
            self._settings_store.notice.emit(problem)

    def _show_size(self, found: tuple[int, int]) -> None:
        size, files = found
        self._amount.setText(
            tr("{count} thumbnail(s), {size}", "", files, count=grouped(files), size=file_size(size))
        )


def _folder_size(folder: Path, is_stopped: Callable[[], bool]) -> tuple[int, int]:
    """Return the total size in bytes and the number of files below a folder.

    This may take a while. Once ``is_stopped`` returns True, the amounts counted so far are returned.
    """
    size = files = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            if is_stopped():
                return size, files
            try:
                size += os.lstat(os.path.join(parent, name)).st_size  # noqa: PTH118 - faster than pathlib
            except OSError:
                continue  # deleted in the meantime
            files += 1
    return size, files
