"""Settings: the model, and what it computes on."""

from html import escape
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QListWidget, QListWidgetItem, QPushButton, QWidget

from imagefinder.ipc.messages import Done, Failed, ImportModel, ListModels, Models, ModelState
from imagefinder.model.devices import DEVICES
from imagefinder.model.model_names import BUILTIN, STARTER, ModelInfo, model_title
from imagefinder.translation import tr
from imagefinder.ui.engine_client import EngineClient
from imagefinder.ui.icons import icon
from imagefinder.ui.settings_keeper import SettingsKeeper
from imagefinder.ui.settings_page import SettingsPage

_NAME = Qt.ItemDataRole.UserRole


class ModelPage(SettingsPage):
    """The models there are, the one in use, and the device."""

    model_chosen = Signal(str)

    def __init__(self, client: EngineClient, keeper: SettingsKeeper, parent: QWidget | None = None) -> None:
        super().__init__(tr("Model"), parent)
        self._client = client
        self._keeper = keeper
        self._request = client.next_id()
        self._devices: tuple[str, ...] = ()
        self._import_request = 0
        self._wanted = ""
        self._dialog: QFileDialog | None = None

        self.heading(tr("Model"))
        self.hint(
            tr(
                "The model is what understands pictures and words. A larger one finds better, and takes longer "
                "to index. Models are files on this computer; nothing is downloaded."
            )
        )
        self._in_use = self.text()
        self._list = QListWidget(self)
        self._list.setAccessibleName(tr("Models"))
        self._list.setWordWrap(True)
        self._list.setSpacing(2)
        self._list.setMinimumHeight(190)
        # Looking for models takes seconds the first time.
        QListWidgetItem(tr("Looking for models…"), self._list).setFlags(Qt.ItemFlag.NoItemFlags)
        self._list.currentItemChanged.connect(self._offer)
        self.wide(self._list)
        self._detail = self.hint("")
        self._detail.setTextFormat(Qt.TextFormat.AutoText)
        self._detail.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        self._detail.setOpenExternalLinks(True)
        self._use = QPushButton(tr("Use this model"), self)
        self._use.setEnabled(False)
        self._use.clicked.connect(self._choose)
        self._import = QPushButton(icon("folder-open"), tr("Choose its file…"), self)
        self._import.clicked.connect(self._choose_file)
        self.buttons(self._use, self._import)
        self.hint(
            tr(
                "With another model the pictures are indexed again. What was indexed with this one is kept: "
                "coming back to it costs nothing."
            )
        )

        self.heading(tr("Device"))
        self._device = QComboBox(self)
        self._device.activated.connect(self._choose_device)
        self.row(tr("Compute on:"), self._device)
        self._found = self.hint("")

        client.models_received.connect(self._fill)
        client.model_changed.connect(self._show_state)
        client.done.connect(self._take_imported)
        client.failed.connect(self._take_failure)
        self._show_devices()
        self._show_state()
        client.send(ListModels(self._request))

    def _fill(self, models: Models) -> None:
        if models.request_id != self._request:
            return
        self._list.clear()
        current = self._client.model.name if self._client.model else ""
        for choice in models.choices:
            item = QListWidgetItem(self._title(choice, current), self._list)
            item.setData(_NAME, choice)
            if not choice.installed:
                item.setForeground(self.palette().placeholderText())
            if choice.name == (self._wanted or current):
                self._list.setCurrentItem(item)
        self._devices = models.devices
        self._show_devices()
        self._show_state()

    @staticmethod
    def _title(choice: ModelInfo, current: str) -> str:
        if choice.name == current:
            return tr("{title} (in use)", title=choice.title)
        return choice.title if choice.installed else tr("{title} (not on this computer)", title=choice.title)

    def _offer(self) -> None:
        item = self._list.currentItem()
        choice: ModelInfo | None = item.data(_NAME) if item else None  # none while they are looked for
        current = self._client.model.name if self._client.model else ""
        self._use.setEnabled(choice is not None and choice.installed and choice.name != current)
        self._import.setVisible(choice is not None and not choice.installed)
        self._import.setEnabled(not self._import_request)
        self._detail.setText(_about(choice) if choice else "")

    def _choose(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self._use.setEnabled(False)
            self.model_chosen.emit(item.data(_NAME).name)

    def _choose_file(self) -> None:
        if self._dialog is None:
            # One for the life of the page: a file dialog deleted as it closes takes PySide 6.12 down with it.
            self._dialog = QFileDialog(self, tr("The file with the model's weights"))
            self._dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
            self._dialog.setNameFilters(
                [tr("Model files") + " (*.safetensors *.bin *.pt)", tr("All files") + " (*)"]
            )
            self._dialog.fileSelected.connect(self.import_file)
        self._dialog.open()

    def import_file(self, path: str) -> None:
        """Keep a copy of a weights file as the model that is chosen in the list."""
        item = self._list.currentItem()
        if item is None or self._import_request:
            return
        self._wanted = item.data(_NAME).name
        self._import_request = self._client.next_id()
        self._import.setEnabled(False)
        self._detail.setText(tr("The file is being checked and copied…"))
        self._client.send(ImportModel(Path(path), self._wanted, self._import_request))

    def _take_imported(self, done: Done) -> None:
        if self._import_request and done.request_id == self._import_request:
            self._import_request = 0
            self._request = self._client.next_id()
            self._client.send(ListModels(self._request))

    def _take_failure(self, failure: Failed) -> None:
        if self._import_request and failure.request_id == self._import_request:
            self._import_request = 0
            self._offer()
            self._detail.setText(failure.message)

    def _show_devices(self) -> None:
        names = {"auto": tr("Whatever is fastest"), **_device_names()}
        self._device.clear()
        for device in DEVICES:
            # What was not found here is offered only where it was chosen before.
            if device in ("auto", self._keeper.value.device, *self._devices):
                self._device.addItem(names[device], device)
        self._device.setCurrentIndex(self._device.findData(self._keeper.value.device))

    def _choose_device(self) -> None:
        self._keeper.change(device=self._device.currentData())

    def _show_state(self) -> None:
        model = self._client.model
        if model is None or model.state is ModelState.LOADING:
            self._in_use.setText(tr("The model is being loaded."))
        elif model.state is ModelState.FAILED:
            self._in_use.setText(model.error)
        else:
            self._in_use.setText(tr("In use: {model}", model=model_title(model.name)))
        names = _device_names()
        parts = []
        if self._devices:
            parts.append(
                tr(
                    "Found on this computer: {devices}.",
                    devices=", ".join(names.get(each, each) for each in self._devices),
                )
            )
        if model is not None and model.device:
            kind, space, rest = model.device.partition(" ")
            parts.append(tr("In use: {device}.", device=names.get(kind, kind) + space + rest))
        self._found.setText(" ".join(parts))
        self._found.setVisible(bool(parts))
        self._offer()


def _about(choice: ModelInfo) -> str:
    """What there is to say of a model, as rich text."""
    if not choice.installed and choice.page:
        page = f'<a href="{escape(choice.page)}">{escape(choice.page)}</a>'
        return tr(
            "Get the file open_clip_model.safetensors from {page} with your web browser, then choose it here.",
            page=page,
        )
    detail = choice.detail[:1].upper() + choice.detail[1:]
    lines = [detail] if choice.name in (STARTER, BUILTIN) else [choice.name, detail]
    return "<br>".join(escape(line) for line in lines if line)


def _device_names() -> dict[str, str]:
    """What a model can compute on, in words."""
    return {
        "cpu": tr("Processor"),
        "cuda": tr("NVIDIA graphics card"),
        "mps": tr("Apple graphics processor"),
    }
