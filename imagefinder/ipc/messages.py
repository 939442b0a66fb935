"""Messages between the window and the engine process: frozen dataclasses sent over one pipe.

Vectors and pictures are never sent. Thumbnails and previews are files whose paths are sent. A request with a
``request_id`` is answered by an event with the same ``request_id``, or by ``Failed`` if it could not be carried out.
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
    """Options with which the engine process is started."""

    library: Path | None = None
    """Folder of the library; None for the default one."""
    model: str | None = None
    device: str = "auto"
    threads: int = 0
    """Processor threads for the model; 0 for the model's default."""
    low_priority: bool = True
    language: str = "en"
    index_at_start: bool = True
    rescan_minutes: int = 15
    paused: bool = False
    """Whether jobs start paused, because the user paused them in an earlier session."""
    release_minutes: int = 15
    """Minutes without work after which the model is unloaded; 0 for never."""


# Requests: from the window to the engine.


@dataclass(frozen=True, slots=True)
class AddSources:
    """Add folders and files as sources, or change the options of existing ones, and index them.

    A file that is already in a source folder is not added; that folder is rescanned instead, and ``Done`` says so.
    """

    paths: tuple[Path, ...]
    options: SourceOptions = field(default_factory=SourceOptions)
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class RemoveSources:
    """Remove sources from the library; their files are not touched. The running job is interrupted for it."""

    paths: tuple[Path, ...]
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class Rescan:
    """Bring the given sources up to date, or all sources if none are given."""

    paths: tuple[Path, ...] = ()
    retry_unreadable: tuple[Path, ...] = ()  # unreadable files to try again although they have not changed
    download: bool = False
    """Whether online-only files of ``paths`` are read too, which downloads them."""


@dataclass(frozen=True, slots=True)
class PauseJobs:
    """Pause jobs at the next safe point, until ``ResumeJobs``. Committed items can be searched meanwhile."""


@dataclass(frozen=True, slots=True)
class ResumeJobs:
    """Resume paused jobs."""


@dataclass(frozen=True, slots=True)
class CancelJobs:
    """Stop the running job and drop the waiting ones. Committed items are kept; a rescan continues the work."""


@dataclass(frozen=True, slots=True)
class Search:
    """Start a query. Its first ``count`` hits are returned as ``Hits`` with offset 0."""

    request_id: int
    pane: int
    query: Query
    sort: Sort = Sort.RELEVANCE
    count: int = 200


@dataclass(frozen=True, slots=True)
class MoreHits:
    """Request the next hits of the pane's last search, answered by ``Hits``."""

    request_id: int  # of that ``Search``
    pane: int
    offset: int
    count: int = 200


@dataclass(frozen=True, slots=True)
class ClosePane:
    """Discard the last search of a closed pane."""

    pane: int


@dataclass(frozen=True, slots=True)
class MakeThumbnail:
    """Make a thumbnail that is not in the cache, answered by ``ThumbnailMade``. The newest request is handled first."""

    item_id: int
    key: str


@dataclass(frozen=True, slots=True)
class ShowItem:
    """Render an item for the preview and return its details, answered by ``ItemShown``."""

    request_id: int
    item_id: int
    part: int | None = None
    """Another part of the item's file, for turning pages; None for the item itself."""
    side: int = 2048
    """Least length of the longer side in pixels, unless the picture is smaller."""
    words: str = ""
    """Text of the query, to be marked on a page."""
    download: bool = False
    """Whether an online-only file is opened, which downloads it."""


@dataclass(frozen=True, slots=True)
class SetHidden:
    """Hide items from results or show them again, answered by ``Done``. Stored in the library."""

    item_ids: tuple[int, ...]
    hidden: bool
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class ListUnreadable:
    """Request the unreadable files of one source or of all, answered by ``Unreadable``."""

    request_id: int
    source: Path | None = None


@dataclass(frozen=True, slots=True)
class ListModels:
    """Request the list of models, answered by ``Models``."""

    request_id: int


@dataclass(frozen=True, slots=True)
class ImportModel:
    """Import a weights file, or a folder with weights and config, as a model, answered by ``Done``."""

    file: Path
    arch: str = ""
    """Architecture of open_clip, or ``ARCH/TAG``; empty to detect it."""
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class DownloadModel:
    """Queue the download of a catalogue model. Sends ``DownloadChanged``, and ``Done`` at the end."""

    name: str
    mirror: str = ""  # if this or the proxy is empty, the environment's setting is used
    proxy: str = ""
    accepts_licence: bool = False
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class CancelDownload:
    """Cancel the download of a model, whose ``DownloadModel`` is answered by ``Failed``. Downloaded data is kept."""

    name: str


