"""Status of a source in the list: text, progress and the action offered."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from imagefinder.domain.jobs import JobState, JobStatus, Phase, in_the_cloud_text
from imagefinder.domain.sources import SourceKind, SourceStatus
from imagefinder.translation import tr
from imagefinder.ui.formatting import grouped, time_ago


class RowAction(StrEnum):
    """Action that a row offers as a link."""

    CONTINUE = "continue"
    """Index the files that are not read yet."""
    FORGET = "forget"
    """Remove the source from the library."""
    DOWNLOAD = "download"
    """Read the online-only files, which downloads them."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """State of a source, as shown below its name."""

    words: tuple[str, ...]
    """Separate phrases, joined on one line where there is room."""
    fraction: float | None = None
    """Completed share of the work on the source, 0 to 1; None if there is none or the share is unknown."""
    is_offline: bool = False
    is_gone: bool = False
    action: RowAction | None = None

    @property
    def action_text(self) -> str:
        """The text of the action's link; empty if there is no action."""
        match self.action:
            case RowAction.CONTINUE:
                return tr("Continue", "indexing")
            case RowAction.FORGET:
                return tr("Remove from library…")
            case RowAction.DOWNLOAD:
                return tr("Download…", "files in the cloud")
        return ""


def state_of(
    status: SourceStatus,
    job: JobStatus,
    now: float,
    *,
    at_work: Collection[Path] | None = None,
    waiting: Collection[Path] | None = None,
) -> SourceState:
    """Return the state of a source.

    Args:
        status: The source with its counts.
        job: The state of the library's jobs.
        now: The current time, in seconds since the epoch.
        at_work: ``job.sources`` as a set, for callers with many sources.
        waiting: ``job.waiting`` as a set, for callers with many sources.
    """
    source = status.source
    if source.path in (job.sources if at_work is None else at_work):
        return _at_work(status, job, now)
    if source.path in (job.waiting if waiting is None else waiting):
        return SourceState((tr("Waiting"), *_count(status), *_unread(status)))
    return _at_rest(status, now)


def _at_rest(status: SourceStatus, now: float) -> SourceState:
    source = status.source
    if source.gone:
        absence = tr("This folder can't be found. It was moved, renamed or deleted.")
        if source.kind is SourceKind.FILE:
            absence = tr("This file can't be found. It was moved, renamed or deleted.")
        advice = tr("If it was moved, add it from its new location. Nothing needs to be re-indexed.")
        return SourceState((absence, advice), is_gone=True, action=RowAction.FORGET)
    if source.offline:
        return SourceState((tr("Offline: drive not connected, but still searchable"),), is_offline=True)
    unread = _unread(status)
    words = [*_count(status), *unread] if unread else [pictures_and_pages(status.items)]
    if not unread and source.scanned_at is not None:
        words.append(tr("scanned {when}", when=time_ago(source.scanned_at, now)))
    if offline := status.offline_files:
        words.append(tr("{count} file(s) offline", "", offline, count=grouped(offline)))
    action = RowAction.CONTINUE if unread else None
    if in_the_cloud := in_the_cloud_text(status.in_the_cloud):
        words.append(in_the_cloud)
        action = action or RowAction.DOWNLOAD
    return SourceState(tuple(words), action=action)


def _unread(status: SourceStatus) -> tuple[str, ...]:
    """Return a phrase about files that are not read yet; empty if the source is complete."""
    if status.pending:
        return (tr("{count} not read yet", "files", count=grouped(status.pending)),)
    if not status.scan_complete or status.source.scanned_at is None:
        return (tr("not fully scanned yet"),)
    return ()


def pictures_and_pages(count: int) -> str:
    """Return a number of items as text."""
    return tr("{count} picture(s) and page(s)", "", count, count=grouped(count))


def _count(status: SourceStatus) -> tuple[str, ...]:
    return (pictures_and_pages(status.items),) if status.items else ()


def _at_work(status: SourceStatus, job: JobStatus, now: float) -> SourceState:
    progress = job.progress
    if (
        len(job.sources) > 1
        and progress is not None
        and progress.phase is Phase.EMBEDDING
        and not progress.model
    ):
        # The job reads files only of the sources that are incomplete.
        unread = _unread(status)
        if not unread:
            return _at_rest(status, now)
        words = tr("Paused") if job.state is JobState.PAUSED else tr("Indexing…")
        return SourceState((words, *unread))
    # The counts belong to the whole job. They apply to this source only if the job has no other.
    alone = len(job.sources) == 1
    has_counts = alone and progress is not None and bool(progress.total) and progress.phase is Phase.EMBEDDING
    fraction = progress.done / progress.total if has_counts and progress and progress.total else None
    done, total = grouped(progress.done if progress else 0), grouped(progress.total or 0 if progress else 0)
    if job.state is JobState.PAUSED:
        if has_counts:
            return SourceState((tr("Paused at {done} of {total}", done=done, total=total),), fraction)
        return SourceState((tr("Paused"), *_unread(status)))
    if progress is None:
        return SourceState((tr("Starting…"),))
    match progress.phase:
        case Phase.SCANNING:
            words = tr("Scanning {count} file(s)…", "", progress.done, count=grouped(progress.done))
            return SourceState((words if alone and progress.done else tr("Scanning…"),))
        case Phase.LOADING_MODEL:
            return SourceState((tr("Waiting for the model"), *_count(status), *_unread(status)))
        case Phase.BUILDING_INDEX:
            return SourceState((tr("Building the index…"),))
        case Phase.FOLDING_TEXTS:
            return SourceState((tr("Updating the text index…"), *_count(status), *_unread(status)))
        case _:
            return SourceState(
                (
                    tr("Indexing {done} of {total}", done=done, total=total)
                    if has_counts
                    else tr("Indexing…"),
                ),
                fraction,
            )
