"""The main window with a real engine process."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from PySide6.QtCore import QMimeData, QPointF, Qt
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import JobState
from imagefinder.ipc.client.engine_process import Target
from imagefinder.ipc.entry import run_engine
from imagefinder.ipc.messages import EngineOptions, ModelState
from imagefinder.paths import default_places
from imagefinder.ui.dragdrop.drop_cache import DropCache
from imagefinder.ui.dragdrop.link_fetcher import LinkFetcher
from imagefinder.ui.library.add_dialog import AddFolderDialog
from imagefinder.ui.search.search_pane import SearchPane
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineClient, EngineState
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader
from imagefinder.ui.window.main_window import MainWindow
from imagefinder.ui.window.window_services import WindowServices

_PATIENCE_MS = 100_000


class EngineWindow:
    """Main window with its services and engine, and methods for a user's actions."""

    def __init__(self, qtbot: QtBot, library: Path, target: Target = run_engine, **options: Any) -> None:
        self._qtbot = qtbot
        self.states: list[EngineState] = []
        chosen = {"model": "builtin"} | options
        self.client = EngineClient(EngineOptions(library=library, **chosen), target=target)
        self.client.engine_changed.connect(lambda status: self.states.append(status.state))
        places = replace(default_places(library))
        self.settings_store = settings_store = SettingsStore(places.settings)
        self.thumbnails = ThumbnailLoader(self.client, places.thumbnails)
        self._desktop = Desktop()
        self._fetcher = LinkFetcher(lambda: settings_store.value)
        dropped = DropCache(places.dropped)
        self.window = MainWindow(
            WindowServices(
                self.client, settings_store, places, self._desktop, self.thumbnails, dropped, self._fetcher
            )
        )
        self.window.show()
        self.client.start()

    def close(self) -> bool:
        """Close the window and stop the engine. Return whether the engine exited by itself."""
        self.thumbnails.close()
        self._desktop.close()
        ended = self.client.stop(timeout_s=_PATIENCE_MS / 1000)
        self.window.retire()
        for each in (self._fetcher, self.thumbnails, self._desktop, self.settings_store, self.client):
            each.deleteLater()
        return ended

    # Waiting.

    def until(self, condition: Callable[[], object]) -> None:
        """Process events until a condition is met."""
        self._qtbot.waitUntil(lambda: bool(condition()), timeout=_PATIENCE_MS)

    def settle(self) -> None:
        """Wait until the model is ready and no job is running or waiting."""

        def is_over() -> bool:
            job, model = self.client.job, self.client.model
            is_ready = model is not None and model.state is ModelState.READY
            is_idle = job is not None and job.status.state is JobState.IDLE and not job.status.waiting
            return is_ready and is_idle and self.client.engine.state is EngineState.RUNNING

        self.until(is_over)

    # Looking.

    @property
    def pane(self) -> SearchPane:
        """The active pane."""
        return self.window.panes.current_pane()

    @property
    def items(self) -> int:
        """Number of items in the library as known to the window; -1 if not known yet."""
        return self.client.library.status.items if self.client.library is not None else -1

    @property
    def unreadable(self) -> int:
        """Number of unreadable files."""
        library = self.client.library
        return sum(each.unreadable for each in library.status.sources) if library is not None else 0

    def names(self, pane: SearchPane | None = None) -> list[str]:
        """Return the names of the files in the grid, in display order."""
        model = (pane or self.pane).model
        return [model.hit(row).path.name for row in range(model.rowCount())]

    def thumbnails_stand(self, pane: SearchPane | None = None) -> bool:
        """Whether every visible result has its thumbnail, rather than a placeholder for a failed one."""
        shown = pane or self.pane
        rows = [shown.model.hit(row) for row in shown.view.visible_rows()]
        return bool(rows) and all(self.thumbnails.peek(hit.thumbnail_key) is not None for hit in rows)

    # Doing.

    def add(self, folder: Path) -> None:
        """Choose a folder and accept the dialog with its defaults."""
        self.window.welcome.folders_chosen.emit([folder])
        self.window.findChild(AddFolderDialog).accept()

    def type(self, words: str, pane: SearchPane | None = None) -> None:
        """Replace the words of a pane's query."""
        line = (pane or self.pane).bar.focusProxy()
        assert line is not None
        (pane or self.pane).bar.focus_words()
        self._qtbot.keyClicks(line, words)

    def drop(self, mime: QMimeData, pane: SearchPane | None = None) -> None:
        """Drop data on the middle of a pane."""
        target = pane or self.pane
        event = QDropEvent(
            QPointF(target.rect().center()),
            Qt.DropAction.CopyAction,
            mime,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        target.dropEvent(event)
        assert event.isAccepted()

    def press(self, key: Qt.Key, pane: SearchPane | None = None) -> None:
        """Press a key in a pane's results."""
        self._qtbot.keyClick((pane or self.pane).view, key)

    def choose(self, name: str, pane: SearchPane | None = None) -> None:
        """Make a result the current one."""
        shown = pane or self.pane
        shown.view.setCurrentIndex(shown.model.index(self.names(shown).index(name), 0))

    def kill_engine(self) -> None:
        """Kill the engine process and wait until the client notices."""
        pid = self.client.pid
        assert pid is not None
        before = len(self.states)
        os.kill(pid, signal.SIGKILL)
        self.until(lambda: len(self.states) > before)


def button(parent: QWidget, words: str) -> QPushButton:
    """Return the button with this text."""
    return next(each for each in parent.findChildren(QPushButton) if each.text().replace("&", "") == words)


def top_level(kind: type[QWidget]) -> list[QWidget]:
    """Return the visible top-level windows of a class."""
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, kind) and each.isVisible()]


@contextmanager
def site(content: bytes) -> Iterator[str]:
    """Serve the same content for every address on a local web server. Yields its address, without a trailing slash."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = False
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
