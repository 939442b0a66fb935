"""The sources that the next indexing job is to rescan."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self


@dataclass(slots=True)
class PendingRescans:
    """Sources to be brought up to date, in the order they were asked for; asked for twice, they wait once."""

    everything: bool = False
    """All sources, whatever they will be when the job begins."""
    paths: dict[Path, None] = field(default_factory=dict)
    """An ordered set."""
    retry: dict[Path, None] = field(default_factory=dict)
    """Files to be read again, though they have not changed since they could not be read."""
    download: dict[Path, None] = field(default_factory=dict)
    """Sources of which files that are online only are to be read, too."""

    def __bool__(self) -> bool:
        return self.everything or bool(self.paths)

    def add(self, paths: Iterable[Path], retry: Iterable[Path] = (), *, download: bool = False) -> None:
        """Want these sources, or all where there are none; of those named, with ``download``, also what is in the
        cloud."""
        named = dict.fromkeys(paths)
        self.everything |= not named
        self.paths |= named
        self.retry |= dict.fromkeys(retry)
        if download:
            self.download |= named

    def put_back(self, earlier: Self) -> None:
        """Want again, and first, what a job that was interrupted did not finish."""
        self.everything |= earlier.everything
        self.paths = earlier.paths | self.paths
        self.retry = earlier.retry | self.retry
        self.download |= earlier.download

    def among(self, sources: Iterable[Path]) -> tuple[Path, ...]:
        """Those of these sources that are wanted; one that is no source any more is passed over."""
        there = list(sources)
        if not self.everything:
            return tuple(path for path in self.paths if path in there)
        first = [path for path in self.paths if path in there]
        return tuple(dict.fromkeys([*first, *there]))
