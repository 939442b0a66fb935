"""Restart policy: when a dead engine process is started again, and when no more."""

from dataclasses import dataclass

from imagefinder.domain.jobs import JobState, JobStatus, Phase
from imagefinder.ipc.messages import LibraryChanged

_MOST_DEATHS = 3
_MOST_DEATHS_AT_WORK = 5
"""Plain pictures are decoded within the engine. One that kills it is decoded in a process of its own by the next run
(engine/indexing/quarantine.py), which may die of another one before it comes to that."""
_HEALTHY_S = 60.0

_Facts = tuple[int, ...]


@dataclass(slots=True)
class RestartPolicy:
    """Counts the engine's deaths in a row.

    The third death in a row is the last one; the fifth, where the engine was at work on pictures. A row is broken,
    and counted anew, by any of these: a run lived for a minute, a run finished a job, or a run left the library
    other than it had found it (pictures committed, or a file listed as unreadable), which the first
    ``LibraryChanged`` of the run after it shows.
    """

    deaths: int = 0
    """In a row."""
    _began: float = 0.0
    _found: _Facts | None = None
    """The library as this run found it."""
    _before: _Facts | None = None
    """The library as the run before found it."""
    _was_at_work: bool = False

    def begin(self, now: float) -> None:
        """A run begins, at ``now`` seconds."""
        self._began = now
        if self._found is not None:
            self._before = self._found
        self._found = None
        self._was_at_work = False

    def note_library(self, event: LibraryChanged) -> None:
        """What the engine says of the library; the first one of a run counts."""
        if self._found is not None:
            return
        status = event.status
        self._found = (
            event.covered,
            status.items,
            sum(source.files for source in status.sources),
            sum(source.unreadable for source in status.sources),
        )
        if self._before is not None and self._before != self._found:
            # The run that died before this one did something: its death is the first of a new row.
            self.deaths = min(self.deaths, 1)

    def note_job(self, status: JobStatus) -> None:
        """What the engine says of its work."""
        is_loading = status.progress is not None and status.progress.phase is Phase.LOADING_MODEL
        self._was_at_work = status.state is JobState.RUNNING and not is_loading
        if status.report is not None and not status.report.cancelled:
            self.deaths = 0

    def may_go_on(self, now: float) -> bool:
        """The run died, at ``now`` seconds: whether another one is to be started."""
        if now - self._began >= _HEALTHY_S:
            self.deaths = 0
        self.deaths += 1
        return self.deaths < (_MOST_DEATHS_AT_WORK if self._was_at_work else _MOST_DEATHS)

    def forgive(self) -> None:
        """Count anew: the user asked for another start."""
        self.deaths = 0
