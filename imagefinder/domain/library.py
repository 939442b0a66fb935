"""The status of a library: counts, the model in use, and a model switch under way."""

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
    """A change to another model that is under way. Until it is complete the old model answers."""

    model: str
    """The name of the one to come."""
    done: int
    """Pictures and pages that are indexed with it."""
    total: int
    """How many there are."""
    unreachable: int = 0
    """Of those that are left, how many cannot be read now: their drive is away, say, or they are in the cloud. The
    change waits for them."""


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


def why_empty(sources: Sequence[SourceStatus]) -> str:
    """Why a library of these sources, without a single picture or page, is empty; a sentence or two."""
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
