"""Library and job states as an engine would send them."""

import time
from pathlib import Path

from helpers.fake_client import FakeClient

from imagefinder.domain.jobs import JobState, JobStatus, Phase, Progress
from imagefinder.domain.library import LibraryStatus
from imagefinder.domain.sources import Source, SourceKind, SourceOptions, SourceStatus
from imagefinder.ipc.messages import JobChanged, LibraryChanged

HOLIDAY = Path("/photos/Holiday")
SCANS = Path("/photos/Scans")
EXTENSIONS = ("heic", "jpg", "pdf", "png")


def a_source(
    path: Path,
    items: int = 1204,
    unreadable: int = 0,
    *,
    kind: SourceKind = SourceKind.FOLDER,
    options: SourceOptions | None = None,
    offline: bool = False,
    offline_files: int = 0,
    pending: int = 0,
    in_the_cloud: int = 0,
    scan_complete: bool = True,
    gone: bool = False,
    minutes_ago: float | None = 5,
) -> SourceStatus:
    """Return the status of a source that was scanned ``minutes_ago``."""
    scanned_at = None if minutes_ago is None else time.time() - 60 * minutes_ago - 1
    source = Source(1, path, kind, options or SourceOptions(), (), offline, scanned_at, gone)
    return SourceStatus(source, items, items, unreadable, offline_files, pending, in_the_cloud, scan_complete)


def library_of(*sources: SourceStatus, covered: int | None = None) -> LibraryChanged:
    """Return a library of these sources. By default, all of their items have vectors of the model."""
    items = sum(each.items for each in sources)
    pending = sum(each.pending for each in sources)
    status = LibraryStatus(Path("/library"), "model", sources, items, {}, (), pending=pending)
    return LibraryChanged(status, items if covered is None else covered, EXTENSIONS)


def tell_library(client: FakeClient, *sources: SourceStatus, covered: int | None = None) -> None:
    """Emit a library status as if it came from the engine."""
    client.library = library_of(*sources, covered=covered)
    client.library_changed.emit(client.library)


def tell_job(client: FakeClient, status: JobStatus) -> None:
    """Emit a job status as if it came from the engine."""
    client.job = JobChanged(status)
    client.job_changed.emit(client.job)


def indexing(path: Path, done: int = 312, total: int | None = 1204, **more: object) -> JobStatus:
    """Return the status of a job that is indexing one source."""
    fields = {
        "state": JobState.RUNNING,
        "sources": (path,),
        "progress": Progress(Phase.EMBEDDING, done, total),
    }
    return JobStatus(**(fields | more))  # type: ignore[arg-type]
