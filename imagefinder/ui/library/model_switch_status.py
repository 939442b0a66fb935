"""Status of a model switch: progress, the model that answers meanwhile, and what it waits for."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QVBoxLayout, QWidget

from imagefinder.domain.jobs import JobState
from imagefinder.domain.library import ModelChange
from imagefinder.domain.model_names import model_title
from imagefinder.ipc.messages import Done, LibraryChanged, Rescan, UseModel
from imagefinder.translation import tr
from imagefinder.ui.formatting import grouped, short_title, tooltip
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.widgets.labels import ElidedLabel, SecondaryLabel


def change_words(change: ModelChange, present: str) -> str:
    """How far the change is, and what stays as it is; ``present`` names the model that answers."""
    if waits_for_drives(change):
        return tr(
            "%n picture(s) cannot be reached now: their drive is away, their folder is gone, or they are in the cloud. "
            "The change is finished when they are there.",
            "pictures and pages",
            change.unreachable,
        )
    done, total = grouped(change.done), grouped(change.total)
    if not present:
        return tr("{done} of {total} indexed.", done=done, total=total)
    return tr(
        "{done} of {total} indexed. Searching goes on with {model}.",
        "{model} is the model in use",
        done=done,
        total=total,
        model=short_title(present),
    )


def waits_for_drives(change: ModelChange) -> bool:
    """Whether nothing is left but what cannot be reached now."""
    return change.unreachable > 0 and change.done + change.unreachable >= change.total


class ModelSwitchStatus(QWidget):
    """Takes no room while no change is under way."""

    notice = Signal(str)
    problem = Signal(str)

    def __init__(self, client: EngineClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._is_asked = False
        """Whether the engine was asked to change now, and has not answered."""
        """To change now, while it is not answered."""
        self._seen: tuple[Path, str] | None = None
        """The library, and the model that it was being changed to when last heard of."""
        self._title = ElidedLabel(parent=self, mode=Qt.TextElideMode.ElideRight)
        self._bar = QProgressBar(self, textVisible=False)
        self._bar.setFixedHeight(6)
        self._words = SecondaryLabel(parent=self)
        self._button = QPushButton(self)
        self._button.clicked.connect(self._act)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(0, 4, 0, 0)
        buttons.addWidget(self._button)
        buttons.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 8, 8, 4)
        whole.setSpacing(4)
        for widget in (self._title, self._bar, self._words):
            whole.addWidget(widget)
        whole.addLayout(buttons)
        client.library_changed.connect(self._on_library_changed)
        client.job_changed.connect(self._show)
        client.model_changed.connect(self._show)
        if client.library is not None:
            self._on_library_changed(client.library)
        self._show()

    def text(self) -> str:
        """What it says, all lines; nothing while no change is under way."""
        return "" if self.isHidden() else f"{self._title.text()}\n{self._words.text()}"

    @property
    def action(self) -> str:
        """What its button does, if it has one now."""
        return "" if self.isHidden() or self._button.isHidden() else self._button.text()

    @property
    def _change(self) -> ModelChange | None:
        return self._client.library.status.change if self._client.library is not None else None

    def _on_library_changed(self, event: LibraryChanged) -> None:
        status = event.status
        if self._seen == (status.folder, status.model) and status.change is None:
            # The very words of the engine's own answer, so that a line of news says it once.
            title = model_title(status.model or "")
            self.notice.emit(tr("This library is searched with {model} from now on.", model=title))
        self._seen = (status.folder, status.change.model) if status.change is not None else None
        self._show()

    def _show(self) -> None:
        change = self._change
        self.setVisible(change is not None)
        if change is None:
            return
        title = tr("Changing to {model}", "another model", model=short_title(change.model))
        self._title.setText(title)
        self._title.setToolTip(tooltip(model_title(change.model)))
        present = self._client.library.status.model if self._client.library else ""
        self._words.setText(change_words(change, present or ""))
        # A range of nothing would be shown as a bar that runs to and fro.
        self._bar.setRange(0, max(1, change.total))
        self._bar.setValue(min(change.done, change.total))
        self._bar.setAccessibleName(title)
        self._show_button(change)

    def _show_button(self, change: ModelChange) -> None:
        job = self._client.job
        is_idle = job is not None and job.status.state is JobState.IDLE
        waits = waits_for_drives(change)
        self._button.setVisible(waits or (is_idle and change.done < change.total))
        self._button.setText(tr("Change now") if waits else tr("Go on indexing"))
        self._button.setToolTip(
            tr("Search with the new model at once; what is away is indexed when it is there again.")
            if waits
            else ""
        )
        self._button.setEnabled(not self._is_asked)

    def _act(self) -> None:
        change = self._change
        if change is None:
            return
        if waits_for_drives(change):
            self._is_asked = True
            request = UseModel(change.model, now=True, request_id=self._client.next_id())
            self._client.request(request, self._on_done, self._on_failed)
            self._button.setEnabled(False)
        else:
            self._client.send(Rescan())

    def _on_done(self, _done: Done) -> None:
        self._is_asked = False
        self._show()

    def _on_failed(self, problem: str) -> None:
        self._is_asked = False
        self.problem.emit(problem)
        self._show()
