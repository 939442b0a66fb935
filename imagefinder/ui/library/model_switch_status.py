"""Status of a model switch: progress, the model used meanwhile, and what the switch waits for."""

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
    """Return the progress of a model switch as text.

    Args:
        change: The switch under way.
        present: Name of the model that answers searches meanwhile; empty if there is none.
    """
    if waits_for_drives(change):
        return tr(
            "%n picture(s) can't be read now (drive not connected, folder missing, or in the cloud). The "
            "switch finishes when they're available.",
            "pictures and pages",
            change.unreachable,
        )
    done, total = grouped(change.done), grouped(change.total)
    if not present:
        return tr("{done} of {total} indexed.", done=done, total=total)
    return tr(
        "{done} of {total} indexed. Searches still use {model}.",
        "{model} is the model in use",
        done=done,
        total=total,
        model=short_title(present),
    )


def waits_for_drives(change: ModelChange) -> bool:
    """Whether all items that are left to index are unreachable at the moment."""
    return change.unreachable > 0 and change.done + change.unreachable >= change.total


class ModelSwitchStatus(QWidget):
    """Shows the model switch under way, with a button to continue or complete it. Hidden if there is none."""

    notice = Signal(str)
    problem = Signal(str)

    def __init__(self, client: EngineClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._is_asked = False
        """Whether a request to complete the switch now is unanswered."""
        self._seen: tuple[Path, str] | None = None
        """Library folder and new model of the switch last seen under way; None if there was none."""
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
        """Return the lines of text; empty while hidden."""
        return "" if self.isHidden() else f"{self._title.text()}\n{self._words.text()}"

    @property
    def action(self) -> str:
        """The text of the button; empty while it is hidden."""
        return "" if self.isHidden() or self._button.isHidden() else self._button.text()

    @property
    def _change(self) -> ModelChange | None:
        return self._client.library.status.change if self._client.library is not None else None

    def _on_library_changed(self, event: LibraryChanged) -> None:
        status = event.status
        if self._seen == (status.folder, status.model) and status.change is None:
            # Must equal the engine's reply to UseModel (ipc/worker/session.py), so that NotificationBar shows it once.
            title = model_title(status.model or "")
            self.notice.emit(tr("This library now uses {model}.", model=title))
        self._seen = (status.folder, status.change.model) if status.change is not None else None
        self._show()

    def _show(self) -> None:
        change = self._change
        self.setVisible(change is not None)
        if change is None:
            return
        title = tr("Switching to {model}", "another model", model=short_title(change.model))
        self._title.setText(title)
        self._title.setToolTip(tooltip(model_title(change.model)))
        present = self._client.library.status.model if self._client.library else ""
        self._words.setText(change_words(change, present or ""))
        # QProgressBar shows an empty range as an indeterminate bar.
        self._bar.setRange(0, max(1, change.total))
        self._bar.setValue(min(change.done, change.total))
        self._bar.setAccessibleName(title)
        self._show_button(change)

    def _show_button(self, change: ModelChange) -> None:
        job = self._client.job
        is_idle = job is not None and job.status.state is JobState.IDLE
        waits = waits_for_drives(change)
        self._button.setVisible(waits or (is_idle and change.done < change.total))
        self._button.setText(tr("Switch now") if waits else tr("Resume indexing"))
        self._button.setToolTip(
            tr(
                "Switch to the new model right away. Pictures that can't be read now are indexed when they're "
                "available."
            )
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
