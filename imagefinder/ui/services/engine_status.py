"""The state of the engine process, as the window knows it."""

from dataclasses import dataclass, replace
from enum import StrEnum

from imagefinder.ipc.client.engine_process import Ending, EngineProcess
from imagefinder.ipc.messages import (
    AddSources,
    CancelJobs,
    EngineOptions,
    PauseJobs,
    Request,
    Rescan,
    ResumeJobs,
    UseModel,
)


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


@dataclass(frozen=True, slots=True)
class RunEnd:
    """A run is over."""

    ending: Ending
    report: str


@dataclass(slots=True, eq=False)
class CurrentRun:
    """The run in hand; what an earlier one still has to say is not heard."""

    process: EngineProcess
    is_ending: bool = False
    """Whether it was told to end, so that its end is no death."""
    is_unheard: bool = False
    """Whether it is of another library than the window is of by now."""
    unusable: str = ""
    """Why its library cannot be opened."""


@dataclass(slots=True)
class JobIntent:
    """What the user wants of the work, which outlives the engine."""

    is_paused: bool
    is_cancelled: bool = False
    """Whether the user stopped the last job, which no engine takes up again unasked."""
    was_at_work: bool = False
    """Whether the last engine had work when it ended."""

    def note(self, request: Request) -> None:
        """Take what the user asks for now."""
        match request:
            case PauseJobs() | ResumeJobs():
                self.is_paused = isinstance(request, PauseJobs)
            case CancelJobs() | AddSources() | Rescan() | UseModel():
                self.is_cancelled = isinstance(request, CancelJobs)

    def options(self, options: EngineOptions) -> EngineOptions:
        """The options of the next engine: a job that the last one did not end is found again by a scan."""
        index_at_start = (options.index_at_start or self.was_at_work) and not self.is_cancelled
        return replace(options, paused=self.is_paused, index_at_start=index_at_start)
