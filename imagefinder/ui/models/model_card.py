"""Card of one model: a header, and details and operations that can be unfolded."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from imagefinder.translation import tr
from imagefinder.ui.models.download_bar import DownloadBar
from imagefinder.ui.models.model_actions import ModelActions
from imagefinder.ui.models.model_header import ModelHeader
from imagefinder.ui.models.model_manager import ModelEntry, ModelManager, ModelOperation
from imagefinder.ui.models.model_text import about, facts, interrupted, summary
from imagefinder.ui.widgets.link_button import LinkButton


class ModelCard(QFrame):
    """Card of one model. A running download and an error are also shown while the card is folded."""

    unfolded = Signal()

    def __init__(self, manager: ModelManager, entry: ModelEntry, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._manager = manager
        self.name = entry.info.name
        """Name of the model."""
        self._shown: tuple[ModelEntry, str, bool, bool] | None = None
        self.setObjectName("card")
        self.setStyleSheet(
            "#card { background: palette(base); border: 1px solid palette(mid); border-radius: 8px; }"
        )
        self.header = ModelHeader(self)
        self.header.toggled.connect(self._fold)
        self._bar = DownloadBar(self)
        self._bar.stopped.connect(lambda: manager.stop_download(self.name))
        self._problem = _text(self)
        self._problem.setForegroundRole(QPalette.ColorRole.BrightText)
        self._problem.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._body = QWidget(self)
        self._about = _text(self)
        self._facts = _text(self)
        self._facts.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._facts.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._licence = LinkButton(parent=self)
        self.model_actions = ModelActions(manager, self)

        inside = QVBoxLayout(self._body)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.setSpacing(8)
        inside.addWidget(self._about)
        inside.addWidget(self._facts)
        inside.addWidget(self._licence)
        inside.addWidget(self.model_actions)
        rest = QVBoxLayout()
        rest.setContentsMargins(12, 4, 12, 12)
        rest.setSpacing(8)
        rest.addWidget(self._bar)
        rest.addWidget(self._problem)
        rest.addWidget(self._body)
        self._rest = QWidget(self)
        self._rest.setLayout(rest)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(1, 1, 1, 1)
        whole.setSpacing(0)
        whole.addWidget(self.header)
        whole.addWidget(self._rest)
        self._body.hide()
        self.show_entry(entry)

    def show_entry(self, entry: ModelEntry) -> None:
        """Show the current state of the model."""
        now = entry, self._manager.in_use, bool(self._manager.item_count), self._manager.has_failed
        if now == self._shown:
            # Otherwise a text selected for copying would lose its selection several times a second.
            return
        self._shown = now
        had_focus = self.has_focus
        self._show(entry)
        if had_focus and not self.has_focus:
            # The button with the focus was hidden, and Qt would move the focus to the next card.
            self.header.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def has_focus(self) -> bool:
        """Whether a part of the card has the keyboard focus."""
        focused = self.window().focusWidget()
        return focused is not None and self.isAncestorOf(focused)

    def unfold(self, on: bool) -> None:
        """Show or hide the details and the operations."""
        self.header.setChecked(on)

    def _show(self, entry: ModelEntry) -> None:
        info = entry.info
        badge = _badge(entry)
        is_downloading = entry.operation is ModelOperation.DOWNLOAD or entry.download is not None
        is_halted = bool(info.partial_bytes) and not info.installed and not is_downloading
        self.header.show_model(
            info.title,
            badge,
            interrupted(info) if is_halted else summary(info),
            is_strong=entry.is_in_use,
            percent=info.offer.coco if info.offer else None,
        )
        self._bar.setVisible(is_downloading)
        if is_downloading:
            self._bar.show_download(info.title, entry.download, is_stopping=entry.is_stopping)
        self._problem.setText(entry.problem)
        self._problem.setVisible(bool(entry.problem))
        words = about(info)
        self._about.setText(words)
        self._about.setVisible(bool(words))
        self._facts.setText(facts(info))
        self._facts.setAccessibleDescription(tr("About {model}", model=info.title))
        offer = info.offer
        # A licence that requires consent is shown beside its check box instead.
        self._licence.setVisible(offer is not None and (info.installed or not offer.needs_consent))
        if offer is not None:
            self._licence.setText(tr("Licence: {licence}", licence=offer.licence))
            self._licence.set_address(offer.licence_page)
        self.model_actions.show_entry(entry)
        self._show_rest()

    def _fold(self, is_open: bool) -> None:
        self._body.setVisible(is_open)
        self._show_rest()
        if is_open:
            self.unfolded.emit()

    def _show_rest(self) -> None:
        # Otherwise a folded card would keep the margins of its hidden parts.
        shown = (each.isVisibleTo(self._rest) for each in (self._bar, self._problem, self._body))
        self._rest.setVisible(any(shown))


def _badge(entry: ModelEntry) -> str:
    if entry.is_in_use:
        return tr("In use")
    if entry.is_coming:
        return tr("Switching")
    if entry.info.offer is not None and entry.info.offer.is_recommended:
        return tr("Recommended")
    return ""


def _text(parent: QWidget) -> QLabel:
    label = QLabel(parent)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    # A long path cannot be wrapped. It must not make the page wider than its window.
    label.setMinimumWidth(1)
    return label
