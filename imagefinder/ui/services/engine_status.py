"""State of the engine process, as known to the window."""

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
    """State of the engine process."""

    STARTING = "starting"
    RUNNING = "running"
    RESTARTING = "restarting"
    """The process died and is being restarted."""
    BROKEN = "broken"
    """The process died too often in a row (see ``RestartPolicy``) or the library cannot be opened.

    It is not restarted automatically.
    """
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Snapshot of the engine process's state."""

    state: EngineState
    message: str = ""
    """Text for the user: what happened, that nothing is lost, and what to do."""
    report: str = ""
    """Report for developers: versions, exit code, end of the log. It has no names of the user's files."""


@dataclass(frozen=True, slots=True)
class RunEnd:
    """End of one run of the engine process."""

    ending: Ending
    report: str


@dataclass(slots=True, eq=False)
class CurrentRun:
    """Current run of the engine process. Events of earlier runs are ignored."""

    process: EngineProcess
    is_ending: bool = False
    """Whether the process was asked to stop, in which case its exit is not a crash."""
    is_unheard: bool = False
    """Whether its events are ignored because the window has switched to another library."""
    unusable: str = ""
    """Why its library cannot be opened, or an empty string."""


@dataclass(slots=True)
class JobIntent:
    """The user's last requests about jobs, kept across restarts of the engine process."""

    is_paused: bool
    is_cancelled: bool = False
    """Whether the user cancelled the last job. Such a job is not resumed after a restart."""
    was_at_work: bool = False
    """Whether jobs were running or waiting when the previous engine process ended."""

    def note(self, request: Request) -> None:
        """Update the intent from a request."""
        match request:
            case PauseJobs() | ResumeJobs():
                self.is_paused = isinstance(request, PauseJobs)
            case CancelJobs() | AddSources() | Rescan() | UseModel():
                self.is_cancelled = isinstance(request, CancelJobs)

    def options(self, options: EngineOptions) -> EngineOptions:
        """Return the options for the next engine process, which resumes an unfinished job by a rescan."""
        index_at_start = (options.index_at_start or self.was_at_work) and not self.is_cancelled
        return replace(options, paused=self.is_paused, index_at_start=index_at_start)
