"""Composition root of the window's process: creates its objects and shuts them down in order."""

import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QObject, QTimer, QTranslator
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from imagefinder.domain.errors import UsageError
from imagefinder.logs import log_to_file
from imagefinder.paths import Places, default_places
from imagefinder.resources import resource
from imagefinder.settings import Settings
from imagefinder.translation import language_in_use, use_language
from imagefinder.ui.app.exception_hook import ExceptionHook
from imagefinder.ui.app.gc_scheduler import GcScheduler
from imagefinder.ui.app.options import WindowOptions, chosen_library, engine_options
from imagefinder.ui.app.screenshot import Screenshot
from imagefinder.ui.app.signal_handler import SignalHandler
from imagefinder.ui.app.single_instance import SingleInstance
from imagefinder.ui.dragdrop.drop_cache import DropCache
from imagefinder.ui.dragdrop.link_fetcher import LinkFetcher
from imagefinder.ui.services.background import BackgroundTasks
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader
from imagefinder.ui.widgets.theme import Theme
from imagefinder.ui.window.main_window import MainWindow
from imagefinder.ui.window.window_services import WindowServices
from imagefinder.ui.window.window_state import WindowState

_LOG = logging.getLogger(__name__)

_RESTART_AFTER_MS = 800
"""Delay of a restart after a change of settings, so that stepping through values restarts only once."""
_DESKTOPS = ("xcb", "wayland", "windows", "cocoa")
"""Qt platforms whose clipboard exists outside this process."""


