"""What is in a library."""

from dataclasses import dataclass
from pathlib import Path

from imagefinder.model.items import UnreadableFile
from imagefinder.model.sources import SourceStatus


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
