"""Desktop integration: opening files, showing them in the file manager, copying them."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, QProcess, Signal
from PySide6.QtGui import QDesktopServices

from imagefinder.translation import tr
from imagefinder.ui.formatting import path_text, short_name
from imagefinder.ui.services.background import BackgroundTasks
from imagefinder.ui.services.file_copier import CopyReport, copy_files
from imagefinder.ui.services.file_mime import file_url
from imagefinder.ui.services.pdf_viewers import command_for_page


@dataclass(frozen=True, slots=True)
class _Found:
    """Result of checking a path on disk."""

    problem: str = ""
    is_folder: bool = False
    command: tuple[str, ...] = ()
    """Command that opens the requested page; empty to open the file by the system's default mechanism."""


class Desktop(QObject):
    """Operations on files with the desktop's help.

    No method blocks: disks are accessed in background threads.
    """

    problem = Signal(str)
    """Emitted with one sentence if a file could not be opened or shown."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.background = BackgroundTasks("desktop", 2, self)

    def open(self, path: Path, part: int = 1, *, is_offline: bool = False) -> str:
        """Open a file in the system's viewer, and a PDF at page ``part`` if the viewer supports that.

        Args:
            path: The file.
            part: Page to show, counted from 1.
            is_offline: Whether the file's drive was disconnected at the time of the search. If the file is
                still missing, the message says so.

        Returns:
            One sentence if it is known at once that the file cannot be opened, else an empty string. Later
            failures are emitted as ``problem``.
        """
        if self.background.is_closed:
            return tr("imagefinder is closing.")
        self.background.run(lambda: _look(path, part, is_offline), lambda found: self._open(path, found))
        return ""

    def reveal(self, path: Path, *, is_offline: bool = False) -> str:
        """Show a file in the file manager, selected if possible, or open a folder.

        ``is_offline`` and the return value are as for ``open``.
        """
        if self.background.is_closed:
            return tr("imagefinder is closing.")
        self.background.run(lambda: _look(path, None, is_offline), lambda found: self._reveal(path, found))
        return ""

    def copy_files(self, paths: Sequence[Path], folder: Path, then: Callable[[CopyReport], None]) -> None:
        """Copy files into a folder without overwriting any, and pass the report to ``then``."""
        unique = tuple(dict.fromkeys(paths))
        self.background.run(lambda: copy_files(unique, folder, lambda: self.background.is_closed), then)

    def close(self) -> None:
        """End the threads. A copy in progress is cancelled and its incomplete file removed."""
        self.background.close()

    def _open(self, path: Path, found: _Found) -> None:
        if found.problem:
            self.problem.emit(found.problem)
            return
        if found.command and QProcess.startDetached(found.command[0], list(found.command[1:]))[0]:
            return
        if not QDesktopServices.openUrl(file_url(path)):
            self.problem.emit(tr("No program was found to open {name}.", name=short_name(path)))

    def _reveal(self, path: Path, found: _Found) -> None:
        if found.problem:
            self.problem.emit(found.problem)
        elif found.is_folder:
            self._open(path, found)
        elif sys.platform == "win32":
            # A native argument, because Explorer does not follow the usual rules for parsing its command line.
            process = QProcess(self)
            process.setProgram("explorer.exe")
            process.setNativeArguments(f'/select,"{path}"')
            process.startDetached()
            process.deleteLater()
        elif sys.platform == "darwin":
            QProcess.startDetached("open", ["-R", str(path)])
        else:
            self._reveal_by_bus(path)

    def _reveal_by_bus(self, path: Path) -> None:
        from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher

        message = QDBusMessage.createMethodCall(
            "org.freedesktop.FileManager1",
            "/org/freedesktop/FileManager1",
            "org.freedesktop.FileManager1",
            "ShowItems",
        )
        message.setArguments([[path.as_uri()], ""])
        bus = QDBusConnection.sessionBus()
        if not bus.isConnected():
            self._open(path.parent, _Found())
            return
        watcher = QDBusPendingCallWatcher(bus.asyncCall(message), self)

        def take(done: QDBusPendingCallWatcher) -> None:
            if done.isError():
                self._open(path.parent, _Found())
            done.deleteLater()

        watcher.finished.connect(take)


def _absence(path: Path, is_offline: bool) -> str:
    if is_offline:
        return tr(
            "{name} is on a drive that isn't connected. Connect it and try again.", name=short_name(path)
        )
    if path.is_symlink():
        return tr("{name} is a link whose target doesn't exist.", name=short_name(path))
    return tr("{path} no longer exists.", path=path_text(path))


def _look(path: Path, part: int | None, is_offline: bool) -> _Found:
    """Check a path on disk. Runs in a background thread, because drives and networks may respond slowly."""
    try:
        is_folder = path.is_dir()
        if not is_folder and not path.exists():
            return _Found(_absence(path, is_offline))
    except OSError as error:
        return _Found(tr("{path} can't be accessed: {reason}.", path=path_text(path), reason=error.strerror))
    is_page = part is not None and part > 1 and path.suffix.lower() == ".pdf"
    return _Found(is_folder=is_folder, command=command_for_page(path, part or 1) if is_page else ())
