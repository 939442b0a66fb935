"""Menus of the main window: the actions with their texts, shortcuts and icons."""

import re
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QMainWindow, QMenu

from imagefinder.settings import THEMES
from imagefinder.translation import tr
from imagefinder.ui.widgets.icons import menu_icon


class MainOperations(Protocol):
    """Operations that the menus call, implemented by the main window."""

    def add_folder(self) -> None: ...
    def add_files(self) -> None: ...
    def rescan(self) -> None: ...
    def toggle_pause(self) -> None: ...
    def show_unreadable(self) -> None: ...
    def new_pane(self) -> None: ...
    def split(self) -> None: ...
    def close_pane(self) -> None: ...
    def find_words(self) -> None: ...
    def zoom(self, step: int) -> None: ...
    def toggle_hidden(self) -> None: ...
    def show_panel(self, on: bool) -> None: ...
    def use_theme(self, name: str) -> None: ...
    def open_settings(self, page: int = 0) -> None: ...
    def show_shortcuts(self) -> None: ...
    def open_logs(self) -> None: ...
    def show_about(self) -> None: ...
    def close(self) -> bool: ...


class MainActions(QObject):
    """Menu bar of the main window with its actions.

    The owner keeps the state of checkable actions up to date with ``setChecked``.
    """

    def __init__(self, window: QMainWindow, operations: MainOperations, theme: str) -> None:
        """Add the menus to the window. ``theme`` is the current theme, one of ``settings.THEMES``."""
        super().__init__(window)
        self._window = window
        self.all: list[tuple[str, list[QAction]]] = []
        """Titles of the menus with their actions, for the shortcuts dialog."""
        self._file(operations)
        self._edit(operations)
        self._view(operations, theme)
        self._help(operations)

    def _file(self, operations: MainOperations) -> None:
        menu = self._menu(tr("&File"))
        self._add(menu, tr("Add folder…"), operations.add_folder, "Ctrl+O", "folder-plus")
        self._add(menu, tr("Add pictures and PDFs…"), operations.add_files, "Ctrl+Shift+O", "files")
        menu.addSeparator()
        self.rescan = self._add(menu, tr("Check for new pictures"), operations.rescan, "F5", "refresh-cw")
        self.pause = self._add(menu, tr("Pause indexing"), operations.toggle_pause, "Ctrl+P", "pause")
        self.unreadable = self._add(
            menu, tr("Files that can't be read…"), operations.show_unreadable, "", "file-x-2"
        )
        menu.addSeparator()
        self.quit = self._add(menu, tr("Quit"), operations.close, "Ctrl+Q")
        self.quit.setMenuRole(QAction.MenuRole.QuitRole)

    def _edit(self, operations: MainOperations) -> None:
        menu = self._menu(tr("&Edit"))
        self.find = self._add(menu, tr("Find"), operations.find_words, "Ctrl+F", "search")
        menu.addSeparator()
        settings = self._add(menu, tr("Settings…"), operations.open_settings, "Ctrl+,", "settings")
        settings.setMenuRole(QAction.MenuRole.PreferencesRole)

    def _view(self, operations: MainOperations, theme: str) -> None:
        menu = self.view_menu = self._menu(tr("&View"))
        self.panes = [
            self._add(menu, tr("New search"), operations.new_pane, "Ctrl+T", "plus"),
            self._add(
                menu, tr("New search beside this one"), operations.split, "Ctrl+Shift+Right", "columns-2"
            ),
            self._add(menu, tr("Close search"), operations.close_pane, "Ctrl+W", "x"),
        ]
        menu.addSeparator()
        self.zooms = [
            self._add(menu, tr("Larger thumbnails"), lambda: operations.zoom(1), "Ctrl++", "zoom-in"),
            self._add(menu, tr("Smaller thumbnails"), lambda: operations.zoom(-1), "Ctrl+-", "zoom-out"),
        ]
        # On most keyboards "+" needs Shift, and the key alone gives "=".
        self.zooms[0].setShortcuts([QKeySequence("Ctrl++"), QKeySequence("Ctrl+=")])
        self.hidden = self._switch(
            menu, tr("Show hidden pictures"), lambda _on: operations.toggle_hidden(), "Ctrl+Shift+H"
        )
        menu.addSeparator()
        self.panel = self._switch(menu, tr("Library panel"), operations.show_panel, "F9")
        themes = menu.addMenu(tr("Theme"))
        group = QActionGroup(self)
        names = dict(zip(THEMES, (tr("System default"), tr("Light"), tr("Dark")), strict=True))
        self.themes = {name: QAction(words, group) for name, words in names.items()}
        for name, action in self.themes.items():
            action.setCheckable(True)
            action.setChecked(name == theme)
            action.triggered.connect(lambda _=False, name=name: operations.use_theme(name))
            themes.addAction(action)

    def _help(self, operations: MainOperations) -> None:
        menu = self._menu(tr("&Help"))
        self._add(menu, tr("Keyboard shortcuts"), operations.show_shortcuts, "F1", "keyboard")
        self._add(menu, tr("Open log folder"), operations.open_logs, "", "file-text")
        menu.addSeparator()
        about = self._add(menu, tr("About imagefinder"), operations.show_about, "", "info")
        about.setMenuRole(QAction.MenuRole.AboutRole)

    def _menu(self, title: str) -> QMenu:
        menu = self._window.menuBar().addMenu(title)
        # Remove the mnemonic, which Chinese texts have in brackets at the end.
        self.all.append((re.sub(r"\(&\w\)|&", "", title), []))
        return menu

    def _add(
        self, menu: QMenu, words: str, operation: Callable[[], object], keys: str = "", picture: str = ""
    ) -> QAction:
        action = QAction(words, self)
        if picture:
            action.setIcon(menu_icon(picture))
        if keys:
            action.setShortcut(QKeySequence(keys))
            action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        # A lambda, because "triggered" would pass "checked" as the operation's first argument.
        action.triggered.connect(lambda: operation())
        menu.addAction(action)
        self.all[-1][1].append(action)
        return action

    def _switch(self, menu: QMenu, words: str, operation: Callable[[bool], None], keys: str) -> QAction:
        action = QAction(words, self)
        action.setCheckable(True)
        action.setShortcut(QKeySequence(keys))
        action.triggered.connect(operation)
        menu.addAction(action)
        self.all[-1][1].append(action)
        return action
