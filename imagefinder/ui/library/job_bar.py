"""Status and progress of the indexing job, with buttons to pause and stop it."""

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QVBoxLayout, QWidget

from imagefinder.domain.jobs import JobState, JobStatus
from imagefinder.ipc.messages import CancelJobs, JobChanged, LibraryChanged, PauseJobs, ResumeJobs
from imagefinder.translation import tr
from imagefinder.ui.library.job_text import job_line, rate_line, report_line, up_to_date
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.widgets.icons import icon
from imagefinder.ui.widgets.labels import SecondaryLabel


class JobBar(QWidget):
    """Shows the running job, or the outcome of the last one. Hidden if there is neither."""

    def __init__(self, client: EngineClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._status = client.job.status if client.job else JobStatus()
        self._line = QLabel(self)
        self._line.setWordWrap(True)
        self._line.setTextFormat(Qt.TextFormat.PlainText)
        self._details = SecondaryLabel(parent=self)
        self._error = QLabel(self)
        self._error.setWordWrap(True)
        self._error.setTextFormat(Qt.TextFormat.PlainText)
        self._error.setForegroundRole(QPalette.ColorRole.BrightText)
        self._error.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._bar = QProgressBar(self, textVisible=False)
        self._bar.setFixedHeight(6)
        self._pause = _button(self, "pause", self._toggle_pause)
        self._cancel = _button(self, "x", self._stop)
        self._cancel.setAccessibleName(tr("Stop indexing"))
        self._cancel.setToolTip(tr("Stop indexing. Pictures indexed so far are kept. Rescan to continue."))

        top = QHBoxLayout()
        top.setSpacing(4)
        top.addWidget(self._line, 1)
        top.addWidget(self._pause, 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(self._cancel, 0, Qt.AlignmentFlag.AlignTop)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 8, 8, 8)
        whole.setSpacing(4)
        whole.addLayout(top)
        whole.addWidget(self._bar)
        whole.addWidget(self._details)
        whole.addWidget(self._error)
        client.job_changed.connect(self._on_job_changed)
        client.library_changed.connect(self._on_library_changed)
        self._show()

    def text(self) -> str:
        """Return all visible lines of text."""
        labels = (self._line, self._details, self._error)
        return "\n".join(each.text() for each in labels if each.isVisibleTo(self))

    def _on_job_changed(self, event: JobChanged) -> None:
        self._status = event.status
        self._show()

    def _on_library_changed(self, event: LibraryChanged) -> None:
        self._show()

    def _toggle_pause(self) -> None:
        self._client.send(ResumeJobs() if self._status.state is JobState.PAUSED else PauseJobs())

    def _stop(self) -> None:
        self._client.send(CancelJobs())

    def _show(self) -> None:
        status = self._status
        is_busy = status.state is not JobState.IDLE
        has_sources = bool(self._client.library and self._client.library.status.sources)
        words = job_line(status) if is_busy else report_line(status.report)
        self._line.setText(words)
        self._line.setVisible(
            is_busy or (has_sources and bool(words) and not status.error and self._is_true(words))
        )
        _set_if(self._details, rate_line(status) if is_busy else "")
        _set_if(self._error, status.error)
        progress = status.progress
        # An indeterminate bar would add nothing to the text. During a model switch, ModelSwitchStatus already shows
        # a bar.
        has_end = is_busy and progress is not None and bool(progress.total) and not progress.model
        self._bar.setVisible(has_end)
        if has_end and progress and progress.total:
            self._bar.setRange(0, progress.total)
            self._bar.setValue(min(progress.done, progress.total))
        self._bar.setAccessibleName(self._line.text())
        self._pause.setVisible(is_busy)
        self._cancel.setVisible(is_busy and bool(status.sources or status.waiting))
        is_paused = status.state is JobState.PAUSED
        words = tr("Resume indexing") if is_paused else tr("Pause indexing")
        self._pause.setIcon(icon("play" if is_paused else "pause"))
        self._pause.setToolTip(words)
        self._pause.setAccessibleName(words)
        self.setVisible(self._line.isVisibleTo(self) or bool(status.error))

    def _is_true(self, words: str) -> bool:
        """Whether the last job's outcome still holds: "Up to date" does not while files are left to be indexed."""
        library = self._client.library
        if library is None or words != up_to_date():
            return True
        is_walked = all(each.scan_complete or each.source.offline for each in library.status.sources)
        return is_walked and not library.status.pending and library.covered >= library.status.items


def _button(parent: QWidget, name: str, clicked: Callable[[], None]) -> QToolButton:
    button = QToolButton(parent, autoRaise=True)
    button.setIcon(icon(name))
    button.setIconSize(QSize(16, 16))
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    button.clicked.connect(lambda: clicked())
    return button


def _set_if(label: QLabel, text: str) -> None:
    label.setText(text)
    label.setVisible(bool(text))
