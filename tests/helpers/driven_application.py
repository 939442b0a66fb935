"""The whole application, run in the test's process and driven by a script."""

import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from imagefinder.domain.jobs import JobState
from imagefinder.ipc.messages import ModelState
from imagefinder.translation import use_language
from imagefinder.ui.app.application import Application
from imagefinder.ui.app.options import WindowOptions
from imagefinder.ui.library.add_dialog import AddFolderDialog
from imagefinder.ui.search.search_pane import SearchPane
from imagefinder.ui.services.engine_client import EngineClient, EngineState
from imagefinder.ui.window.main_window import MainWindow

_PATIENCE_S = 100.0
_STEP_MS = 10

Steps = Iterator[Callable[[], object]]
"""Script of a user's actions. Each value that it yields is a condition to wait for."""


class DrivenApplication:
    """Runs the application, once for each script."""

    def __init__(self, qtbot: QtBot, options: WindowOptions) -> None:
        self._qtbot = qtbot
        self.options = options
        self.application: Application | None = None

    def run(self, script: Callable[[], Steps], **options: Any) -> int:
        """Run the application until the script ends, then close its window as a user would.

        Returns:
            The exit status.
        """
        known = {name: getattr(self.options, name) for name in WindowOptions.__dataclass_fields__}
        application = self.application = Application(WindowOptions(**known | options))
        driver = _Driver(script(), lambda: self.window.close() if self.application else None)
        handlers = list(logging.getLogger("imagefinder").handlers)
        try:
            status = application.run()
        finally:
            driver.stop()
            for handler in set(logging.getLogger("imagefinder").handlers) - set(handlers):
                logging.getLogger("imagefinder").removeHandler(handler)
                handler.close()
            self.application = None
            application.deleteLater()
            use_language("en")
        if driver.error is not None:
            raise driver.error
        return status

    @property
    def window(self) -> MainWindow:
        """The main window, of which there is one at a time."""
        assert self.application is not None
        window = self.application._window
        assert window is not None
        return window

    @property
    def client(self) -> EngineClient:
        """The window's engine client."""
        assert self.application is not None
        return self.application._client

    @property
    def pane(self) -> SearchPane:
        """The active pane."""
        return self.window.panes.current_pane()

    def add(self, folder: Path) -> None:
        """Choose a folder and accept the dialog with its defaults."""
        self.window.welcome.folders_chosen.emit([folder])
        self.window.findChild(AddFolderDialog).accept()

    def type(self, words: str) -> None:
        """Type words into the query of the active pane."""
        line = self.pane.bar.focusProxy()
        assert line is not None
        self.pane.bar.focus_words()
        self._qtbot.keyClicks(line, words)

    def names(self, pane: SearchPane | None = None) -> list[str]:
        """Return the names of the files found, in display order."""
        model = (pane or self.pane).model
        return [model.hit(row).path.name for row in range(model.rowCount())]

    def is_ready(self) -> bool:
        """Whether the engine is running and its model is ready."""
        model = self.client.model
        is_running = self.client.engine.state is EngineState.RUNNING
        return is_running and model is not None and model.state is ModelState.READY

    def has_items(self, count: int) -> Callable[[], bool]:
        """Return a condition: the library has this many items, and no job is running or waiting."""

        def is_so() -> bool:
            client = self.client
            return (
                self.is_ready()
                and client.library is not None
                and client.library.status.items == count
                and client.job is not None
                and client.job.status.state is JobState.IDLE
                and not client.job.status.waiting
            )

        return is_so

    def finds(self, *names: str) -> Callable[[], bool]:
        """Return a condition: these are the first results of the active pane."""
        return lambda: self.names()[: len(names)] == list(names)


class _Driver:
    """Resumes the script whenever the condition that it waits for is met."""

    def __init__(self, steps: Steps, close: Callable[[], object]) -> None:
        self.error: Exception | None = None
        self._steps = steps
        self._close = close
        self._is_so: Callable[[], object] = lambda: True
        self._deadline = time.monotonic() + _PATIENCE_S
        self._is_in_step = False
        self._timer = QTimer(QApplication.instance())
        self._timer.timeout.connect(self._go_on)
        self._timer.start(_STEP_MS)

    def stop(self) -> None:
        self._timer.stop()
        self._timer.deleteLater()

    def _go_on(self) -> None:
        if self._is_in_step:  # key presses process events, which may call this again
            return
        self._is_in_step = True
        try:
            if self._is_so():
                self._deadline = time.monotonic() + _PATIENCE_S
                self._is_so = next(self._steps)
            elif time.monotonic() > self._deadline:
                self._steps.throw(TimeoutError("this never came to be"))
        except StopIteration:
            self._end()
        except Exception as error:  # noqa: BLE001 - raised again by ``run``
            self.error = error
            self._end()
        finally:
            self._is_in_step = False

    def _end(self) -> None:
        self._timer.stop()
        self._close()
