"""Operations offered on a model's card."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from imagefinder.translation import tr
from imagefinder.ui.models.model_manager import ModelEntry, ModelManager, ModelOperation
from imagefinder.ui.models.model_removal import RemoveModelBar
from imagefinder.ui.models.model_text import ways_to_a_file
from imagefinder.ui.widgets.icons import icon
from imagefinder.ui.widgets.labels import SecondaryLabel
from imagefinder.ui.widgets.link_button import LinkButton


class ModelActions(QWidget):
    """Buttons for the operations that are possible in a model's state, with consent and confirmation."""

    def __init__(self, manager: ModelManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._manager = manager
        self._entry: ModelEntry | None = None
        self._dialog: QFileDialog | None = None
        self._hint = SecondaryLabel(parent=self)
        self._consent = QCheckBox(tr("I have read and agree to the licence:"), self)
        self._consent.toggled.connect(self._show_consent)
        self._licence = LinkButton(parent=self)
        self._drop_old = QCheckBox(tr("Delete the current model's index afterwards"), self)
        self._download = QPushButton(icon("download"), "", self)
        self._download.clicked.connect(self._begin_download)
        self._use = QPushButton(icon("check"), tr("Use this model"), self)
        self._use.clicked.connect(self._begin_use)
        self._file = QPushButton(icon("folder-open"), tr("Choose weights file…"), self)
        self._file.clicked.connect(self._choose_file)
        self._remove = QPushButton(icon("trash-2"), "", self)
        self._remove.clicked.connect(self._ask_removal)
        self._remove_bar = RemoveModelBar(self)
        self._remove_bar.confirmed.connect(self._begin_removal)
        self._remove_bar.closed.connect(lambda: self._remove.setFocus(Qt.FocusReason.OtherFocusReason))
        self._ways = SecondaryLabel(parent=self)
        self._page = LinkButton(parent=self)

        licence = QHBoxLayout()
        licence.setSpacing(6)
        licence.addWidget(self._consent)
        licence.addWidget(self._licence)
        licence.addStretch(1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self._download, self._use, self._remove):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._file.setAutoDefault(False)
        ways = QVBoxLayout()
        ways.setSpacing(0)
        ways.addWidget(self._ways)
        ways.addWidget(self._page)
        other = QHBoxLayout()
        other.setSpacing(8)
        other.addLayout(ways, 1)
        other.addWidget(self._file)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(self._hint)
        whole.addLayout(licence)
        whole.addWidget(self._drop_old)
        whole.addLayout(buttons)
        whole.addWidget(self._remove_bar)
        whole.addLayout(other)

    def show_entry(self, entry: ModelEntry) -> None:
        """Show the operations that are possible in this state of a model."""
        self._entry = entry
        info, offer = entry.info, entry.info.offer
        is_free = entry.operation is None and entry.download is None
        is_usable = info.installed and not entry.is_in_use and not entry.is_coming
        can_download = offer is not None and not info.installed and is_free
        needs_consent = can_download and offer is not None and offer.needs_consent

        self._hint.setText(self._words(entry))
        self._hint.setVisible(bool(self._hint.text()))
        if needs_consent and offer is not None:
            self._licence.setText(offer.licence)
            self._licence.set_address(offer.licence_page)
            self._licence.setAccessibleDescription(tr("Licence of {model}", model=info.title))
        self._consent.setVisible(needs_consent)
        self._licence.setVisible(needs_consent)
        self._drop_old.setVisible(is_usable and self._manager.item_count > 0)
        self._drop_old.setEnabled(is_free)
        self._download.setVisible(can_download)
        self._download.setText(tr("Resume download") if info.partial_bytes else tr("Download"))
        self._download.setAccessibleName(
            "" if info.partial_bytes else tr("Download {model}", model=info.title)
        )
        self._show_consent()
        self._use.setVisible(is_usable)
        self._use.setEnabled(is_free)
        self._file.setVisible(can_download)
        can_go = info.is_removable and is_free and not entry.is_in_use and not entry.is_coming
        self._remove.setVisible(can_go)
        self._remove.setText(tr("Delete…") if info.installed else tr("Delete partial download"))
        for button in (self._download, self._use, self._file, self._remove):
            # The buttons of all cards look the same, so a screen reader needs the model's title.
            button.setAccessibleDescription(info.title)
        if not can_go:
            self._remove_bar.hide()
        self._ways.setText(ways_to_a_file(info))
        self._ways.setVisible(can_download)
        self._page.setText(info.page.removeprefix("https://"))
        self._page.set_address(info.page)
        self._page.setVisible(can_download and bool(info.page))
        self.setVisible(any((self._hint.text(), is_usable, can_download, can_go)))

    def take_file(self, path: str) -> None:
        """Import a weights file as this model."""
        if self._entry is not None and self._entry.operation is None:
            self._manager.take_in(Path(path), self._entry.info.name)

    def _words(self, entry: ModelEntry) -> str:
        present = self._manager.title(self._manager.in_use)
        if entry.operation is ModelOperation.IMPORT:
            return tr("Checking and copying the file…")
        if entry.operation is ModelOperation.REMOVE:
            return tr("Deleting…")
        if entry.operation is ModelOperation.USE:
            return tr("Preparing…")
        if entry.is_in_use and not entry.info.installed:
            return tr(
                "The library uses this model, but its files are missing. Download or import it again to search "
                "as before."
            )
        if entry.is_in_use:
            return "" if self._manager.has_failed else tr("Searches use this model.")
        if entry.is_coming:
            return tr("The library is being indexed with this model; see above.")
        if not entry.info.installed:
            return ""
        if not self._manager.item_count:
            return tr("The library is empty, so this model is used from the first picture on.")
        if self._manager.has_failed:
            return tr("Takes effect right away. Pictures can be found once they're indexed with this model.")
        return tr(
            "Pictures not indexed with this model yet are indexed in the background. Until that's done, "
            "searches use {present}. Then imagefinder switches automatically.",
            present=present,
        )

    def _show_consent(self) -> None:
        offer = self._entry.info.offer if self._entry else None
        self._download.setEnabled(
            offer is not None and (not offer.needs_consent or self._consent.isChecked())
        )

    def _begin_download(self) -> None:
        if self._entry is not None and (offer := self._entry.info.offer) is not None:
            agreed = offer.needs_consent and self._consent.isChecked()
            self._manager.download(self._entry.info.name, accepts_licence=agreed)

    def _begin_use(self) -> None:
        if self._entry is not None:
            self._manager.use(self._entry.info.name, drop_old=self._drop_old.isChecked())

    def _ask_removal(self) -> None:
        if self._entry is None:
            return
        if self._entry.info.installed:
            self._remove_bar.ask(self._entry.info)
        else:
            self._begin_removal(with_vectors=False)

    def _begin_removal(self, with_vectors: bool) -> None:
        if self._entry is not None:
            self._manager.remove(self._entry.info.name, with_vectors=with_vectors)

    def _choose_file(self) -> None:
        if self._dialog is None:
            # One dialog is kept as long as the card: PySide 6.12 crashes if a file dialog is deleted as it closes.
            self._dialog = weights_dialog(self)
            self._dialog.fileSelected.connect(self.take_file)
        self._dialog.open()


def weights_dialog(parent: QWidget) -> QFileDialog:
    """Create a dialog for choosing a weights file."""
    dialog = QFileDialog(parent, tr("Choose the model's weights file"))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.setNameFilters([tr("Model files") + " (*.safetensors *.bin *.pt)", tr("All files") + " (*)"])
    return dialog
