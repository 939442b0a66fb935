"""The slim line at the bottom: how the model is, and how much can be searched."""

from html import escape

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from imagefinder.ipc.messages import ModelState
from imagefinder.model.jobs import JobState
from imagefinder.model.model_names import BUILTIN, STARTER, model_title
from imagefinder.translation import tr
from imagefinder.ui.engine_client import EngineClient, EngineState
from imagefinder.ui.short_titles import short_title
from imagefinder.ui.words import grouped, tooltip

_LINKS = Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard


class StatusLine(QWidget):
    """One line of quiet words, always true."""

    models_wanted = Signal()
    """The user wants to choose another model."""

    def __init__(self, client: EngineClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._client = client
        self._left = self._label()
        self._left.setAccessibleName(tr("State of the model"))
        self._left.setTextFormat(Qt.TextFormat.RichText)
        self._left.linkActivated.connect(lambda _link: self.models_wanted.emit())
        self._right = self._label()
        self._right.setAccessibleName(tr("What can be searched"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 3, 12, 4)
        layout.setSpacing(12)
        layout.addWidget(self._left, 1)
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
        advice = self._advice()
        text = escape(self._state(), quote=False) + advice
        if text != self._left.text():
            self._left.setText(text)
            # Without a link it is no stop for the Tab key.
            self._left.setTextInteractionFlags(_LINKS if advice else Qt.TextInteractionFlag.NoTextInteraction)
        more = tr("A larger model, downloaded once, finds more.") if advice else ""
        self._left.setToolTip(more or (tooltip(self._client.model.error) if self._client.model else ""))
        self._right.setText(self._amount())

    def _state(self) -> str:
        engine, model = self._client.engine.state, self._client.model
        if engine is EngineState.RESTARTING:
            return tr("Being started again…")
        if engine is EngineState.BROKEN:
            return tr("Stopped: nothing can be searched or indexed now")
        if engine is EngineState.STARTING or model is None:
            return tr("Starting…")
        if model.state is ModelState.LOADING:
            return tr("Loading the model…")
        if model.state is ModelState.FAILED:
            return tr("The model cannot be used: only words in names and on pages are searched")
        title = model_title(model.name)
        if model.name in (STARTER, BUILTIN):
            return title
        if model.device:
            return tr("Model {model} on {device}", model=title, device=model.device)
        return tr("Model {model}", model=title)

    def _advice(self) -> str:
        """Where only one of the program's own models answers, the way to a better one; rich text."""
        model, library = self._client.model, self._client.library
        if (
            self._client.engine.state is not EngineState.RUNNING
            or model is None
            or model.state is not ModelState.READY
            or model.name not in (STARTER, BUILTIN)
            or (library is not None and library.status.change is not None)
        ):
            return ""
        return f' · <a href="models">{escape(tr("Get a better one…", "a model"), quote=False)}</a>'

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
                "{amount}, {done} of them indexed with {model}",
                "{model} is the one to come",
                amount=everything,
                done=grouped(change.done),
                model=short_title(change.model),
            )
        model = self._client.model
        # Of one that cannot be used it is not known what is indexed with it.
        if covered < items and not (model is not None and model.state is ModelState.FAILED):
            return tr("{amount}, {covered} of them indexed", amount=everything, covered=grouped(covered))
        if pending := self._client.library.status.pending:
            return tr(
                "{amount} · {count} file(s) not yet read",
                "",
                pending,
                amount=everything,
                count=grouped(pending),
            )
        return everything
