"""Scan diff: a scan compared with the store, as lists of files to read, update and remove."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from imagefinder.domain.items import FileStat, UnreadableFile
from imagefinder.domain.sources import Source
from imagefinder.engine.indexing.scanner import Scan
from imagefinder.engine.indexing.source_presence import lost_mounts
from imagefinder.store.files import FileSummary, KnownFile
from imagefinder.store.store import Store

OnFile = Callable[[str], None]
"""Function called with the path of each file that a scan reaches."""


@dataclass(frozen=True, slots=True)
class FileToRead:
    """A file to open: new, changed, or not yet processed with this embedder."""

    stat: FileStat
    known: KnownFile | None
    source_ids: list[int]
    """Ids of the job's sources that contain it."""

    @property
    def is_unreadable(self) -> bool:
        """Whether the file is recorded as unreadable and unchanged, and is only being retried."""
        known = self.known
        return (
            known is not None
            and known.problem is not None
            and known.parts == 0
            and known.is_as_on_disk(self.stat)
        )


@dataclass(slots=True)
class ScanDiff:
    """Differences between one source on disk and in the store."""

    source: Source
    todo: list[FileToRead] = field(default_factory=list)
    problems: list[UnreadableFile] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    """Ids of unchanged files."""
    unreadable: list[int] = field(default_factory=list)
    """Ids of files recorded as unreadable and unchanged since."""
    offline: int = 0
    """Number of known files that cannot be reached."""
    missing: list[int] = field(default_factory=list)
    """Ids of known files that are no longer at their paths: moved or deleted."""
    joining: list[int] = field(default_factory=list)
    """Ids of files known from another source that this source contains, too."""
    back: list[int] = field(default_factory=list)
    """Ids of files that were offline and can be reached again."""
    away: list[int] = field(default_factory=list)
    """Ids of files that can no longer be reached."""
    online_only: set[str] = field(default_factory=set)
    """Paths of online-only files, whether or not they were read before."""
    in_the_cloud: list[FileToRead] = field(default_factory=list)
    """Online-only files that are to be read, but only if a download is requested."""
    excused: list[int] = field(default_factory=list)
    """Ids of files that are ``in_the_cloud`` and are recorded as unreadable."""


def compare(
    diff: ScanDiff,
    store: Store,
    scan: Scan,
    embedder_id: int,
    start: Path | None,
    on_file: OnFile,
    *,
    download: bool = False,
) -> None:
    """Scan the diff's source (or what lies below ``start``) and compare it with the store.

    Opens no file and changes nothing in the store.

    Args:
        diff: receives the result.
        store: the library's store.
        scan: the scan of the source.
        embedder_id: id of the job's embedder.
        start: limits the comparison to what lies at or below this path.
        on_file: called for each file.
        download: whether online-only files are to be read like others.

    Raises:
        CancelledError: the scan was stopped; what it found by then is in the diff.
    """
    source = diff.source
    known = store.files.below(start or source.path, embedder_id, source.id)
    online_only = diff.online_only = scan.online_only
    for stat in scan:
        path, size, mtime_ns = stat
        on_file(path)
        file = known.pop(path, None)
        if file and file.complete and file.is_member and file.mtime_ns == mtime_ns and file.size == size:
            _keep(diff, file)
            continue
        is_stood_in_for = path in scan.stood_in_for
        # A placeholder has no content to read; only the cloud's own program can download the file.
        may_read = path not in online_only or (download and not is_stood_in_for)
        todo = diff.todo if may_read else diff.in_the_cloud
        if file is None:
            todo.append(FileToRead(stat, None, [source.id]))
            continue
        if not file.is_member:
            diff.joining.append(file.id)
        if is_stood_in_for:
            size, mtime_ns = file.size, file.mtime_ns
            stat = FileStat(path, size, mtime_ns)
        if file.complete and file.mtime_ns == mtime_ns and file.size == size:
            _keep(diff, file)
            continue
        todo.append(FileToRead(stat, store.files.by_path(path, embedder_id), [source.id]))
        if file.offline and not may_read:
            diff.back.append(file.id)
        if file.has_problem and file.parts == 0 and not may_read:
            diff.excused.append(file.id)
    for problem in scan.problems:
        path = str(problem.path)
        # Files that cannot be examined but were read before are offline; the others are listed with their
        # reasons.
        file = known.get(path)
        if path not in scan.unlisted or file is None or file.parts == 0:
            known.pop(path, None)
            diff.problems.append(problem)
    unreachable = [*scan.unlisted, *map(str, lost_mounts(source))]
    for path, file in known.items():
        if not file.is_member:
            continue
        if any(Path(path).is_relative_to(folder) for folder in unreachable):
            diff.offline += 1
            if not file.offline:
                diff.away.append(file.id)
        else:
            diff.missing.append(file.id)


def unread(diff: ScanDiff, store: Store, embedder_id: int, start: Path | None) -> list[str]:
    """Return the paths of a diff's files that this embedder has not processed.

    The diff may have been made for another embedder. Files recorded as unreadable are left out unless they
    are online only.
    """
    known = store.files.below(start or diff.source.path, embedder_id, diff.source.id)
    ids = set(diff.unchanged)
    paths = [path for path, file in known.items() if file.id in ids and not file.complete]
    for todo in (*diff.todo, *diff.in_the_cloud):
        path, size, mtime_ns = todo.stat
        file = known.get(path)
        is_dealt_with = file and file.complete and file.size == size and file.mtime_ns == mtime_ns
        if not (is_dealt_with or (todo.is_unreadable and path not in diff.online_only)):
            paths.append(path)
    return paths


def _keep(diff: ScanDiff, file: FileSummary) -> None:
    """Record an unchanged file."""
    if file.offline:
        diff.back.append(file.id)
    if file.has_problem and file.parts == 0:
        diff.unreadable.append(file.id)
    else:
        diff.unchanged.append(file.id)
