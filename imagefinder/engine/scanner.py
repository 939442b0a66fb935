"""Scanning a source: which files are there now, by ``stat`` alone; nothing is opened."""

import os
import stat as stat_module
from collections import deque
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING

from imagefinder.engine.cancel import CancelToken
from imagefinder.engine.presence import mount_point
from imagefinder.model.items import FileStat, UnreadableFile
from imagefinder.model.sources import Source, SourceKind
from imagefinder.translation import tr_later

if TYPE_CHECKING:
    from pathspec import GitIgnoreSpec

# What operating systems, network drives and tools leave lying about. Hidden names are passed over anyway.
_JUNK = frozenset(
    {
        "@eadir", "#recycle", "#snapshot", "$recycle.bin", "system volume information", "lost+found",
        "node_modules", "__macosx", "thumbs.db", "ehthumbs.db", "desktop.ini",
    }
)  # fmt: skip
_NAME = attrgetter("name")
_GONE = tr_later("the link points to a file that is not there", "reason")
_SPECIAL = tr_later("not a regular file (a pipe, socket or device)", "reason")


class Selection:
    """Which files and folders of a source are wanted, by name alone."""

    def __init__(self, source: Source, known_extensions: frozenset[str]) -> None:
        self._root = str(source.path)
        options = source.options
        self._recursive = options.recursive
        self._extensions = frozenset(options.extensions) or known_extensions
        self._include = self._spec(options.include)
        self._exclude = self._spec(options.exclude)

    def _spec(self, patterns: tuple[str, ...]) -> "GitIgnoreSpec | None":
        if not patterns:
            return None
        from pathspec import GitIgnoreSpec  # most sources have no globs

        return GitIgnoreSpec.from_lines(map(self._pattern, patterns))

    def _pattern(self, pattern: str) -> str:
        # A glob may be written with the source's own path; and "#" begins a folder's name, not a comment.
        pattern = pattern.replace(os.sep, "/")
        root = self._root.replace(os.sep, "/").rstrip("/")
        if pattern.startswith(root + "/"):
            pattern = pattern[len(root) :]
        return "\\" + pattern if pattern.startswith(("#", "!")) else pattern

    def _relative(self, path: str) -> str:
        return path[len(self._root) :].lstrip(os.sep).replace(os.sep, "/")

    def wants_folder(self, path: str, name: str) -> bool:
        """Whether to look into a folder."""
        if not self._recursive or name.startswith(".") or name.casefold() in _JUNK:
            return False
        return not (self._exclude and self._exclude.match_file(self._relative(path) + "/"))

    def wants_file(self, path: str, name: str) -> bool:
        """Whether to take a file."""
        stem, _, extension = name.rpartition(".")
        if not stem or extension.lower() not in self._extensions:
            return False
        if name.startswith(".") or name.casefold() in _JUNK:
            return False
        if not (self._include or self._exclude):
            return True
        relative = self._relative(path)
        if self._include and not self._include.match_file(relative):
            return False
        return not (self._exclude and self._exclude.match_file(relative))

    def reaches(self, path: Path) -> bool:
        """Whether a scan of the source would come to this file or folder, if it is there."""
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
    """One walk over a source, or over what lies below one path of it. Iterate it for the files found."""

    def __init__(
        self, source: Source, selection: Selection, cancel: CancelToken, start: Path | None = None
    ) -> None:
        self._source = source
        self._selection = selection
        self._cancel = cancel
        self._start = str(start or source.path)
        self.mounts: set[str] = {mount_point(os.path.realpath(self._start))}
        """Mount points that the files seen stand on."""
        self.unlisted: list[str] = []
        """Folders that could not be listed and files that did not answer: nothing is known of them now."""
        self.problems: list[UnreadableFile] = []
        """Files that must not or cannot be opened, and folders that cannot be listed."""

    def __iter__(self) -> Iterator[FileStat]:
        if self._source.kind is SourceKind.FILE or not os.path.isdir(self._start):  # noqa: PTH112
            found = self._stat(self._start)
            if found:
                yield found
            return
        # Links to folders come last, so that a folder reached both ways is known by its own path. A folder
        # is entered once, by device and inode: loops of links end.
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
            if is_folder:
                if not self._selection.wants_folder(entry.path, entry.name):
                    continue
                if not entry.is_symlink():
                    folders.append(entry.path)
                elif not self._leads_back(entry.path):
                    linked.append(entry.path)
            elif entry.is_symlink() and not os.path.exists(entry.path) and "." not in entry.name:  # noqa: PTH110
                # It may have led to a folder of a drive that is away.
                self.unlisted.append(entry.path)
            elif self._selection.wants_file(entry.path, entry.name):
                found = self._stat(entry.path, entry)
                if found:
                    yield found
        real.extend(reversed(folders))

    def _leads_back(self, link: str) -> bool:
        """Whether a link leads round the source, or to a folder of it that the scan reaches by its own path."""
        target, root = Path(os.path.realpath(link)), Path(os.path.realpath(self._source.path))
        if target.is_relative_to(root):
            return self._selection.reaches(self._source.path / target.relative_to(root))
        return root.is_relative_to(target)

    def _stat(self, path: str, entry: "os.DirEntry[str] | None" = None) -> FileStat | None:
        try:
            status = entry.stat() if entry else os.stat(path)  # noqa: PTH116
        except FileNotFoundError:
            if os.path.islink(path):  # noqa: PTH114 - otherwise it went while we looked
                self.unlisted.append(path)
                self.problems.append(UnreadableFile(Path(path), _GONE))
            return None
        except OSError as error:
            self.unlisted.append(path)
            self.problems.append(UnreadableFile(Path(path), _plain(error)))
            return None
        if not stat_module.S_ISREG(status.st_mode):
            self.problems.append(UnreadableFile(Path(path), _SPECIAL))
            return None
        return FileStat(path, status.st_size, status.st_mtime_ns)

    def _unlistable(self, folder: str, error: OSError) -> None:
        self.unlisted.append(folder)
        reason = tr_later("the folder cannot be listed: {reason}", "reason").format(reason=_plain(error))
        self.problems.append(UnreadableFile(Path(folder), reason))


def _plain(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
