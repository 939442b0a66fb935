"""The messages between the window and the engine process: frozen dataclasses over one pipe.

Vectors and pictures never cross it: a thumbnail or a preview is a file, and its path crosses. A request with a
``request_id`` is answered by an event with the same one, ``Failed`` where it could not be carried out.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from imagefinder.domain.items import ItemDetails, Region, UnreadableFile
from imagefinder.domain.jobs import JobStatus
from imagefinder.domain.library import LibraryStatus
from imagefinder.domain.model_names import ModelInfo
from imagefinder.domain.queries import Hit, Query, Sort
from imagefinder.domain.sources import SourceOptions


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What the engine's process is started with."""

    library: Path | None = None
    """None for the default one."""
    model: str | None = None
    device: str = "auto"
    threads: int = 0
    """Processor threads for the model; 0 leaves it to the model."""
    low_priority: bool = True
    language: str = "en"
    index_at_start: bool = True
    rescan_minutes: int = 15
    paused: bool = False
    """Whether jobs begin paused, because the user paused them before."""
    release_minutes: int = 15
    """Minutes without work after which the model's memory is given back; 0 for never."""


# Requests: from the window to the engine.


@dataclass(frozen=True, slots=True)
class AddSources:
    """Add folders and files as sources (new options for those that are there), and index them.
    A file that a folder in the library holds already is brought up to date with it instead; ``Done`` says so."""

    paths: tuple[Path, ...]
    options: SourceOptions = field(default_factory=SourceOptions)
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class RemoveSources:
    """Forget sources; their files are not touched. A job at work on them is stopped first."""

    paths: tuple[Path, ...]
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class Rescan:
    """Bring these sources up to date, or all where there are none."""

    paths: tuple[Path, ...] = ()
    retry_unreadable: tuple[Path, ...] = ()  # to be read again, though they have not changed
    download: bool = False
    """Whether files of these ``paths`` that are online only are read, too, which downloads them."""


@dataclass(frozen=True, slots=True)
class PauseJobs:
    """Stop working at the next safe place until ``ResumeJobs``; what was committed can be searched."""


@dataclass(frozen=True, slots=True)
class ResumeJobs:
    """Go on."""


@dataclass(frozen=True, slots=True)
class CancelJobs:
    """Stop the job and drop those that wait; what was committed is kept, a rescan does the rest."""


@dataclass(frozen=True, slots=True)
class Search:
    """Answer a query; the first ``count`` hits come as ``Hits`` with offset 0."""

    request_id: int
    pane: int
    query: Query
    sort: Sort = Sort.RELEVANCE
    count: int = 200


@dataclass(frozen=True, slots=True)
class MoreHits:
    """The next hits of the pane's last search, answered by ``Hits`` with that search's request id."""

    request_id: int
    """Of the ``Search``."""
    pane: int
    offset: int
    count: int = 200


@dataclass(frozen=True, slots=True)
class ClosePane:
    """Nobody will ask for more hits of this pane."""

    pane: int


@dataclass(frozen=True, slots=True)
class MakeThumbnail:
    """Make a thumbnail that is not in the cache, answered by ``ThumbnailMade``. The newest are made first."""

    item_id: int
    key: str


@dataclass(frozen=True, slots=True)
class ShowItem:
    """Render an item for the preview and tell about it, answered by ``ItemShown``."""

    request_id: int
    item_id: int
    part: int | None = None
    """Another part of the item's file, for turning pages; None for the item's own."""
    side: int = 2048
    """Pixels: the longer side wanted at least, where the picture has them."""
    words: str = ""
    """The query's text, to be marked on a page."""
    download: bool = False
    """Whether a file that is online only is opened, which downloads it."""


@dataclass(frozen=True, slots=True)
class SetHidden:
    """Hide items from results, or show them again; ``Done`` or ``Failed``. Kept with the library."""

    item_ids: tuple[int, ...]
    hidden: bool
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class ListUnreadable:
    """Ask for the files that cannot be read, of one source or of all, answered by ``Unreadable``."""

    request_id: int
    source: Path | None = None


@dataclass(frozen=True, slots=True)
class ListModels:
    """Ask for the models there are, answered by ``Models``."""

    request_id: int


@dataclass(frozen=True, slots=True)
class ImportModel:
    """Keep a copy of a weights file, or of a folder with its config, as a model; ``Done`` or ``Failed``."""

    file: Path
    arch: str = ""
    """open_clip's architecture, or ``ARCH/TAG``; empty to have it recognised."""
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class DownloadModel:
    """Fetch a model of the catalogue, after those asked for before: ``DownloadChanged``, ``Done`` or ``Failed``."""

    name: str
    mirror: str = ""  # as the next, empty for the environment's
    proxy: str = ""
    accepts_licence: bool = False
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class CancelDownload:
    """Stop fetching a model (its ``DownloadModel`` is answered by ``Failed``); what came is kept, to go on later."""

    name: str


