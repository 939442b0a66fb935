"""Texts about an indexing job."""

from imagefinder.domain.jobs import IndexReport, JobState, JobStatus, Phase, in_the_cloud_text
from imagefinder.translation import join_clauses, tr
from imagefinder.ui.formatting import grouped, per_second, short_name, short_title, time_left


def job_line(status: JobStatus) -> str:
    """Return what a running or paused job is doing."""
    progress = status.progress
    if progress is None:
        return tr("Paused") if status.state is JobState.PAUSED else tr("Starting…")
    done, total = grouped(progress.done), grouped(progress.total or 0)
    if status.state is JobState.PAUSED:
        has_counts = progress.total and progress.phase is Phase.EMBEDDING
        return tr("Paused at {done} of {total}", done=done, total=total) if has_counts else tr("Paused")
    match progress.phase:
        case Phase.SCANNING:
            return tr("Scanning {count} file(s)…", "", progress.done, count=grouped(progress.done))
        case Phase.LOADING_MODEL:
            if progress.model:
                return tr("Loading {model}…", "a model", model=short_title(progress.model))
            return tr("Loading the model…")
        case Phase.BUILDING_INDEX:
            return tr("Building the index…")
        case Phase.FOLDING_TEXTS:
            return tr("Updating the text index…")
        case Phase.DOWNLOADING:
            return tr("Downloading…")
        case _:
            if not progress.total:
                return tr("Indexing…")
            if progress.model:
                model = short_title(progress.model)
                return tr(
                    "Indexing {done} of {total} with {model}", "files", done=done, total=total, model=model
                )
            return tr("Indexing {done} of {total}", done=done, total=total)


def rate_line(status: JobStatus) -> str:
    """Return the rate and the remaining time, or else the source's name or the number of waiting sources.

    Returns an empty string if none of these is known.
    """
    parts = []
    if status.state is JobState.RUNNING and status.progress and status.progress.phase is Phase.EMBEDDING:
        if status.rate > 0:
            parts.append(tr("{rate} per second", rate=per_second(status.rate)))
        if status.seconds_left is not None:
            parts.append(time_left(status.seconds_left))
    if len(status.sources) == 1 and not parts:
        parts.append(short_name(status.sources[0]))
    if not parts and (waiting := len(status.waiting)):
        # There is no room for this beside the rate, and each waiting source shows it in the list.
        parts.append(tr("{count} queued", count=grouped(waiting)))
    return " · ".join(parts)


def up_to_date() -> str:
    """Return the outcome of a job that found nothing new."""
    return tr("Up to date")


def report_line(report: IndexReport | None) -> str:
    """Return a summary of the last job; empty before the first one."""
    if report is None:
        return ""
    counts = []
    if report.indexed:
        counts.append(tr("{count} indexed", "files", count=grouped(report.indexed)))
    if report.reused:
        counts.append(tr("{count} recognised as moved or copied", "files", count=grouped(report.reused)))
    if report.removed:
        counts.append(tr("{count} removed", "files", count=grouped(report.removed)))
    if report.offline:
        counts.append(tr("{count} offline", "files", count=grouped(report.offline)))
    if report.gone:
        counts.append(tr("{count} missing (kept)", "files", count=grouped(report.gone)))
    in_the_cloud = in_the_cloud_text(report.in_the_cloud)
    if in_the_cloud and report.in_the_cloud == report.stand_ins:
        in_the_cloud = tr("{count} to download in your cloud app", "files", count=grouped(report.stand_ins))
    if not report.cancelled and not counts:
        if not in_the_cloud:
            return up_to_date()
        counts.append(up_to_date())
    if in_the_cloud:
        counts.append(in_the_cloud)
    if report.unreadable:
        counts.append(tr("{count} can't be read", "files", count=grouped(report.unreadable)))
    if not report.cancelled:
        return join_clauses(counts)
    done = join_clauses(counts) if counts else tr("nothing new indexed")
    if report.pending:
        left = grouped(report.pending)
        return tr("Stopped: {done}; {left} not read yet.", "files", done=done, left=left)
    return tr("Stopped: {done}. Rescan to finish.", done=done)