@dataclass(frozen=True, slots=True)
class RemoveModel:
    """Delete the files of an imported or downloaded model, answered by ``Done``."""

    name: str
    with_vectors: bool = False  # delete this library's vectors of the model too
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class UseModel:
    """Switch the library to another model once everything is indexed with it, answered by ``Done``.

    Until then searches use the current model. A request for the current model cancels a pending switch.
    """

    name: str
    drop_old: bool = False
    """Whether the vectors of the current model are deleted after the switch."""
    now: bool = False
    """Whether to switch at once, although not everything is indexed yet."""
    request_id: int = 0


@dataclass(frozen=True, slots=True)
class Stop:
    """End the engine process cleanly: commit the current batch, write the checkpoint, exit."""


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
    """Loading state of the model."""

    LOADING = "loading"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ModelChanged:
    """The model's state changed. Until it is ready, searches use words in file names and on pages."""

    state: ModelState
    name: str
    device: str = ""
    """Name of the device it runs on, once known."""
    error: str = ""
    """Why loading failed, and what to do."""
    is_english: bool = False
    """Whether the model understands English only, once known."""


@dataclass(frozen=True, slots=True)
class LibraryChanged:
    """Status of the library. Sent at the start and after changes, a few times a second at most."""

    status: LibraryStatus
    covered: int = 0
    """Number of items that have a vector of the model in use."""
    extensions: tuple[str, ...] = ()
    """Supported file extensions, in lower case and without the dot."""


@dataclass(frozen=True, slots=True)
class JobChanged:
    """Status of the jobs. Limited to ten a second, except that changes of state are always sent."""

    status: JobStatus


@dataclass(frozen=True, slots=True)
class Hits:
    """Some hits of a search in display order, from ``offset`` on."""

    request_id: int
    pane: int
    offset: int
    hits: tuple[Hit, ...]
    has_more: bool
    """Whether ``MoreHits`` would return further hits."""
    model: str = ""
    took_ms: float = 0.0
    note: str = ""
    is_partial: bool = False
    """Whether the search ran without the model because it was not loaded. Repeat the search once it is ready."""
    has_rest: bool = False
    """Whether possible matches were left out; ``Query.include_rest`` includes them."""


@dataclass(frozen=True, slots=True)
class ThumbnailMade:
    """A thumbnail, or the reason why it could not be made."""

    key: str
    path: Path | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class ItemShown:
    """An item rendered for the preview."""

    request_id: int
    item_id: int  # of the requested part
    details: ItemDetails
    picture: Path | None = None
    """The rendered picture file, upright and in sRGB; None if the file cannot be read now."""
    marks: tuple[Region, ...] = ()
    """Regions of the page that contain the query's words."""
    problem: str = ""
    is_in_the_cloud: bool = False
    """Whether the file was not opened because that would download it; ``problem`` says so."""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Unreadable files with their reasons."""

    request_id: int
    files: tuple[UnreadableFile, ...]


@dataclass(frozen=True, slots=True)
class Models:
    """The available models."""

    request_id: int
    choices: tuple[ModelInfo, ...]
    devices: tuple[str, ...] = ()
    """Devices found on this machine, as accepted by ``--device``."""


@dataclass(frozen=True, slots=True)
class DownloadChanged:
    """Progress of a model download. Sent a few times a second at most, and always at the end."""

    name: str
    done: int
    """Bytes downloaded."""
    total: int | None
    """Total bytes; None until known."""
    rate: float = 0.0
    """Bytes a second; 0 until known."""
    is_over: bool = False
    """Whether the download has ended, successfully or not."""


@dataclass(frozen=True, slots=True)
class Done:
    """A request without a specific answer was carried out."""

    request_id: int
    message: str = ""  # one line for the user, for instance the number of removed files


@dataclass(frozen=True, slots=True)
class Failed:
    """A request could not be carried out."""

    request_id: int
    message: str  # one sentence for the user: what happened, and what to do


@dataclass(frozen=True, slots=True)
class LibraryUnusable:
    """The library cannot be opened. The engine process ends after this event."""

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
