"""Models and the operations under way on them."""

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
    """Operation on a model."""

    DOWNLOAD = "download"
    IMPORT = "import"
    REMOVE = "remove"
    USE = "use"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """State of a model at one moment."""

    info: ModelInfo
    is_in_use: bool = False
    is_coming: bool = False
    """Whether a model switch to it is under way."""
    operation: ModelOperation | None = None
    """The operation under way on it."""
    download: DownloadChanged | None = None
    """Progress of its download; None if no download is running."""
    is_stopping: bool = False
    """Whether the user cancelled its download, which has not ended yet."""
    problem: str = ""
    """Why the last operation failed; empty if it did not."""


class ModelManager(QObject):
    """Requests operations on models from the engine, and keeps their state and outcome.

    The manager outlives the settings page, so operations continue and errors are kept while the page is closed.
    """

    changed = Signal()
    """The models, their operations, downloads or errors, or the model in use have changed."""
    told = Signal(str)
    """An operation succeeded; one line for the user."""
    failed = Signal(str)
    """An operation failed; one sentence, which is also kept as ``ModelEntry.problem``."""

    def __init__(
        self, client: EngineClient, settings_store: SettingsStore, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._client = client
        self._settings_store = settings_store
        self._listing = 0
        """Request id of the pending list of models; 0 if none is pending."""
        self._infos: tuple[ModelInfo, ...] | None = None
        self._operations: dict[int, tuple[ModelOperation, str]] = {}
        """Operations under way by request id, with the model's name; empty for an import without a known name."""
        self._problems: dict[str, str] = {}
        self._is_wanted = False
        self._stopped: set[str] = set()
        """Models whose download the user cancelled. The end of such a download is not reported as an error."""
        self.devices: tuple[str, ...] = ()
        """Devices found on this machine, as accepted by ``--device``."""
        self.import_news = ""
        """Outcome of the last import without a known name; one sentence."""
        self.has_import_failed = False
        self.listing_problem = ""
        """Why the models could not be listed; empty if they were."""
        client.download_changed.connect(self._on_download_changed)
        client.engine_changed.connect(self._on_engine_changed)
        client.model_changed.connect(self.changed)
        client.library_changed.connect(self.changed)

    # State

    @property
    def is_known(self) -> bool:
        """Whether the engine has listed the models."""
        return self._infos is not None

    @property
    def change(self) -> ModelChange | None:
        """The model switch under way, if any."""
        return self._client.library.status.change if self._client.library else None

    @property
    def in_use(self) -> str:
        """Name of the library's model, even if it could not be loaded; empty if it is not known yet."""
        # If the model's files are missing, only the library has its name.
        library = self._client.library
        named = self._client.model.name if self._client.model else ""
        return named or (library.status.model if library else "") or ""

    @property
    def has_failed(self) -> bool:
        """Whether the library's model could not be loaded."""
        return self._client.model is not None and self._client.model.state is ModelState.FAILED

    @property
    def item_count(self) -> int:
        """Number of items in the library."""
        return self._client.library.status.items if self._client.library else 0

    @property
    def is_importing(self) -> bool:
        """Whether an import without a known name is under way."""
        return (ModelOperation.IMPORT, "") in self._operations.values()

    def title(self, name: str) -> str:
        """Return the title of a model."""
        return next((info.title for info in self._infos or () if info.name == name), model_title(name))

    def entries(self) -> Sequence[ModelEntry]:
        """Return all models: installed ones first; in each part the one in use, the next one, the recommended one."""
        return sorted((self._entry(info) for info in self._infos or ()), key=_rank)

    # Operations

    def refresh(self) -> None:
        """Request the list of models from the engine."""
        self._is_wanted = True
        self._client.forget(self._listing)
        self._listing = self._client.next_id()
        self._client.request(ListModels(self._listing), self._on_models, self._on_listing_failed)

    def download(self, name: str, *, accepts_licence: bool = False) -> None:
        """Download a model of the catalogue, with the mirror and the proxy of the settings.

        An interrupted download is resumed.
        """
        self._stopped.discard(name)
        settings = self._settings_store.value
        number = self._client.next_id()
        request = DownloadModel(name, settings.hub_mirror, settings.proxy, accepts_licence, number)
        self._ask(request, number, ModelOperation.DOWNLOAD, name)

    def stop_download(self, name: str) -> None:
        """Cancel a download, and keep the part that was downloaded."""
        self._stopped.add(name)
        self._client.send(CancelDownload(name))
        self.changed.emit()

    def take_in(self, file: Path, name: str = "", arch: str = "") -> None:
        """Import a copy of a weights file or of a model's folder.

        Args:
            file: The file or folder.
            name: The model of the catalogue that it is; empty if it is another one.
            arch: The architecture, if it cannot be recognised; ignored if ``name`` is given.
        """
        number = self._client.next_id()
        self.import_news = ""
        self._ask(ImportModel(file, name or arch, number), number, ModelOperation.IMPORT, name)

    def remove(self, name: str, *, with_vectors: bool) -> None:
        """Delete a model's files, and with ``with_vectors`` the vectors of this library, too."""
        number = self._client.next_id()
        self._ask(RemoveModel(name, with_vectors, number), number, ModelOperation.REMOVE, name)

    def use(self, name: str, *, drop_old: bool = False, now: bool = False) -> None:
        """Switch the library to another model, or cancel a switch under way by naming the present model.

        Args:
            name: The model.
            drop_old: Whether to delete the vectors of the present model after the switch.
            now: Whether to switch before all items are indexed with the model.
        """
        number = self._client.next_id()
        self._ask(UseModel(name, drop_old, now, number), number, ModelOperation.USE, name)

    # Internals

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
            # The end of a download that this manager did not request.
            self._stopped.discard(download.name)
            self.refresh()
        self.changed.emit()

    def _on_done(self, done: Done) -> None:
        operation, name = self._operations.pop(done.request_id)
        message = done.message
        if operation is ModelOperation.DOWNLOAD:
            self._stopped.discard(name)
            message = message or tr("Downloaded {model}.", model=self.title(name))
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
        # A failed download may have left a part with which it can be resumed.
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
