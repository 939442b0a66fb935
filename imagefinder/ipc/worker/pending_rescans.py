"""Rescans requested for the next indexing job."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self


@dataclass(slots=True)
class PendingRescans:
    """Sources to rescan, in the order of request and without duplicates. Dicts serve as ordered sets."""

    everything: bool = False
    """Whether to rescan all sources that exist when the job starts."""
    paths: dict[Path, None] = field(default_factory=dict)
    """Sources to rescan."""
    retry: dict[Path, None] = field(default_factory=dict)
    """Unreadable files to try again, although they have not changed."""
    download: dict[Path, None] = field(default_factory=dict)
    """Sources whose online-only files are read too."""

    def __bool__(self) -> bool:
        return self.everything or bool(self.paths)

    def add(self, paths: Iterable[Path], retry: Iterable[Path] = (), *, download: bool = False) -> None:
        """Add sources, or all sources if none are given.

        Args:
            paths: Sources to rescan.
            retry: Unreadable files to try again.
            download: Whether to read online-only files of ``paths`` too.
        """
        named = dict.fromkeys(paths)
        self.everything |= not named
        self.paths |= named
        self.retry |= dict.fromkeys(retry)
        if download:
            self.download |= named

    def put_back(self, earlier: Self) -> None:
        """Add the rescans of an interrupted job in front of the others."""
        self.everything |= earlier.everything
        self.paths = earlier.paths | self.paths
        self.retry = earlier.retry | self.retry
        self.download |= earlier.download

    def among(self, sources: Iterable[Path]) -> tuple[Path, ...]:
        """Return the sources to rescan. Requested paths that are no longer sources are skipped."""
        there = list(sources)
        if not self.everything:
            return tuple(path for path in self.paths if path in there)
        first = [path for path in self.paths if path in there]
        return tuple(dict.fromkeys([*first, *there]))