class Application(QObject):
    """The desktop program, from start to exit."""

    def __init__(self, options: WindowOptions) -> None:
        """Create the objects. No window is shown and no process is started yet."""
        self._app = _qt_application()
        super().__init__()
        self._options = options
        self._failure = ""
        self._window: MainWindow | None = None
        self._translators: list[QTranslator] = []
        settings_file = default_places().settings
        self._settings_store = SettingsStore(settings_file, self)
        self._speak()
        self._theme = Theme(self._app, options.theme or self._settings.theme)
        self._places = self._find_places()
        self._instance = SingleInstance(self._places.library, self)
        self._client = EngineClient(engine_options(self._settings, options), self)
        self._background = BackgroundTasks("paths", 1, self)
        self._services = self._make_services()
        self._restart = QTimer(self)
        self._restart.setSingleShot(True)
        self._restart.setInterval(_RESTART_AFTER_MS)
        self._restart.timeout.connect(self._restart_engine)

    def run(self) -> int:
        """Show the window, run until it is closed, and return the exit status.

        If another instance has this library open, pass it the arguments and return at once.

        Raises:
            UsageError: The requested screenshot could not be taken.
        """
        is_for_picture = self._options.screenshot is not None
        if not is_for_picture:
            token = os.environ.pop("XDG_ACTIVATION_TOKEN", "")
            if not self._instance.claim(self._options.paths, self._options.query, token):
                self.deleteLater()
                return 0
            log_to_file()
        state = WindowState() if is_for_picture else WindowState.load(self._places.window)
        exception_hook, signal_handler = ExceptionHook(self), SignalHandler(self)
        exception_hook.notice.connect(self._warn)
        signal_handler.asked_to_end.connect(self._close_window)
        self._instance.started_again.connect(self._come_to_front)
        self._settings_store.changed.connect(self._on_settings_changed)
        self._client.done.connect(self._forget_model)
        options = engine_options(self._settings, self._options, is_paused=state.is_paused)
        gc_scheduler = GcScheduler(self._app, self)
        try:
            self._open_window(state)
            # Start the engine after the window, so that the window appears as soon as possible.
            QTimer.singleShot(0, self, lambda: self._client.start(options))
            status = self._app.exec()
        finally:
            signal_handler.close()
            exception_hook.close()
            self._end()
            gc_scheduler.close()
        if self._failure:
            raise UsageError(self._failure)
        return status

    # Creation of objects.

    @property
    def _settings(self) -> Settings:
        return self._settings_store.value

    def _speak(self) -> None:
        use_language(self._options.language or self._settings.language)
        for translator in self._translators:
            self._app.removeTranslator(translator)
        self._translators.clear()
        # Qt's own translations, such as those of the buttons of its dialogs.
        translator = QTranslator(self)
        folder = QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)
        if translator.load(f"qtbase_{language_in_use()}", folder):
            self._app.installTranslator(translator)
            self._translators.append(translator)

    def _find_places(self) -> Places:
        return default_places(chosen_library(self._settings, self._options))

    def _make_services(self) -> WindowServices:
        return WindowServices(
            client=self._client,
            settings_store=self._settings_store,
            places=self._places,
            desktop=Desktop(self),
            thumbnails=ThumbnailLoader(self._client, self._places.thumbnails, self),
            dropped=DropCache(self._places.dropped),
            fetcher=LinkFetcher(lambda: self._settings, self),
        )

    # The window.

    def _open_window(self, state: WindowState) -> None:
        window = self._window = MainWindow(self._services)
        window.restore(state)
        window.closed.connect(self._leave)
        window.paths_dropped.connect(self._open_paths)
        if self._options.size is not None:
            window.resize(*self._options.size)
        window.show()
        if self._options.query:
            window.search(self._options.query)
        if self._options.paths:
            self._open_paths(self._options.paths)
        if self._options.screenshot is not None:
            self._take_picture(window, self._options.screenshot)
        # Do not repeat this when the window is recreated, for another language or library.
        self._options = replace(self._options, query="", paths=(), size=None)

    def _renew_window(self, *, keeps_panes: bool) -> None:
        if self._window is None:
            return
        state = self._window.state()
        page = self._window.settings_page
        self._window.retire()
        self._open_window(state if keeps_panes else replace(state, panes={}, had_sources=False))
        if page is not None:
            self._window.open_settings(page)

    def _take_picture(self, window: MainWindow, file: Path) -> None:
        waits = bool(self._options.query or self._options.paths)
        picture = Screenshot(
            window, self._client, self._services.thumbnails, file, waits_for_hits=waits, parent=self
        )
        picture.taken.connect(window.close)
        picture.failed.connect(self._fail)

    def _fail(self, why: str) -> None:
        self._failure = why
        self._close_window()

    def _close_window(self) -> None:
        if self._window is not None:
            self._window.close()

    def _warn(self, text: str) -> None:
        if self._window is not None:
            self._window.warn(text)

    def _come_to_front(self, paths: Sequence[Path], query: str, token: str) -> None:
        if self._window is None:
            return
        if token:
            # On Wayland, Qt reads the permission to raise the window from here.
            os.environ["XDG_ACTIVATION_TOKEN"] = token
        self._window.come_to_front()
        if query:
            if not self._window.panes.current_pane().state().is_empty:
                self._window.new_pane()
            self._window.search(query)
        self._open_paths(paths)

    def _open_paths(self, paths: Sequence[Path]) -> None:
        def sort_out() -> tuple[list[Path], list[Path]]:
            # Runs in a background thread, because drives may respond slowly.
            folders = {path: None for path in paths if _is_folder(path)}
            return list(folders), [path for path in paths if path not in folders]

        def open_them(found: tuple[list[Path], list[Path]]) -> None:
            if self._window is not None:
                self._window.open_paths(*found)

        self._background.run(sort_out, open_them)

    # Changes of settings.

    def _on_settings_changed(self, before: Settings, now: Settings) -> None:
        if now.theme != before.theme:
            self._theme.use(now.theme)
        if now.language != before.language:
            self._options = replace(self._options, language=None)
            self._speak()
            # Later, because the widget that was clicked is still handling the event.
            QTimer.singleShot(0, self, lambda: self._renew_window(keeps_panes=True))
        if now.library != before.library:
            # A choice made now takes precedence over the command line.
            self._options = replace(
                self._options, library=Path(now.library) if now.library else None, model=None
            )
        if now.device != before.device:
            self._options = replace(self._options, device=None)
        if self._wanted_options() != self._client.options:
            self._restart.start()

    def _wanted_options(self) -> object:
        # The setting "rescan at start" applies to the next start of the program only.
        wanted = engine_options(self._settings, self._options, is_paused=self._client.options.paused)
        return replace(wanted, index_at_start=self._client.options.index_at_start)

    def _restart_engine(self) -> None:
        options = engine_options(self._settings, self._options, is_paused=self._client.is_paused)
        is_other_library = options.library != self._client.options.library
        if is_other_library:
            self._places = self._find_places()
            self._services = replace(self._services, places=self._places)
            self._client.library = None
            self._answer_for_library()
        self._client.restart(options)
        if is_other_library:
            # Results of the previous library are meaningless in the new one.
            self._renew_window(keeps_panes=False)

    def _answer_for_library(self) -> None:
        """Become the single instance for the new library instead of the previous one."""
        self._instance.close()
        self._instance.deleteLater()
        self._instance = SingleInstance(self._places.library, self)
        self._instance.started_again.connect(self._come_to_front)
        self._instance.claim()

    def _forget_model(self) -> None:
        # Once another model has been chosen, the one from the command line must not be used again.
        if self._client.options.model is None:
            self._options = replace(self._options, model=None)

    # Shutdown.

    def _leave(self) -> None:
        window = self._window
        if window is not None and self._options.screenshot is None:
            window.state().save(self._places.window)
            self._services.dropped.keep_only(window.dropped_pictures())
        self._app.exit(0)

    def _end(self) -> None:
        self._restart.stop()
        self._instance.close()
        _leave_clipboard()
        self._background.close()
        self._services.thumbnails.close()
        self._services.desktop.close()
        if not self._client.stop():
            _LOG.warning("engine process did not exit in time and was killed; the library is intact")
        if self._window is not None:
            self._window.retire()
            self._window = None


def _leave_clipboard() -> None:
    """Clear the clipboard on platforms where it exists in this process only.

    There Qt would delete its contents after Python has been finalised. Contents created in Python
    (``file_mime``) cannot be deleted then, and the process would crash.
    """
    if QApplication.platformName() not in _DESKTOPS:
        QApplication.clipboard().clear()


def _qt_application() -> QApplication:
    found = QApplication.instance()
    app = found if isinstance(found, QApplication) else QApplication(sys.argv[:1])
    app.setApplicationName("imagefinder")
    app.setApplicationDisplayName("imagefinder")
    app.setDesktopFileName("imagefinder")
    app.setQuitOnLastWindowClosed(False)
    app.setWindowIcon(QIcon(str(resource("icons/imagefinder.svg"))))
    return app


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:  # no permission, or the name is too long
        return False