@dataclass(frozen=True, slots=True)
class RemoveModel:
    """Delete the files of a model that was imported or downloaded; ``Done`` or ``Failed``."""

    name: str
    with_vectors: bool = False
    """What this library indexed with it goes too."""
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class UseModel:
    """Search this library with another model, once all of it is indexed with that; ``Done`` or ``Failed``.
    Until then the present model answers. Asking for that one calls a change off."""

    name: str
    drop_old: bool = False
    """What was indexed with the present model is deleted then."""
    now: bool = False
    """Change at once, though not all of it is indexed."""
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class Stop:
    """End cleanly: commit what is in hand, write the checkpoint, go."""


Request = (
    AddSources
    | RemoveSources
    | Rescan
    | PauseJobs
    | ResumeJobs
    | CancelJobs
    | Search
    | MoreHits
    | ClosePane
    | MakeThumbnail
    | ShowItem
    | SetHidden
    | ListUnreadable
    | ListModels
    | ImportModel
    | DownloadModel
    | CancelDownload
    | RemoveModel
    | UseModel
    | Stop
)


# Events: from the engine to the window.


class ModelState(StrEnum):
    """How far the model is."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """The model's state. Until it is ready, words in file names and on pages are searched already."""

    state: ModelState
    name: str
    device: str = ""
    """What it computes on, in words, once known."""
    error: str = ""
    """Why it failed, and what to do."""
    is_english: bool = False
    """Whether it understands English only, once known."""


@dataclass(frozen=True, slots=True)
class LibraryChanged:
    """What is in the library now. Sent at the start, and when a job has changed it (a few times a second at most)."""

    status: LibraryStatus
    covered: int = 0
    """Items that have a vector of the model in use."""
    extensions: tuple[str, ...] = ()
    """The kinds of file that can be read: lower case, without the dot."""


@dataclass(frozen=True, slots=True)
class JobChanged:
    """How the work stands. Throttled to ten a second; the last one of a job is never left out."""

    status: JobStatus


@dataclass(frozen=True, slots=True)
class Hits:
    """Some hits of a search, in the order they are shown, from ``offset`` on."""

    request_id: int
    pane: int
    offset: int
    hits: tuple[Hit, ...]
    has_more: bool
    """Whether ``MoreHits`` would give any."""
    model: str = ""
    took_ms: float = 0.0
    note: str = ""
    is_partial: bool = False
    """The model was not loaded, so it took no part: ask again once it is ready."""
    has_rest: bool = False
    """Whether possible matches were left out; ``Query.include_rest`` brings them."""


@dataclass(frozen=True, slots=True)
class ThumbnailMade:
    """A thumbnail, or why there is none."""

    key: str
    path: Path | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ItemShown:
    """An item rendered for the preview."""

    request_id: int
    item_id: int  # of the part that was asked for
    details: ItemDetails
    picture: Path | None = None
    """A picture file rendered for this window, upright and in sRGB; None where the file cannot be read now."""
    marks: tuple[Region, ...] = ()
    """Where the query's words stand on the page."""
    problem: str = ""
    is_in_the_cloud: bool = False
    """Whether the file was not opened because that would download it; ``problem`` says so."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Files that cannot be read, with reasons."""

    request_id: int
    files: tuple[UnreadableFile, ...]


@dataclass(frozen=True, slots=True)
class Models:
    """The models there are."""

    request_id: int
    choices: tuple[ModelInfo, ...]
    devices: tuple[str, ...] = ()
    """Devices that were found on this machine, as ``--device`` takes them."""


@dataclass(frozen=True, slots=True)
class DownloadChanged:
    """How far the download of a model is. A few a second at most; the last one is never left out."""

    name: str
    done: int
    """Bytes."""
    total: int | None
    """Bytes; None until it is known."""
    rate: float = 0.0
    """Bytes a second; 0 while that is not known."""
    is_over: bool = False
    """Whether it has ended, one way or the other."""


@dataclass(frozen=True, slots=True)
class Done:
    """A request that has nothing to tell was carried out."""

    request_id: int
    message: str = ""  # one line for the user, such as how many files were forgotten


@dataclass(frozen=True, slots=True)
class Failed:
    """A request that could not be carried out."""

    request_id: int
    message: str  # one sentence for the user: what happened, and what to do


@dataclass(frozen=True, slots=True)
class LibraryUnusable:
    """The library cannot be opened; the engine's process ends after this."""

    message: str


Event = (
    ModelChanged
    | LibraryChanged
    | JobChanged
    | Hits
    | ThumbnailMade
    | ItemShown
    | Unreadable
    | Models
    | DownloadChanged
    | Done
    | Failed
    | LibraryUnusable
)
