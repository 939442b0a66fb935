"""What a source does now, in words."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from imagefinder.model.jobs import JobState, JobStatus, Phase
from imagefinder.model.sources import SourceStatus
from imagefinder.translation import tr
from imagefinder.ui.words import grouped, time_ago


@dataclass(frozen=True, slots=True)
class SourceState:
    """One row's second line."""

    words: tuple[str, ...]
    """Each stands for itself; together on one line where there is room."""
    fraction: float | None = None
    """How much of the work on it is done, 0 to 1; None where there is none, or nobody knows."""
    is_offline: bool = False


def state_of(
    status: SourceStatus,
    job: JobStatus,
    now: float,
    *,
    at_work: Collection[Path] | None = None,
    waiting: Collection[Path] | None = None,
) -> SourceState:
    """What to say of a source; ``now`` is in seconds since the epoch.

    ``at_work`` and ``waiting`` are the job's own as sets, for whoever asks about many sources.
    """
    source = status.source
    if source.path in (job.sources if at_work is None else at_work) and _is_in_hand(source.path, job):
        return _at_work(status, job)
    if source.path in (job.waiting if waiting is None else waiting):
        return SourceState((tr("Waiting"), *_count(status)))
    if source.offline:
        return SourceState((tr("Offline: plug in its drive; it can be searched meanwhile"),), is_offline=True)
    if source.scanned_at is None:
        return SourceState((*_count(status), tr("not looked through to the end yet")))
    words = [pictures_and_pages(status.items), tr("scanned {when}", when=time_ago(source.scanned_at, now))]
    if offline := status.offline_files:
        words.append(tr("{count} file(s) offline", "", offline, count=grouped(offline)))
    return SourceState(tuple(words))


def pictures_and_pages(count: int) -> str:
    """Items in words."""
    return tr("{count} picture(s) and page(s)", "", count, count=grouped(count))


def _count(status: SourceStatus) -> tuple[str, ...]:
    return (pictures_and_pages(status.items),) if status.items else ()


def _is_in_hand(path: Path, job: JobStatus) -> bool:
    """Whether the job is at this source now: where it has several, its progress tells by the file in hand."""
    file = job.progress.path if job.progress else None
    return len(job.sources) == 1 or job.state is JobState.PAUSED or file is None or file.is_relative_to(path)


def _at_work(status: SourceStatus, job: JobStatus) -> SourceState:
    progress = job.progress
    # The counts are the job's: they are this source's too only while it is in work alone.
    alone = len(job.sources) == 1
    has_counts = alone and progress is not None and bool(progress.total) and progress.phase is Phase.EMBEDDING
    fraction = progress.done / progress.total if has_counts and progress and progress.total else None
    done, total = grouped(progress.done if progress else 0), grouped(progress.total or 0 if progress else 0)
    if job.state is JobState.PAUSED:
        words = tr("Paused at {done} of {total}", done=done, total=total) if has_counts else tr("Paused")
        return SourceState((words,), fraction)
    if progress is None:
        return SourceState((tr("Starting…"),))
    match progress.phase:
        case Phase.SCANNING:
            words = tr("Scanning {count} file(s)…", "", progress.done, count=grouped(progress.done))
            return SourceState((words if alone and progress.done else tr("Scanning…"),))
        case Phase.LOADING_MODEL:
            return SourceState((tr("Waiting for the model"), *_count(status)))
        case Phase.BUILDING_INDEX:
            return SourceState((tr("Building the index…"),))
        case _:
            return SourceState(
                (
                    tr("Indexing {done} of {total}", done=done, total=total)
                    if has_counts
                    else tr("Indexing…"),
                ),
                fraction,
            )
