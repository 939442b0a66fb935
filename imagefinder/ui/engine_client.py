"""The window's end of the engine: sends requests, turns events into signals, starts the engine again if it dies."""

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Signal

from imagefinder.ipc.messages import EngineOptions, JobChanged, LibraryChanged, ModelChanged, Request


class EngineState(StrEnum):
    """How the engine's process is."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    """It died, and is being started again."""
    BROKEN = "broken"
    """It died three times in a row, or the library cannot be used: nothing more is tried by itself."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine's process at one moment."""

    state: EngineState
    message: str = ""
    """One sentence for the user: what happened, that nothing is lost, what to do."""
    report: str = ""
    """For whoever mends the program: versions, exit code, the end of the log. No names of the user's files."""


class EngineClient(QObject):
    """One engine process, for as long as the window lives. Its signals arrive on the GUI thread only."""

    engine_changed = Signal(object)  # EngineStatus
    model_changed = Signal(object)  # messages.ModelChanged
    library_changed = Signal(object)  # messages.LibraryChanged
    job_changed = Signal(object)  # messages.JobChanged
    hits_received = Signal(object)  # messages.Hits
    thumbnail_made = Signal(object)  # messages.ThumbnailMade
    item_shown = Signal(object)  # messages.ItemShown
    unreadable_received = Signal(object)  # messages.Unreadable
    models_received = Signal(object)  # messages.Models
    done = Signal(object)  # messages.Done
    failed = Signal(object)  # messages.Failed

    def __init__(self, options: EngineOptions, parent: QObject | None = None) -> None:
        """Nothing is started yet."""
        super().__init__(parent)
        self.options = options
        self.engine = EngineStatus(EngineState.STOPPED)
        # The latest of each, for widgets that are made later.
        self.model: ModelChanged | None = None
        self.library: LibraryChanged | None = None
        self.job: JobChanged | None = None
        self._last_id = 0

    def next_id(self) -> int:
        """A request id that was not used before."""
        self._last_id += 1
        return self._last_id

    def start(self) -> None:
        """Start the engine's process; returns at once."""
        raise NotImplementedError

    def send(self, request: Request) -> None:
        """Send a request; returns at once. While the engine starts, requests wait for it."""
        raise NotImplementedError

    def restart(self, options: EngineOptions | None = None) -> None:
        """End the engine and start it anew, with other options where given; also after ``BROKEN``."""
        raise NotImplementedError

    def stop(self, timeout_s: float = 3.0) -> bool:
        """End the engine; after the timeout, by force. Returns whether it ended by itself."""
        raise NotImplementedError
