"""Scan diff: a source on disk compared with the store, as a list of files to read, update and remove."""

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
"""Called with the path of each file that a scan comes to."""


@dataclass(frozen=True, slots=True)
class FileToRead:
    """A file to open: new, changed, or not yet dealt with under this embedder."""

    stat: FileStat
    known: KnownFile | None
    source_ids: list[int]
    """The sources of this job that contain it."""

    @property
    def is_unreadable(self) -> bool:
        """Whether it is known that nothing of it can be read, and it has not changed: it is only tried again."""
        known = self.known
        return (
            known is not None
            and known.problem is not None
            and known.parts == 0
            and known.is_as_on_disk(self.stat)
        )


@dataclass(slots=True)
class ScanDiff:
    """What a scan of one source found."""

    source: Source
    todo: list[FileToRead] = field(default_factory=list)
    problems: list[UnreadableFile] = field(default_factory=list)
    unchanged: list[int] = field(default_factory=list)
    """Ids of files as they were."""
    unreadable: list[int] = field(default_factory=list)
    """Ids of files known to be unreadable, and not changed since."""
    offline: int = 0
    """Known files that cannot be reached now."""
    missing: list[int] = field(default_factory=list)
    """Ids of known files that are gone from where they were: moved, or deleted."""
    joining: list[int] = field(default_factory=list)
    """Ids of known files that the source contains besides another."""
    back: list[int] = field(default_factory=list)
    """Ids of files that were offline and are there again."""
    away: list[int] = field(default_factory=list)
    """Ids of files that cannot be reached any more."""
    online_only: set[str] = field(default_factory=set)
    """Paths of the files whose content is in the cloud alone, whether they were read before or not."""
    in_the_cloud: list[FileToRead] = field(default_factory=list)
    """Those of them that are to be read, but only once somebody asks for it."""
    excused: list[int] = field(default_factory=list)
    """Ids of files of which nothing could be read, and that are ``in_the_cloud`` now."""


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
    """Walk the diff's source (or what lies below ``start``), and compare. Opens no file, changes nothing.

    With ``download`` files that are online only are to be read as all others are.

    Raises:
        CancelledError: the walk was stopped; what it came to by then is in the diff.
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
        # Of a stand-in there is nothing to read: it is for the cloud's own program to bring the file.
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
        # What does not answer now, but was read before, is away; the rest is listed with its reason.
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
    """The files of a diff, which may have been made for another embedder, that this embedder has not dealt with.

    Those that are known to be unreadable do not count; those in the cloud do.
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
    """The file is there as it was."""
    if file.offline:
        diff.back.append(file.id)
    if file.has_problem and file.parts == 0:
        diff.unreadable.append(file.id)
    else:
        diff.unchanged.append(file.id)
