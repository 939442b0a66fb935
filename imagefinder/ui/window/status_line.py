"""Status line at the bottom of the window: state of the model, and number of searchable items."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from imagefinder.domain.jobs import JobState
from imagefinder.domain.model_names import BUILTIN, STARTER, model_title
from imagefinder.ipc.messages import ModelState
from imagefinder.translation import tr
from imagefinder.ui.formatting import grouped, short_title, tooltip
from imagefinder.ui.services.engine_client import EngineClient, EngineState
from imagefinder.ui.widgets.link_button import LinkButton


class StatusLine(QWidget):
    """Line with the state of the engine and its model on the left, and the number of items on the right."""

    models_wanted = Signal()
    """Emitted when the user asks to choose another model."""

    def __init__(self, client: EngineClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._left = self._label()
        self._left.setAccessibleDescription(tr("Model status"))
        self._advice = LinkButton(tr("Get a better model…", "a model"), self)
        self._advice.setFont(self._left.font())
        more = tr("Download a larger model to find more")
        self._advice.setToolTip(more)
        self._advice.setAccessibleDescription(more)
        self._advice.clicked.connect(self.models_wanted)
        self._right = self._label()
        self._right.setAccessibleDescription(tr("What can be searched"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 3, 12, 4)
        layout.setSpacing(12)
        layout.addWidget(self._left)
        layout.addWidget(self._advice)
        layout.addStretch(1)
        layout.addWidget(self._right)
        for signal in (
            client.engine_changed,
            client.model_changed,
            client.library_changed,
            client.job_changed,
        ):
            signal.connect(self._show)
        self._show()

    def _label(self) -> QLabel:
        label = QLabel(self)
        label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        label.setTextFormat(Qt.TextFormat.PlainText)
        font = label.font()
        font.setPointSizeF(font.pointSizeF() * 0.9)
        label.setFont(font)
        return label

    def _show(self) -> None:
        self._left.setText(self._state())
        self._left.setToolTip(tooltip(self._client.model.error) if self._client.model else "")
        self._advice.setVisible(self._has_better())
        self._right.setText(self._amount())

    def _state(self) -> str:
        engine, model = self._client.engine.state, self._client.model
        if engine is EngineState.RESTARTING:
            return tr("Restarting…")
        if engine is EngineState.BROKEN:
            return tr("Stopped: searching and indexing are unavailable")
        if engine is EngineState.STARTING or model is None:
            return tr("Starting…")
        if model.state is ModelState.LOADING:
            return tr("Loading the model…")
        if model.state is ModelState.FAILED:
            return tr("Model unavailable: only file names and page text are searched")
        title = model_title(model.name)
        if model.name in (STARTER, BUILTIN):
            return title
        if model.device:
            return tr("Model: {model} · {device}", model=title, device=model.device)
        return tr("Model: {model}", model=title)

    def _has_better(self) -> bool:
        """Return whether a model included in the program is in use and no model switch is in progress."""
        model, library = self._client.model, self._client.library
        return (
            self._client.engine.state is EngineState.RUNNING
            and model is not None
            and model.state is ModelState.READY
            and model.name in (STARTER, BUILTIN)
            and (library is None or library.status.change is None)
        )

    def _amount(self) -> str:
        if self._client.library is None:
            return ""
        items, covered = self._client.library.status.items, self._client.library.covered
        if not items:
            return ""
        everything = tr("%n picture(s) and page(s)", "", items).replace(str(items), grouped(items))
        job = self._client.job
        if job is not None and job.status.state is JobState.PAUSED:
            return tr("{amount} · indexing paused", amount=everything)
        change = self._client.library.status.change
        if change is not None:
            return tr(
                "{amount}, {done} indexed with {model}",
                "{model} is the one to come",
                amount=everything,
                done=grouped(change.done),
                model=short_title(change.model),
            )
        model = self._client.model
        # The number of items indexed with a model that failed to load is unknown.
        if covered < items and not (model is not None and model.state is ModelState.FAILED):
            return tr("{amount}, {covered} indexed", amount=everything, covered=grouped(covered))
        if pending := self._client.library.status.pending:
            return tr(
                "{amount} · {count} file(s) not read yet",
                "",
                pending,
                amount=everything,
                count=grouped(pending),
            )
        return everything
