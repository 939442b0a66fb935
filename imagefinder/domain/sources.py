"""Sources: the folders and files that a user has added."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


class SourceKind(StrEnum):
    """What a source is on disk."""

    FOLDER = "folder"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What of a folder is wanted. The defaults take everything readable, at any depth."""

    recursive: bool = True
    include: tuple[str, ...] = ()
    """Globs; when there are any, a file must match one of them."""
    exclude: tuple[str, ...] = ()
    """Globs; a file or folder that matches one is passed over."""
    extensions: tuple[str, ...] = ()
    """Lower case without the dot; empty means every extension a reader knows."""


@dataclass(frozen=True, slots=True)
class Source:
    """One folder or file that the user added."""

    id: int
    path: Path
    kind: SourceKind
    options: SourceOptions = field(default_factory=SourceOptions)
    mounts: tuple[Path, ...] = ()
    """Mount points its files stood on at the last scan; one that is no longer mounted is offline."""
    offline: bool = False
    """Whether its drive or network folder was not connected at the last look."""
    scanned_at: float | None = None
    """Seconds since the epoch; None before the first finished scan."""
    gone: bool = False
    """Whether at the last look its drive was there and it was not: it was moved, renamed or deleted. What is known of
    its files is kept."""
    volume: str = ""
    """Which file system was mounted where it stood; empty where that is not known."""


@dataclass(frozen=True, slots=True)
class SourceStatus:
    """A source with its counts, for ``status``."""

    source: Source
    files: int
    items: int
    unreadable: int
    offline_files: int
    """Files on drives that are away; where the source itself is gone, none."""
    pending: int = 0
    """Files that are known of and not yet read, over restarts; 0 when all are. Unreadable files do not count, nor does
    what cannot be reached now."""
    in_the_cloud: int = 0
    """Files that are not read because they are online only: reading one downloads it. They are not pending."""
    scan_complete: bool = True
    """Whether the last walk of its folders came to its end; where it did not, there may be files nobody knows of."""
    passed_over: Mapping[str, int] = field(default_factory=dict)
    """How many files the last finished scan passed over because nothing reads them, by extension."""
