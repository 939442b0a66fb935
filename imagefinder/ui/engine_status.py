"""How the engine's process is, as the window knows it."""

from dataclasses import dataclass
from enum import StrEnum


class EngineState(StrEnum):
    """How the engine's process is."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    """It died, and is being started again."""
    BROKEN = "broken"
    """It died too often in a row (see ``ipc.health``), or the library cannot be used: nothing more is tried by
    itself."""
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """The engine's process at one moment."""

    state: EngineState
    message: str = ""
    """One sentence for the user: what happened, that nothing is lost, what to do."""
    report: str = ""
    """For whoever mends the program: versions, exit code, the end of the log. No names of the user's files."""
