"""Scanner: lists the files of a source by ``stat`` alone. No file is opened."""

import os
import stat as stat_module
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from imagefinder.domain.items import FileStat, UnreadableFile
from imagefinder.domain.reasons import Reason, ReasonCode
from imagefinder.domain.sources import Source, SourceKind
from imagefinder.engine.indexing.cancel import CancelToken
from imagefinder.engine.indexing.cloud_detection import CloudDetector, name_behind
from imagefinder.engine.indexing.source_presence import mount_point
from imagefinder.readers.disk import disk_reason
from imagefinder.text_folding import canonical

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# Names that operating systems, network drives and tools create. Hidden names are skipped anyway.
_JUNK = frozenset(
    {
        "@eadir", "#recycle", "#snapshot", "$recycle.bin", "system volume information", "lost+found",
        "node_modules", "__macosx", "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "picasa.ini",
        "icon\r",
    }
)  # fmt: skip
_LONGEST_EXTENSION = 10
"""Length up to which the end of a name counts as an extension, if it has only letters and digits."""
_NAME = attrgetter("name")
_SYSTEM_FOLDERS = ("/proc/", "/sys/", "/dev/")
_SHARED_MEMORY = "/dev/shm/"  # noqa: S108 - users may keep pictures there


class Selection:
    """Selection of a source's files and folders, by their paths alone."""

    def __init__(self, source: Source, known_extensions: frozenset[str]) -> None:
        self._root = str(source.path)
        options = source.options
        self.globs = (*options.include, *options.exclude)
        """The source's globs, as the user wrote them."""
        self._recursive = options.recursive
        self._takes_all_kinds = not options.extensions
        self._extensions = frozenset(options.extensions) or known_extensions
        self._include = self._spec(options.include)
        self._exclude = self._spec(options.exclude)
        self._unmatched: dict[str, GitIgnoreSpec] = {}

    def _spec(self, patterns: tuple[str, ...]) -> "GitIgnoreSpec | None":
        if not patterns:
            return None
        from pathspec import GitIgnoreSpec  # most sources have no globs

        return GitIgnoreSpec.from_lines(map(self._pattern, patterns))

    def watch_globs(self) -> None:
        """Start recording which globs match. Only for a source that was just added, because it takes time."""
        for pattern in self.globs:
            if (spec := self._spec((pattern,))) is not None:
                self._unmatched[pattern] = spec

    def has_matched(self, pattern: str) -> bool:
        """Whether a glob has matched a file or folder since ``watch_globs``."""
        return pattern not in self._unmatched

    def _note_globs(self, relative: str) -> None:
        for pattern in [each for each, spec in self._unmatched.items() if spec.match_file(relative)]:
            del self._unmatched[pattern]

    def _pattern(self, pattern: str) -> str:
        # A glob may begin with the source's own path. A leading "#" belongs to a name and does not start a
        # comment.
        pattern = canonical(pattern.replace(os.sep, "/"))
        root = canonical(self._root.replace(os.sep, "/").rstrip("/"))
        if pattern.startswith(root + "/"):
            pattern = pattern[len(root) :]
        return "\\" + pattern if pattern.startswith(("#", "!")) else pattern

    def _relative(self, path: str) -> str:
        return canonical(path[len(self._root) :].lstrip(os.sep).replace(os.sep, "/"))

    def wants_folder(self, path: str, name: str) -> bool:
        """Whether a folder is to be scanned."""
        if not self._recursive or name.startswith(".") or name.casefold() in _JUNK:
            return False
        if not self._exclude:
            return True
        relative = self._relative(path) + "/"
        if self._unmatched:
            self._note_globs(relative)
        return not self._exclude.match_file(relative)

    def wants_file(self, path: str, name: str) -> bool:
        """Whether a file is to be indexed."""
        stem, _, extension = name.rpartition(".")
        if not stem or extension.lower() not in self._extensions:
            return False
        if name.startswith(".") or name.casefold() in _JUNK:
            return False
        return self._matches_globs(path)

    def kind_passed_over(self, path: str, name: str) -> str | None:
        """Return the extension of a file that is left out only because no reader reads its kind.

        Returns an empty string if it has no meaningful extension, and None if the file is selected, is hidden
        or created by a system, or is excluded by the user.
        """
        if not self._takes_all_kinds or name.startswith(".") or name.casefold() in _JUNK:
            return None
        stem, _, extension = name.rpartition(".")
        extension = extension.lower() if stem else ""
        if (extension and extension in self._extensions) or not self._matches_globs(path):
            return None
        is_kind = len(extension) <= _LONGEST_EXTENSION and extension.isalnum() and not extension.isdecimal()
        return extension if is_kind else ""

    def _matches_globs(self, path: str) -> bool:
        if not (self._include or self._exclude):
            return True
        relative = self._relative(path)
        if self._unmatched:
            self._note_globs(relative)
        if self._include and not self._include.match_file(relative):
            return False
        return not (self._exclude and self._exclude.match_file(relative))

    def reaches(self, path: Path) -> bool:
        """Whether a scan of the source would reach this file or folder, if it exists."""
        text = str(path)
        if text == self._root:
            return True
        if not path.is_relative_to(self._root):
            return False
        parents = [parent for parent in path.parents if parent.is_relative_to(self._root)][:-1]
        if not all(self.wants_folder(str(parent), parent.name) for parent in parents):
            return False
        return self.wants_folder(text, path.name) if path.is_dir() else self.wants_file(text, path.name)


