"""Actions on selected results, with their context menu and shortcuts."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QWidget

from imagefinder.domain.queries import Hit
from imagefinder.translation import join_names, tr
from imagefinder.ui.formatting import path_text, short_name
from imagefinder.ui.services.clipboard import PictureClipboard
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.services.file_copier import CopyReport
from imagefinder.ui.services.file_mime import mime_of_copied_files
from imagefinder.ui.widgets.icons import menu_icon
from imagefinder.ui.widgets.shortcut_actions import ShortcutActions

_MOST_NAMED = 3
"""Maximum number of files named in one sentence."""
_MOST_OPENED = 10
"""Maximum number of files opened at once: opening a hundred by mistake could make the desktop unusable."""
_OF_ONE = ("reveal", "similar", "copy_picture")
"""Actions on one picture. They are disabled in the menu of several; their shortcuts then act on the current one."""


class ResultActions(QObject):
    """Actions on the results that are selected when an action is triggered."""

    preview_wanted = Signal()
    similar_requested = Signal(object)  # Hit
    new_pane_requested = Signal(object)  # list[Hit]
    hide_requested = Signal(object, bool)  # list[Hit], hidden
    notice = Signal(str)
    problem = Signal(str)
    """An action failed, or succeeded only partly; a text for the user."""

    def __init__(
        self,
        client: EngineClient,
        desktop: Desktop,
        chosen: Callable[[], list[Hit]],
        current: Callable[[], Hit | None],
        parent: QWidget,
    ) -> None:
        """Create the actions.

        Args:
            client: The engine client.
            desktop: Opens, shows and copies files.
            chosen: Returns the selected hits in the order shown.
            current: Returns the current hit (the one with the keyboard focus).
            parent: The view; parent of the dialogs.
        """
        super().__init__(parent)
        self._widget = parent
        self._desktop = desktop
        self._chosen = chosen
        self._current = current
        self._clipboard = PictureClipboard(client, desktop.background, self)
        self._clipboard.notice.connect(self.notice)
        self._clipboard.problem.connect(self.problem)
        self._actions = ShortcutActions(self)
        add = self._actions.add
        add("open", "external-link", tr("Open"), self.open, "Return", "Enter")
        add("reveal", "folder-open", tr("Show in folder"), self.reveal, "Ctrl+Return", "Ctrl+Enter")
        add("preview", "maximize", tr("Preview"), self.preview_wanted.emit, "Space")
        add("similar", "sparkles", tr("Find similar"), self.find_similar, "S")
        add("new_pane", "columns-2", tr("Use in a new search"), self.use_in_new_pane, "N")
        add("copy_picture", "image", tr("Copy picture"), self.copy_picture, "Ctrl+Shift+C")
        add("copy_paths", "copy", tr("Copy path"), self.copy_paths, "Ctrl+C")
        add("export", "folder-output", tr("Copy to folder…"), self.export, "Ctrl+Shift+S")
        add("hide", "eye-off", tr("Hide from results"), self.toggle_hidden, "H")
        add("delete", "trash-2", "", self._refuse_to_delete, "Delete", "Ctrl+Backspace")

    def menu(self, parent: QWidget) -> QMenu:
        """Return the context menu for the selected results.

        The entries are separate from the actions, so that disabling or renaming them does not affect the shortcuts.
        """
        hits = self._chosen()
        are_hidden = bool(hits) and all(hit.hidden for hit in hits)
        menu = QMenu(parent)
        groups = (
            ("open", "reveal", "preview"),
            ("similar", "new_pane"),
            ("copy_picture", "copy_paths", "export"),
            ("hide",),
        )
        for group in groups:
            for name in group:
                action = self._actions[name]
                entry = menu.addAction(self._actions.menu_icon_of(name), action.text(), action.trigger)
                entry.setShortcut(self._actions.key_of(name))
                entry.setShortcutVisibleInContextMenu(True)
                if name in _OF_ONE:
                    entry.setEnabled(len(hits) == 1)
                elif name == "copy_paths" and len(hits) > 1:
                    entry.setText(tr("Copy paths"))
                elif name == "hide" and are_hidden:
                    entry.setText(tr("Show in results again"))
                    entry.setIcon(menu_icon("eye"))
            menu.addSeparator()
        menu.aboutToHide.connect(menu.deleteLater)
        return menu

    def take_key(self, event: QKeyEvent) -> bool:
        """Perform the action of a shortcut; return whether the key is one."""
        return self._actions.take_key(event, may_repeat=False)

    def open(self) -> None:
        """Open the files in the system's viewers."""
        hits = self._chosen()
        if len(hits) > _MOST_OPENED:
            self.problem.emit(tr("You can open up to {number} pictures at once.", number=_MOST_OPENED))
            return
        for hit in hits:
            self._say(self._desktop.open(hit.path, hit.part, is_offline=hit.offline))

    def reveal(self) -> None:
        """Show the current file in the file manager."""
        if hit := self._one():
            self._say(self._desktop.reveal(hit.path, is_offline=hit.offline))

    def find_similar(self) -> None:
        """Request a search for items similar to the current one."""
        if hit := self._one():
            self.similar_requested.emit(hit)

    def use_in_new_pane(self) -> None:
        """Request a new pane with the selected results as its query."""
        if hits := self._chosen():
            self.new_pane_requested.emit(hits)

    def copy_picture(self) -> None:
        """Copy the current picture to the clipboard."""
        if hit := self._one():
            self._clipboard.copy(hit)

    def copy_paths(self) -> None:
        """Copy the files to the clipboard, as paths for editors and as files for file managers."""
        paths = list(dict.fromkeys(hit.path for hit in self._chosen()))
        if not paths:
            return
        QGuiApplication.clipboard().setMimeData(mime_of_copied_files(paths))
        if len(paths) == 1:
            self.notice.emit(tr("Copied the path of {name}.", name=short_name(paths[0])))
        else:
            self.notice.emit(tr("Copied the paths of %n files.", "", len(paths)))

    def export(self) -> None:
        """Let the user choose a folder, and copy the files into it."""
        if not self._chosen():
            return
        dialog = QFileDialog(self._widget, tr("Copy to folder"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly)
        dialog.setLabelText(QFileDialog.DialogLabel.Accept, tr("Copy here"))
        paths = [hit.path for hit in self._chosen()]
        dialog.fileSelected.connect(lambda folder: self.export_to(Path(folder), paths))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export_to(self, folder: Path, paths: Sequence[Path]) -> None:
        """Copy files into a folder, and report the outcome by ``notice`` or ``problem``."""
        self._desktop.copy_files(paths, folder, self._report)

    def toggle_hidden(self) -> None:
        """Request to hide the selected results, or to show them again if all of them are hidden."""
        if hits := self._chosen():
            self.hide_requested.emit(hits, not all(hit.hidden for hit in hits))

    def _one(self) -> Hit | None:
        """Return the current hit if it is selected, else the first selected one."""
        hits, current = self._chosen(), self._current()
        return current if current in hits else next(iter(hits), None)

    def _report(self, report: CopyReport) -> None:
        folder = path_text(report.folder)
        copied = tr("Copied %n file(s) to {folder}.", "", report.copied, folder=folder)
        if not report.failures:
            self.notice.emit(copied)
            return
        said = [copied] if report.copied else []
        by_reason: dict[str, list[str]] = {}
        for path, reason in report.failures:
            by_reason.setdefault(reason, []).append(short_name(path))
        for reason, names in by_reason.items():
            count = len(names)
            if count <= _MOST_NAMED:
                which = join_names(names)
                text = tr(
                    "Couldn't copy to {folder}: {names} ({reason}).",
                    folder=folder,
                    names=which,
                    reason=reason,
                )
            else:
                which = join_names(names[:_MOST_NAMED])
                text = tr(
                    "Couldn't copy to {folder}: {names} and %n more file(s) ({reason}).",
                    "",
                    count - _MOST_NAMED,
                    folder=folder,
                    names=which,
                    reason=reason,
                )
            said.append(text)
        self.problem.emit(" ".join(said))

    def _refuse_to_delete(self) -> None:
        self.notice.emit(tr("imagefinder never deletes your files. To hide a picture from results, press H."))

    def _say(self, problem: str) -> None:
        if problem:
            self.problem.emit(problem)
