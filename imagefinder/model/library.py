"""What is in a library."""

from dataclasses import dataclass
from pathlib import Path

from imagefinder.model.items import UnreadableFile
from imagefinder.model.sources import SourceStatus


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A change to another model that is under way. Until it is complete the old model answers."""

    model: str
    """The name of the one to come."""
    done: int
    """Pictures and pages that are indexed with it."""
    total: int
    """How many there are."""
    unreachable: int = 0
    """Of those that are left, how many cannot be read now: their drive is away, say. The change waits for them."""


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """What is in a library."""

    folder: Path
    model: str | None
    """The model it is searched with; None before the first picture."""
    sources: tuple[SourceStatus, ...]
    items: int
    embedded: dict[str, int]
    """Vectors by embedder id."""
    unreadable: tuple[UnreadableFile, ...]
    change: ModelChange | None = None
    """The change to another model that is under way, if any."""
    pending: int = 0
    """Files known of and not yet read; one of several sources counts once. What cannot be reached now does not."""
