"""Sources: the folders and files that the user has added."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class SourceKind(StrEnum):
    """Kind of a source on disk."""

    FOLDER = "folder"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """Options for indexing a folder. The defaults include all readable files at any depth."""

    recursive: bool = True
    """Whether subfolders are indexed."""
    include: tuple[str, ...] = ()
    """Glob patterns. If there are any, a file must match at least one."""
    exclude: tuple[str, ...] = ()
    """Glob patterns. Files and folders that match one are skipped."""
    extensions: tuple[str, ...] = ()
    """Extensions to index, in lower case without the dot. Empty means all supported ones."""


@dataclass(frozen=True, slots=True)
class Source:
    """A folder or file that the user has added."""

    id: int
    path: Path
    """Absolute path of the folder or file."""
    kind: SourceKind
    options: SourceOptions = field(default_factory=SourceOptions)
    mounts: tuple[Path, ...] = ()
    """Mount points of its files at the last scan. Files on one that is no longer mounted are offline."""
    offline: bool = False
    """Whether its drive or network folder was disconnected when last checked."""
    scanned_at: float | None = None
    """Time of the last completed scan in seconds since the epoch. None before the first."""
    gone: bool = False
    """Whether it was missing, although its drive was connected, when last checked: moved, renamed or deleted.

    The records of its files are kept.
    """
    volume: str = ""
    """Identifier of the file system it is on. Empty if unknown."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source with its counts, as shown by ``status``."""

    source: Source
    files: int
    """Number of known files."""
    items: int
    """Number of items."""
    unreadable: int
    """Number of files that cannot be read."""
    offline_files: int
    """Number of files on disconnected drives. 0 if the source itself is gone."""
    pending: int = 0
    """Number of pending files, kept across restarts. Unreadable and unreachable files do not count."""
    in_the_cloud: int = 0
    """Number of online-only files, which are skipped because reading one downloads it. They are not pending."""
    scan_complete: bool = True
    """Whether the last scan of its folders was completed. If not, it may contain files that are not known yet."""
    passed_over: Mapping[str, int] = field(default_factory=dict)
    """Number of files, by extension, that the last completed scan skipped for lack of a reader."""
