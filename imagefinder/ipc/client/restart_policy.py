"""Restart policy of the engine process."""

from dataclasses import dataclass

from imagefinder.domain.jobs import JobState, JobStatus, Phase
from imagefinder.ipc.messages import LibraryChanged

_MOST_DEATHS = 3
_MOST_DEATHS_AT_WORK = 5
"""Limit while files are being decoded.

Common pictures are decoded in the engine process itself. A picture that crashes it is decoded in a decoder process by
the next run (engine/indexing/quarantine.py), but that run may crash on another picture first.
"""
_HEALTHY_S = 60.0

_Facts = tuple[int, ...]


@dataclass(slots=True)
class RestartPolicy:
    """Counter of the engine's consecutive deaths that decides whether it is restarted.

    The engine is not restarted after the third death in a row, or the fifth if it was indexing. The count starts again
    when a run lasted for a minute, finished a job, or changed the library (pictures committed, or a file listed as
    unreadable). The last is detected by the first ``LibraryChanged`` of the following run.
    """

    deaths: int = 0
    """Number of consecutive deaths."""
    _began: float = 0.0
    _found: _Facts | None = None
    """State of the library at the start of this run."""
    _before: _Facts | None = None
    """State of the library at the start of the previous run."""
    _was_at_work: bool = False

    def begin(self, now: float) -> None:
        """Record the start of a run, at ``now`` seconds."""
        self._began = now
        if self._found is not None:
            self._before = self._found
        self._found = None
        self._was_at_work = False

    def note_library(self, event: LibraryChanged) -> None:
        """Record the state of the library. Only the first event of a run counts."""
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
            # The previous run made progress, so its death is the first of a new series.
            self.deaths = min(self.deaths, 1)

    def note_job(self, status: JobStatus) -> None:
        """Record the status of the engine's jobs."""
        is_loading = status.progress is not None and status.progress.phase is Phase.LOADING_MODEL
        self._was_at_work = status.state is JobState.RUNNING and not is_loading
        if status.report is not None and not status.report.cancelled:
            self.deaths = 0

    def may_go_on(self, now: float) -> bool:
        """Record the death of a run, at ``now`` seconds; return whether to start another one."""
        if now - self._began >= _HEALTHY_S:
            self.deaths = 0
        self.deaths += 1
        return self.deaths < (_MOST_DEATHS_AT_WORK if self._was_at_work else _MOST_DEATHS)

    def forgive(self) -> None:
        """Reset the count, because the user requested a restart."""
        self.deaths = 0
