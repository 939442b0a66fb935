"""Settings: the model, and what it computes on."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QListWidget, QListWidgetItem, QPushButton, QWidget

from imagefinder.ipc.messages import ListModels, ModelChoice, Models, ModelState
from imagefinder.model.devices import DEVICES
from imagefinder.model.model_names import model_title
from imagefinder.translation import tr
from imagefinder.ui.engine_client import EngineClient
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
        self._use = QPushButton(tr("Use this model"), self)
        self._use.setEnabled(False)
        self._use.clicked.connect(self._choose)
        self.buttons(self._use)
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
            if choice.name == current:
                self._list.setCurrentItem(item)
        self._devices = models.devices
        self._show_devices()
        self._show_state()

    @staticmethod
    def _title(choice: ModelChoice, current: str) -> str:
        if choice.name == current:
            return tr("{title} (in use)", title=choice.title)
        return choice.title if choice.installed else tr("{title} (not on this computer)", title=choice.title)

    def _offer(self) -> None:
        item = self._list.currentItem()
        choice: ModelChoice | None = item.data(_NAME) if item else None  # none while they are looked for
        current = self._client.model.name if self._client.model else ""
        self._use.setEnabled(choice is not None and choice.installed and choice.name != current)
        self._detail.setText(f"{choice.name}\n{choice.detail}".strip() if choice else "")

    def _choose(self) -> None:
        item = self._list.currentItem()
        if item is not None:
            self._use.setEnabled(False)
            self.model_chosen.emit(item.data(_NAME).name)

    def _show_devices(self) -> None:
        names = {
            "auto": tr("Whatever is fastest"),
            "cpu": tr("The processor"),
            "cuda": tr("An NVIDIA graphics card"),
            "mps": tr("Apple's graphics processor"),
        }
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
        parts = []
        if self._devices:
            parts.append(tr("Found on this computer: {devices}.", devices=", ".join(self._devices)))
        if model is not None and model.device:
            parts.append(tr("In use: {device}.", device=model.device))
        self._found.setText(" ".join(parts))
        self._found.setVisible(bool(parts))
        self._offer()