class Scan:
    """One scan of a source, or of what lies below one of its paths. Iterating it yields the files found."""

    def __init__(
        self,
        source: Source,
        selection: Selection,
        cancel: CancelToken,
        start: Path | None = None,
        cloud: CloudDetector | None = None,
    ) -> None:
        """Create a scan; it runs when iterated.

        Args:
            source: the source.
            selection: the source's selection.
            cancel: stops or pauses the scan.
            start: limits the scan to what lies at or below this path.
            cloud: detects online-only files; by default a new detector.
        """
        self._is_online_only = (cloud or CloudDetector()).is_online_only
        self._source = source
        self._selection = selection
        self._cancel = cancel
        self._start = str(start or source.path)
        self.mounts: set[str] = {mount_point(os.path.realpath(self._start))}
        """Mount points of the file systems on which files were found."""
        self.unlisted: list[str] = []
        """Folders that could not be listed and files that could not be examined, whose state is unknown."""
        self.problems: list[UnreadableFile] = []
        """Files that must not or cannot be opened, and folders that cannot be listed."""
        self.passed_over: Counter[str] = Counter()
        """Numbers of files without a reader, by extension; see ``Selection.kind_passed_over``."""
        self.online_only: set[str] = set()
        """Paths of the online-only files among those found."""
        self.stood_in_for: set[str] = set()
        """Paths of those replaced by a placeholder, which reveals neither size nor time."""

    @property
    def globs(self) -> set[str]:
        """The source's globs."""
        return set(self._selection.globs)

    @property
    def folder(self) -> Path:
        """The source's path."""
        return self._source.path

    @property
    def unmatched_globs(self) -> set[str]:
        """Watched globs of the source that have matched nothing in the scan."""
        return {pattern for pattern in self._selection.globs if not self._selection.has_matched(pattern)}

    def reaches(self, path: Path) -> bool:
        """Whether the scan reaches this file or folder, if it exists."""
        return self._selection.reaches(path)

    def __iter__(self) -> Iterator[FileStat]:
        if self._source.kind is SourceKind.FILE or not os.path.isdir(self._start):  # noqa: PTH112
            found = self._stat(self._start)
            if found:
                yield found
            return
        # Links to folders come last, so that a folder that can be reached in both ways gets its own path. A
        # folder is entered once, by device and inode, so loops of links end.
        real, linked = [self._start], deque[str]()
        seen: set[tuple[int, int]] = set()
        while real or linked:
            self._cancel.check()
            folder = real.pop() if real else linked.popleft()
            if self._enter(folder, seen):
                yield from self._list(folder, real, linked)

    def _enter(self, folder: str, seen: set[tuple[int, int]]) -> bool:
        try:
            status = os.stat(folder)  # noqa: PTH116
        except OSError as error:
            self._unlistable(folder, error)
            return False
        identity = (status.st_dev, status.st_ino)
        if identity in seen:
            return False
        seen.add(identity)
        if os.path.ismount(folder):
            self.mounts.add(folder)
        return True

    def _list(self, folder: str, real: list[str], linked: deque[str]) -> Iterator[FileStat]:
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=_NAME)
        except OSError as error:
            self._unlistable(folder, error)
            return
        folders: list[str] = []
        for entry in entries:
            try:
                is_folder = entry.is_dir()
            except OSError:
                is_folder = False
            is_link = entry.is_symlink()
            if is_link and _leads_into_the_system(entry.path):
                if is_folder or self._selection.wants_file(entry.path, entry.name):
                    self.problems.append(UnreadableFile(Path(entry.path), Reason(ReasonCode.SYSTEM_LINK)))
            elif is_folder:
                if not self._selection.wants_folder(entry.path, entry.name):
                    continue
                if not is_link:
                    folders.append(entry.path)
                elif not self._leads_back(entry.path):
                    linked.append(entry.path)
            elif is_link and not os.path.exists(entry.path) and "." not in entry.name:  # noqa: PTH110
                # It may be a link to a folder on a drive that is away.
                self.unlisted.append(entry.path)
            elif self._selection.wants_file(entry.path, entry.name):
                found = self._stat(entry.path, entry)
                if found:
                    yield found
            elif (behind := name_behind(entry.name)) and (found := self._stood_in_for(folder, behind)):
                yield found
            else:
                kind = self._selection.kind_passed_over(entry.path, behind or entry.name)
                # The directory listing suffices for this, without another access to the disk.
                if kind is not None and entry.is_file(follow_symlinks=False):
                    self.passed_over[kind] += 1
        real.extend(reversed(folders))

    def _leads_back(self, link: str) -> bool:
        """Whether a link leads to a folder around the source or to one that the scan reaches anyway."""
        target, root = Path(os.path.realpath(link)), Path(os.path.realpath(self._source.path))
        if target.is_relative_to(root):
            return self._selection.reaches(self._source.path / target.relative_to(root))
        return root.is_relative_to(target)

    def _stat(self, path: str, entry: "os.DirEntry[str] | None" = None) -> FileStat | None:
        try:
            status = entry.stat() if entry else os.stat(path)  # noqa: PTH116
        except FileNotFoundError:
            if os.path.islink(path):  # noqa: PTH114 - otherwise it was deleted meanwhile
                self.unlisted.append(path)
                self.problems.append(UnreadableFile(Path(path), Reason(ReasonCode.BROKEN_LINK)))
            return None
        except OSError as error:
            self.unlisted.append(path)
            self.problems.append(UnreadableFile(Path(path), disk_reason(error)))
            return None
        if not stat_module.S_ISREG(status.st_mode):
            self.problems.append(UnreadableFile(Path(path), Reason(ReasonCode.NOT_REGULAR)))
            return None
        if self._is_online_only(path, status):
            self.online_only.add(path)
        return FileStat.of(path, status)

    def _stood_in_for(self, folder: str, name: str) -> FileStat | None:
        """Return the stat of a file replaced by a placeholder; None if the file exists or is not selected."""
        path = os.path.join(folder, name)  # noqa: PTH118
        if os.path.lexists(path) or not self._selection.wants_file(path, name):
            return None
        self.online_only.add(path)
        self.stood_in_for.add(path)
        return FileStat(path, 0, 0)

    def _unlistable(self, folder: str, error: OSError) -> None:
        self.unlisted.append(folder)
        self.problems.append(UnreadableFile(Path(folder), disk_reason(error).having(listing=1)))


def unmatched_globs(scans: Sequence[Scan]) -> tuple[str, ...]:
    """Return the watched globs that matched nothing in any source that has them."""
    found = {pattern: True for scan in scans for pattern in scan.unmatched_globs}
    for scan in scans:
        for pattern in scan.globs - scan.unmatched_globs:
            found.pop(pattern, None)
    return tuple(sorted(found))


def passed_over_by(scans: Sequence[Scan]) -> dict[str, int]:
    """Return the numbers of files without a reader in the scans of one job, by extension.

    A source that lies within another source of the job is left out, so that its files count once.
    """
    by_folder = {scan.folder: scan for scan in scans}
    total: Counter[str] = Counter()
    for scan in scans:
        around = (by_folder[parent] for parent in scan.folder.parents if parent in by_folder)
        if scan.passed_over and not any(outer.reaches(scan.folder) for outer in around):
            total += scan.passed_over
    return dict(total)


def _leads_into_the_system(link: str) -> bool:
    """Whether a link leads into a file system of the operating system, such as ``/proc`` or ``/dev``."""
    target = os.path.realpath(link)
    return f"{target}/".startswith(_SYSTEM_FOLDERS) and not target.startswith(_SHARED_MEMORY)
