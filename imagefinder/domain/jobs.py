"""Jobs: progress, state and report."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from imagefinder.translation import join_clauses, join_names, tr

_MOST_KINDS = 6


class Phase(StrEnum):
    """Phase of a job."""

    SCANNING = "scanning"
    LOADING_MODEL = "loading the model"
    EMBEDDING = "embedding"
    BUILDING_INDEX = "building index"
    FOLDING_TEXTS = "folding texts"
    """Folding file names and page text of a library of an older version. ``done`` and ``total`` count items."""
    DOWNLOADING = "downloading"
    """Downloading a model. ``done`` and ``total`` are bytes."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a job at one moment."""

    phase: Phase
    done: int
    """Files handled so far in this phase. Vectors while the index is built, bytes of a download."""
    total: int | None
    """Final value of ``done``. None if it is unknown."""
    path: Path | None = None
    """The current file, if any."""
    items: int = 0
    """Items embedded so far."""
    model: str = ""
    """Name of the model that the library is being switched to, during work for that model. Empty otherwise."""


ProgressCallback = Callable[[Progress], None]


def no_progress(event: Progress) -> None:
    """Progress callback that does nothing."""


@dataclass(slots=True)
class IndexReport:
    """Counts of files at the end of a job. Each file seen is counted in exactly one of the first five fields."""

    indexed: int = 0
    """Files whose pictures or pages were embedded."""
    reused: int = 0
    """Files moved, renamed, touched or copied. They were recognised by content, and nothing was embedded."""
    unchanged: int = 0
    """Files recognised by size and modification time. They were not opened."""
    unreadable: int = 0
    """Files that cannot be read, found now or earlier. ``status`` lists them with reasons."""
    in_the_cloud: int = 0
    """Online-only files, which were skipped because downloading was not requested."""
    stand_ins: int = 0
    """How many of ``in_the_cloud`` have a placeholder of another name on disk (``a.jpg.nextcloud``).

    Reading a placeholder does not download the file.
    """
    removed: int = 0
    """Files no longer in a source that is present."""
    items: int = 0
    """Items embedded. A PDF of 30 pages is one file and 30 items."""
    offline: int = 0
    """Known files whose drive or folder cannot be reached now. They are kept."""
    gone: int = 0
    """Known files of sources that were moved, renamed or deleted on a connected drive. They are kept."""
    pending: int = 0
    """Pending files of the library at the end of the job."""
    passed_over: dict[str, int] = field(default_factory=dict)
    """Number of files skipped for lack of a reader, by extension (may be empty).

    They are not counted in other fields. Files that operating systems create, and files excluded by the
    options of a source, are not counted here.
    """
    unmatched_globs: tuple[str, ...] = ()
    """Glob patterns, of sources scanned for the first time, that matched no file or folder."""
    relocated: tuple[tuple[Path, Path], ...] = ()
    """Old and new paths of sources that were moved or renamed and added again. The old ones were removed."""
    cancelled: bool = False
    """Whether the job was cancelled. Everything committed is kept."""


def passed_over_text(passed_over: Mapping[str, int]) -> str:
    """Return a sentence on skipped files by extension, or an empty string if there are none."""
    count = sum(passed_over.values())
    if not count:
        return ""
    kinds = kinds_text(passed_over)
    return tr("%n file(s) of kinds that are not read were passed over: {kinds}.", "", count, kinds=kinds)


def in_the_cloud_text(count: int) -> str:
    """Return a phrase with the number of online-only files, or an empty string if there are none."""
    return tr("{count} in the cloud", "files", count=f"{count:,}") if count else ""


def unmatched_text(globs: Sequence[str]) -> str:
    """Return a sentence on glob patterns that matched nothing, or an empty string if there are none."""
    if not globs:
        return ""
    listed = join_names(globs)
    return tr("No file and no folder matched {globs}. Check the spelling.", globs=listed)


def kinds_text(passed_over: Mapping[str, int]) -> str:
    """Return the numbers of files by extension, such as "7 .mov, 3 .txt", naming the most frequent ones."""
    named = sorted((-count, extension) for extension, count in passed_over.items() if extension)[:_MOST_KINDS]
    parts = [f"{-negative:,} .{extension}" for negative, extension in named]
    if others := sum(passed_over.values()) + sum(negative for negative, _ in named):
        parts.append(tr("{count} other(s)", "files", others, count=f"{others:,}"))
    return join_clauses(parts)


class JobState(StrEnum):
    """State of the work on a library."""

    IDLE = "idle"
    RUNNING = "running"
    PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class JobStatus:
    """State of the work on a library at one moment, as shown by the window."""

    state: JobState = JobState.IDLE
    sources: tuple[Path, ...] = ()
    """Sources being processed. Empty when idle."""
    waiting: tuple[Path, ...] = ()
    """Sources queued for processing."""
    progress: Progress | None = None
    """Progress of the running job, if any."""
    rate: float = 0.0
    """Throughput in files per second over the last half minute. 0 if it is not known yet."""
    seconds_left: float | None = None
    """Estimated seconds until the end of the phase. None if it is not known."""
    error: str = ""
    """Why the last job failed, as a sentence for the user. Empty if it did not fail."""
    report: IndexReport | None = None
    """Report of the last job, when it has ended."""
