"""The models and the operations under way on them; outlives the settings page that shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from imagefinder.domain.library import ModelChange
from imagefinder.domain.model_names import ModelInfo, model_title
from imagefinder.ipc.messages import (
    CancelDownload,
    Done,
    DownloadChanged,
    DownloadModel,
    ImportModel,
    ListModels,
    Models,
    ModelState,
    RemoveModel,
    Request,
    UseModel,
)
from imagefinder.translation import tr
from imagefinder.ui.services.engine_client import EngineClient, EngineState, EngineStatus
from imagefinder.ui.services.settings_store import SettingsStore


class ModelOperation(StrEnum):
    """What can be asked for a model."""

    DOWNLOAD = "download"
    IMPORT = "import"
    REMOVE = "remove"
    USE = "use"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model as it stands at one moment."""

    info: ModelInfo
    is_in_use: bool = False
    is_coming: bool = False
    """Whether the library is being indexed with it, to be searched with it then."""
    operation: ModelOperation | None = None
    """What was asked for it and is not done yet."""
    download: DownloadChanged | None = None
    """How far its download is, while there is one."""
    is_stopping: bool = False
    """Whether the user stopped its download, which has not ended yet."""
    problem: str = ""
    """Why what was asked last was not done; empty if it was."""


class ModelManager(QObject):
    """Sends what is asked for models, and remembers how it went."""

    changed = Signal()
    """Models, downloads, problems, or the model in use are other than before."""
    told = Signal(str)
    """What was done, in one line."""
    failed = Signal(str)
    """What was not done, and why; also kept with the model it concerns."""

    def __init__(
        self, client: EngineClient, settings_store: SettingsStore, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._client = client
        self._settings_store = settings_store
        self._listing = 0
        """The request id of the list that is waited for; 0 for none."""
        self._infos: tuple[ModelInfo, ...] | None = None
        self._operations: dict[int, tuple[ModelOperation, str]] = {}
        """What is not done yet, by request id: the operation and the model's name, empty where it has none yet."""
        self._problems: dict[str, str] = {}
        self._is_wanted = False
        self._stopped: set[str] = set()
        """The models whose download the user stopped: that it then ends is nothing to complain about."""
        self.devices: tuple[str, ...] = ()
        """Devices that were found on this machine, as ``--device`` takes them."""
        self.import_news = ""
        """How the last import went, in one sentence."""
        self.has_import_failed = False
        self.listing_problem = ""
        """Why it is not known which models there are."""
        client.download_changed.connect(self._on_download_changed)
        client.engine_changed.connect(self._on_engine_changed)
        client.model_changed.connect(self.changed)
        client.library_changed.connect(self.changed)

    # What there is.

    @property
    def is_known(self) -> bool:
        """Whether the engine has told which models there are."""
        return self._infos is not None

    @property
    def change(self) -> ModelChange | None:
        """The change to another model that is under way."""
        return self._client.library.status.change if self._client.library else None

    @property
    def in_use(self) -> str:
        """The name of the model that answers, or should; empty while that is not known."""
        # One whose files are gone is known by the library alone.
        library = self._client.library
        named = self._client.model.name if self._client.model else ""
        return named or (library.status.model if library else "") or ""

    @property
    def has_failed(self) -> bool:
        """Whether the model in use cannot be used."""
        return self._client.model is not None and self._client.model.state is ModelState.FAILED

    @property
    def item_count(self) -> int:
        """How many pictures and pages the library has."""
        return self._client.library.status.items if self._client.library else 0

    @property
    def is_importing(self) -> bool:
        """Whether a file or folder without a known name is being taken in."""
        return (ModelOperation.IMPORT, "") in self._operations.values()

    def title(self, name: str) -> str:
        """A model's title, for its name."""
        return next((info.title for info in self._infos or () if info.name == name), model_title(name))

    def entries(self) -> Sequence[ModelEntry]:
        """All models: first those that can be used, the one in use before the others, then the recommended one."""
        return sorted((self._entry(info) for info in self._infos or ()), key=_rank)

    # What can be asked.

    def refresh(self) -> None:
        """Ask the engine for the models there are."""
        self._is_wanted = True
        self._client.forget(self._listing)
        self._listing = self._client.next_id()
        self._client.request(ListModels(self._listing), self._on_models, self._on_listing_failed)

    def download(self, name: str, *, accepts_licence: bool = False) -> None:
        """Fetch a model of the catalogue, from where the settings say; one that was interrupted goes on."""
        self._stopped.discard(name)
        settings = self._settings_store.value
        number = self._client.next_id()
        request = DownloadModel(name, settings.hub_mirror, settings.proxy, accepts_licence, number)
        self._ask(request, number, ModelOperation.DOWNLOAD, name)

    def stop_download(self, name: str) -> None:
        """Fetch it no longer; what came is kept."""
        self._stopped.add(name)
        self._client.send(CancelDownload(name))
        self.changed.emit()

    def take_in(self, file: Path, name: str = "", arch: str = "") -> None:
        """Keep a copy of a weights file or of a folder as a model: one of the catalogue where ``name`` is given."""
        number = self._client.next_id()
        self.import_news = ""
        self._ask(ImportModel(file, name or arch, number), number, ModelOperation.IMPORT, name)

    def remove(self, name: str, *, with_vectors: bool) -> None:
        """Delete a model's files, and what this library indexed with it where that is wanted too."""
        number = self._client.next_id()
        self._ask(RemoveModel(name, with_vectors, number), number, ModelOperation.REMOVE, name)

    def use(self, name: str, *, drop_old: bool = False, now: bool = False) -> None:
        """Search the library with another model, once it is indexed with that, or ``now``."""
        number = self._client.next_id()
        self._ask(UseModel(name, drop_old, now, number), number, ModelOperation.USE, name)

    # Inside.

    def _ask(self, request: Request, number: int, operation: ModelOperation, name: str) -> None:
        self._problems.pop(name, None)
        self._operations[number] = operation, name
        self._client.request(request, self._on_done, partial(self._on_failed, number))
        self.changed.emit()

    def _entry(self, info: ModelInfo) -> ModelEntry:
        change, download = self.change, self._client.downloads.get(info.name)
        return ModelEntry(
            info,
            is_in_use=info.name == self.in_use,
            is_coming=change is not None and change.model == info.name,
            operation=next(
                (operation for operation, name in self._operations.values() if name == info.name), None
            ),
            download=download if download and not download.is_over else None,
            is_stopping=info.name in self._stopped,
            problem=self._problems.get(info.name, ""),
        )

    def _on_models(self, models: Models) -> None:
        self._listing = 0
        self.listing_problem = ""
        self._infos = models.choices
        self.devices = models.devices
        self.changed.emit()

    def _on_listing_failed(self, problem: str) -> None:
        self._listing = 0
        self.listing_problem = problem
        self.changed.emit()

    def _on_download_changed(self, download: DownloadChanged) -> None:
        if download.is_over and (ModelOperation.DOWNLOAD, download.name) not in self._operations.values():
            # Asked for by a window before this one, say.
            self._stopped.discard(download.name)
            self.refresh()
        self.changed.emit()

    def _on_done(self, done: Done) -> None:
        operation, name = self._operations.pop(done.request_id)
        message = done.message
        if operation is ModelOperation.DOWNLOAD:
            self._stopped.discard(name)
            message = message or tr("{model} is on this computer now.", model=self.title(name))
        if operation is ModelOperation.IMPORT and not name:
            self.import_news, self.has_import_failed = message, False
        if message:
            self.told.emit(message)
        self.refresh()
        self.changed.emit()

    def _on_failed(self, request_id: int, problem: str) -> None:
        operation, name = self._operations.pop(request_id)
        if operation is ModelOperation.IMPORT and not name:
            self.import_news, self.has_import_failed = problem, True
        if operation is ModelOperation.DOWNLOAD and name in self._stopped:
            self._stopped.discard(name)
        else:
            if name:
                self._problems[name] = problem
            self.failed.emit(problem)
        # A download that failed may have left something to go on with.
        self.refresh()
        self.changed.emit()

    def _on_engine_changed(self, engine: EngineStatus) -> None:
        if (
            self._is_wanted
            and not self._listing
            and not self.is_known
            and engine.state is EngineState.RUNNING
        ):
            self.refresh()


def _rank(entry: ModelEntry) -> tuple[bool, bool, bool, bool]:
    offer = entry.info.offer
    return (
        not entry.info.installed,
        not entry.is_in_use,
        not entry.is_coming,
        offer is None or not offer.is_recommended,
    )
