"""Adding folders and files to the library."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QFileDialog, QWidget

from imagefinder.domain.sources import SourceOptions
from imagefinder.ipc.messages import AddSources
from imagefinder.paths import absolute
from imagefinder.translation import tr
from imagefinder.ui.library.add_dialog import AddFolderDialog
from imagefinder.ui.services.engine_client import EngineClient


class SourceAdder(QObject):
    """Lets the user choose folders or files and their options, and sends the request to the engine."""

    def __init__(self, client: EngineClient, send: Callable[[AddSources], None], window: QWidget) -> None:
        """Create the adder.

        Args:
            client: The engine client.
            send: Sends a request and reports its outcome to the user.
            window: The parent of the dialogs.
        """
        super().__init__(window)
        self._client = client
        self._send_request = send
        self._window = window

    def choose_folder(self) -> None:
        """Let the user choose a folder, then ask for its options."""
        if folder := QFileDialog.getExistingDirectory(self._window, tr("Add a folder"), str(Path.home())):
            self.add([absolute(folder)])

    def choose_files(self) -> None:
        """Let the user choose files, and add them with default options."""
        library = self._client.library
        kinds = " ".join(f"*.{each} *.{each.upper()}" for each in library.extensions) if library else "*"
        pattern = tr("Pictures and PDFs ({kinds})", kinds=kinds)
        files, _ = QFileDialog.getOpenFileNames(
            self._window,
            tr("Add pictures and PDFs"),
            str(Path.home()),
            pattern,
            options=QFileDialog.Option.HideNameFilterDetails,  # the list of patterns is too long to show
        )
        if files:
            self._send([absolute(file) for file in files], SourceOptions())

    def add(self, paths: Sequence[Path]) -> None:
        """Ask for the options of folders or files, and add them once the dialog is accepted."""
        if not paths:
            return
        library = self._client.library
        dialog = AddFolderDialog(paths, library.extensions if library else (), None, self._window)
        dialog.accepted.connect(lambda: self._send(paths, dialog.options()))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _send(self, paths: Sequence[Path], options: SourceOptions) -> None:
        self._send_request(AddSources(tuple(paths), options, self._client.next_id()))
