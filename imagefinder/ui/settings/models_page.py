"""Settings page for models and the device they run on."""

from collections.abc import Sequence

import shiboken6
from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QComboBox, QPushButton, QVBoxLayout, QWidget

from imagefinder.domain.devices import DEVICES
from imagefinder.ipc.messages import ModelState
from imagefinder.translation import join_names, tr
from imagefinder.ui.models.model_card import ModelCard
from imagefinder.ui.models.model_import import ModelImport
from imagefinder.ui.models.model_manager import ModelEntry, ModelManager, ModelOperation
from imagefinder.ui.models.model_switch_bar import ModelSwitchBar
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.settings.settings_page import SettingsPage

_MARGIN = 24
_RELEASE_MINUTES = (5, 15, 30, 60, 240, 0)


class ModelsPage(SettingsPage):
    """Page with installed and downloadable models, model import, device and memory settings."""

    network_wanted = Signal()
    """Emitted when the user asks for the settings of mirror and proxy."""

    def __init__(
        self,
        client: EngineClient,
        settings_store: SettingsStore,
        manager: ModelManager,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(tr("Model"), parent)
        self._client = client
        self._settings_store = settings_store
        self._manager = manager
        self._cards: dict[str, ModelCard] = {}
        self._is_changing = False

        self._build_here()
        self._build_to_get()
        self.heading(tr("Import from a file"))
        self.imports = ModelImport(manager, self)
        self.wide(self.imports)
        self.heading(tr("Device"))
        self._device = QComboBox(self)
        self._device.activated.connect(self._choose_device)
        self.row(tr("Compute on:"), self._device)
        self._found = self.hint("")
        self._build_memory()

        manager.changed.connect(self._show)
        manager.failed.connect(self._announce)
        client.model_changed.connect(self._show_state)
        self._show_state()
        self._show()
        manager.refresh()

    def _build_here(self) -> None:
        self.heading(tr("On this computer"))
        self.hint(
            tr(
                "The model understands your pictures and words. A larger model finds more, but takes longer to "
                "index."
            )
        )
        self._state = self.text()
        self._change_bar = ModelSwitchBar(self._manager, self._client, self)
        self._change_bar.left.connect(self._go_to_model_in_use)
        self.wide(self._change_bar)
        # The first listing of models takes some seconds.
        self._looking = self.hint(tr("Looking for models…"))
        self._again = QPushButton(tr("Try again"), self)
        self._again.clicked.connect(self._manager.refresh)
        self.buttons(self._again)
        self._here = _column(self)
        self.wide(self._here)

    def _build_to_get(self) -> None:
        self._to_get_title = self.heading(tr("Available to download"))
        self._to_get_hint = self.hint(
            tr(
                "The bars show for how many of 100 descriptions a model ranks the right one of 5,000 pictures "
                "first. Nothing is downloaded until you ask for it."
            )
        )
        self._to_get = _column(self)
        self.wide(self._to_get)
        self._network = QPushButton(tr("Download settings…"), self)
        self._network.setToolTip(tr("Set a mirror or a proxy"))
        self._network.clicked.connect(self.network_wanted)
        self.buttons(self._network)

    def _build_memory(self) -> None:
        store = self._settings_store
        self.heading(tr("Memory"))
        self._release = QComboBox(self)
        for minutes in sorted({*_RELEASE_MINUTES, store.value.release_minutes}, key=lambda each: each or 1e9):
            text = tr("After %n minute(s) of inactivity", "", minutes) if minutes else tr("Never", "interval")
            self._release.addItem(text, minutes)
        self._release.setCurrentIndex(self._release.findData(store.value.release_minutes))
        self._release.activated.connect(lambda: store.change(release_minutes=self._release.currentData()))
        self.row(tr("Free memory:"), self._release)
        self._release.setAccessibleName(tr("Free the model's memory"))
        self.hint(tr("The next search then takes longer because the model has to be loaded again."))

    def card(self, name: str) -> ModelCard:
        """Return the card of a model by its name."""
        return self._cards[name]

    def _show(self) -> None:
        known = self._manager.is_known
        problem = self._manager.listing_problem
        self._looking.setText(problem or tr("Looking for models…"))
        self._looking.setVisible(not known)
        self._again.setVisible(not known and bool(problem))
        entries = self._manager.entries()
        for name in self._cards.keys() - {entry.info.name for entry in entries}:
            card = self._cards.pop(name)
            card.hide()
            card.deleteLater()
        is_first = known and not self._cards
        for entry in entries:
            self._show_card(entry)
        self._order(self._here, [each for each in entries if each.info.installed])
        self._order(self._to_get, [each for each in entries if not each.info.installed])
        has_more = any(not entry.info.installed for entry in entries)
        for widget in (self._to_get_title, self._to_get_hint, self._to_get, self._network):
            widget.setVisible(has_more)
        if is_first and entries:
            self._unfold_first(entries)
        if self._is_changing != (is_changing := self._manager.change is not None):
            self._is_changing = is_changing
            if is_changing and not is_first:
                # It appeared above the button that was clicked.
                self._bring_into_view(self._change_bar)
        self._show_devices()

    def _announce(self, problem: str) -> None:
        announcement = QAccessibleAnnouncementEvent(self, problem)
        announcement.setPoliteness(QAccessible.AnnouncementPoliteness.Assertive)
        QAccessible.updateAccessibility(announcement)

    def _show_card(self, entry: ModelEntry) -> None:
        name = entry.info.name
        if name in self._cards:
            self._cards[name].show_entry(entry)
            return
        card = self._cards[name] = ModelCard(self._manager, entry, self)
        card.unfolded.connect(lambda: self._fold_others(name))

    def _order(self, column: QWidget, entries: Sequence[ModelEntry]) -> None:
        layout = column.layout()
        assert isinstance(layout, QVBoxLayout)
        for place, entry in enumerate(entries):
            card = self._cards[entry.info.name]
            item = layout.itemAt(place)
            if item is None or item.widget() is not card:
                had_focus = card.has_focus
                is_followed = card.header.isChecked() and not card.visibleRegion().isEmpty()
                layout.insertWidget(place, card)
                card.show()
                if had_focus:
                    card.header.setFocus(Qt.FocusReason.OtherFocusReason)
                if is_followed:
                    self._bring_into_view(card)

    def _unfold_first(self, entries: Sequence[ModelEntry]) -> None:
        """Expand the most interesting card.

        This is the card of a model being downloaded, else one with a problem or in use but not installed,
        else the recommended one, which new users look for.
        """
        to_get = [entry for entry in entries if not entry.info.installed]
        coming = [entry for entry in to_get if entry.download or entry.operation is ModelOperation.DOWNLOAD]
        halted = [entry for entry in to_get if entry.problem or entry.is_in_use]
        usual = [entry for entry in to_get if entry.info.offer and entry.info.offer.is_recommended]
        for entry in (*coming, *halted, *usual)[:1]:
            self._cards[entry.info.name].unfold(on=True)

    def _fold_others(self, name: str) -> None:
        for other, card in self._cards.items():
            if other != name:
                card.unfold(on=False)
        self._bring_into_view(self._cards[name])

    def _go_to_model_in_use(self) -> None:
        if (card := self._cards.get(self._manager.in_use)) is not None:
            card.header.setFocus(Qt.FocusReason.OtherFocusReason)
            self._bring_into_view(card.header)

    def _bring_into_view(self, widget: QWidget) -> None:
        def bring() -> None:
            inside = self.widget()
            if inside is not None and shiboken6.isValid(widget):
                # First its end, then its beginning, which takes precedence if there is no room for both.
                self.ensureWidgetVisible(widget)
                top = widget.mapTo(inside, QPoint(0, 0))
                self.ensureVisible(top.x(), top.y(), 0, _MARGIN)

        # Later, when the widgets above it have their new heights.
        QTimer.singleShot(0, self, bring)

    def _show_devices(self) -> None:
        names = {"auto": tr("Automatic (fastest)"), **_device_names()}
        # A device that was not found is offered only if it is the current choice.
        found = ("auto", self._settings_store.value.device, *self._manager.devices)
        offered = [device for device in DEVICES if device in found]
        if offered != [self._device.itemData(row) for row in range(self._device.count())]:
            self._device.clear()
            for device in offered:
                self._device.addItem(names[device], device)
        self._device.setCurrentIndex(self._device.findData(self._settings_store.value.device))
        self._show_found()

    def _choose_device(self) -> None:
        self._settings_store.change(device=self._device.currentData())

    def _show_state(self) -> None:
        model = self._client.model
        if model is None or model.state is ModelState.LOADING:
            self._state.setText(tr("Loading the model…"))
        else:
            self._state.setText(model.error)
        self._state.setVisible(bool(self._state.text()))
        self._show_found()

    def _show_found(self) -> None:
        model, devices = self._client.model, self._manager.devices
        names = _device_names()
        parts = []
        if devices:
            found = join_names(names.get(each, each) for each in devices)
            parts.append(tr("Available on this computer: {devices}.", devices=found))
        if model is not None and model.device:
            kind, space, rest = model.device.partition(" ")
            parts.append(tr("In use: {device}.", device=names.get(kind, kind) + space + rest))
        self._found.setText(" ".join(parts))
        self._found.setVisible(bool(parts))


def _column(parent: QWidget) -> QWidget:
    column = QWidget(parent)
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(8)
    layout.setAlignment(Qt.AlignmentFlag.AlignTop)
    return column


def _device_names() -> dict[str, str]:
    """Return the display names of devices."""
    return {
        "cpu": tr("Processor"),
        "cuda": tr("NVIDIA graphics card"),
        "mps": tr("Apple graphics processor"),
    }
