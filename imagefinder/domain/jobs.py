"""Indexing jobs: progress, state and final report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from imagefinder.translation import tr

_MOST_KINDS = 6


class Phase(StrEnum):
    """What an indexing job is doing."""

    SCANNING = "scanning"
    LOADING_MODEL = "loading the model"
    EMBEDDING = "embedding"
    BUILDING_INDEX = "building index"
    FOLDING_TEXTS = "folding texts"
    """Names and page text of a library of an older version; ``done`` and ``total`` are pictures and pages."""
    DOWNLOADING = "downloading"
    """A model; ``done`` and ``total`` are bytes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a job."""

    phase: Phase
    done: int
    """Files looked at so far in this phase (vectors, while the index is built; bytes of a download)."""
    total: int | None
    """How many there will be, when that is known."""
    path: Path | None = None
    items: int = 0
    """Pictures and pages embedded so far."""
    model: str = ""
    """The model that the library is being changed to, while the work is for that one."""


ProgressCallback = Callable[[Progress], None]


def no_progress(event: Progress) -> None:
    """A progress callback for those who do not care."""


@dataclass(slots=True)
class IndexReport:
    """Counts of files after an indexing job. Each file seen is in exactly one of the first five."""

    indexed: int = 0
    """Files whose pictures or pages were embedded."""
    reused: int = 0
    """Files moved, renamed, touched or duplicated: recognised by content, nothing embedded."""
    unchanged: int = 0
    """Files recognised by size and time, and not opened."""
    unreadable: int = 0
    """Files that cannot be read, found now or known before; ``status`` lists them with reasons."""
    in_the_cloud: int = 0
    """Files that are online only and were not read, for nobody asked to have them downloaded."""
    stand_ins: int = 0
    """Of those, how many have another file here in their place (``a.jpg.nextcloud``): reading brings nothing."""
    removed: int = 0
    """Files that are gone from a source that is there."""
    items: int = 0
    """Pictures and pages embedded (a PDF of 30 pages is one file and 30 items)."""
    offline: int = 0
    """Known files whose drive or folder cannot be reached now; they were kept."""
    gone: int = 0
    """Known files of sources that are not there though their drive is (moved, renamed, deleted); they were kept."""
    pending: int = 0
    """Files of the library that are known of and were not read yet at the job's end."""
    passed_over: dict[str, int] = field(default_factory=dict)
    """Files that nothing reads, by extension (empty: none to speak of), and not counted above. What an operating
    system leaves lying about is not among them, nor what the options of a source leave out."""
    unmatched_globs: tuple[str, ...] = ()
    """Globs of sources that were looked through for the first time which matched no file and no folder."""
    relocated: tuple[tuple[Path, Path], ...] = ()
    """Sources that were moved or renamed and added at their new place: old and new path. The old ones are forgotten."""
    cancelled: bool = False
    """Whether the job was stopped before its end; what was committed is kept."""


def passed_over_text(passed_over: Mapping[str, int]) -> str:
    """A sentence on files that nothing reads, by extension; empty where there are none."""
    count = sum(passed_over.values())
    if not count:
        return ""
    kinds = kinds_text(passed_over)
    return tr("%n file(s) of kinds that are not read were passed over: {kinds}.", "", count, kinds=kinds)


def in_the_cloud_text(count: int) -> str:
    """How many files are online only and not read, as a part of a line; empty where there are none."""
    return tr("{count} in the cloud", "files", count=f"{count:,}") if count else ""


def unmatched_text(globs: Sequence[str]) -> str:
    """A sentence on globs that matched nothing; empty where there are none."""
    if not globs:
        return ""
    listed = tr(", ", "between the parts of a list").join(globs)
    return tr("No file and no folder matched {globs}. Check the spelling.", globs=listed)


def kinds_text(passed_over: Mapping[str, int]) -> str:
    """How many files of each extension, such as "7 .mov, 3 .txt"; the most frequent ones by name."""
    named = sorted((-count, extension) for extension, count in passed_over.items() if extension)[:_MOST_KINDS]
    parts = [f"{-negative:,} .{extension}" for negative, extension in named]
    if others := sum(passed_over.values()) + sum(negative for negative, _ in named):
        parts.append(tr("{count} other(s)", "files", others, count=f"{others:,}"))
    return tr(", ", "between the parts of a list").join(parts)


class JobState(StrEnum):
    """How the work on a library stands."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """The work on a library at one moment, as the window shows it."""

    state: JobState = JobState.IDLE
    sources: tuple[Path, ...] = ()
    """The sources in work; empty when idle."""
    waiting: tuple[Path, ...] = ()
    """Sources whose turn comes after."""
    progress: Progress | None = None
    rate: float = 0.0
    """Files embedded per second, over the last half minute; 0 where that is not known yet."""
    seconds_left: float | None = None
    """Until this phase is over, by that rate."""
    error: str = ""
    """Why the last job ended before its time; one sentence for the user."""
    report: IndexReport | None = None
    """What the last job did, once it is over."""
