"""The status of a library: counts, the model in use, and a model switch in progress."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from imagefinder.domain.items import UnreadableFile
from imagefinder.domain.jobs import passed_over_text
from imagefinder.domain.sources import SourceStatus
from imagefinder.translation import tr


@dataclass(frozen=True, slots=True)
class ModelChange:
    """A model switch in progress. The old model answers searches until the switch is complete."""

    model: str
    """Name of the new model."""
    done: int
    """Number of items indexed with the new model."""
    total: int
    """Number of all items."""
    unreachable: int = 0
    """How many of the remaining items cannot be read now. The switch waits for them.

    For example, their drive is disconnected or they are online only.
    """


@dataclass(frozen=True, slots=True)
class LibraryStatus:
    """Contents and state of a library."""

    folder: Path
    """Folder of the library."""
    model: str | None
    """Name of the model in use. None before the first item is indexed."""
    sources: tuple[SourceStatus, ...]
    """Sources with their counts."""
    items: int
    """Number of items."""
    embedded: dict[str, int]
    """Number of vectors by embedder id."""
    unreadable: tuple[UnreadableFile, ...]
    """Files that cannot be read, in whole or in part, with reasons."""
    change: ModelChange | None = None
    """The model switch in progress, if any."""
    pending: int = 0
    """Number of pending files. A file of several sources counts once, and unreachable files do not count."""


def why_empty(sources: Sequence[SourceStatus]) -> str:
    """Return why a library of these sources contains no items, in one or two sentences."""
    if not sources:
        return tr("Nothing is in the library yet.")
    there = [each for each in sources if not (each.source.offline or each.source.gone)]
    if not there and all(each.source.gone for each in sources):
        return tr("What was added is not there any more: it was moved, renamed or deleted.")
    if not there:
        return tr("What was added cannot be reached now. Is its drive connected?")
    if any(each.source.scanned_at is None or each.pending or not each.scan_complete for each in there):
        return tr("What was added has not been read yet.")
    if unreadable := sum(each.unreadable for each in there):
        return tr("%n file(s) were found, and none can be read.", "", unreadable)
    passed_over: Counter[str] = Counter()
    for each in there:
        passed_over.update(each.passed_over)
    if in_the_cloud := sum(each.in_the_cloud for each in there):
        return tr(
            "%n file(s) were found that are only in the cloud. They have not been read.", "", in_the_cloud
        )
    nothing = tr("No picture or PDF was found in what was added.")
    if said := passed_over_text(passed_over):
        return tr("{first} {second}", "two sentences", first=nothing, second=said)
    return nothing
