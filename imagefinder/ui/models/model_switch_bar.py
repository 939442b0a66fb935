"""Progress of a model switch, with buttons to complete it now or to cancel it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from imagefinder.domain.jobs import JobState
from imagefinder.domain.library import ModelChange
from imagefinder.translation import tr
from imagefinder.ui.formatting import grouped
from imagefinder.ui.models.model_manager import ModelManager
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.widgets.labels import SecondaryLabel, demi_bold


class ModelSwitchBar(QFrame):
    """Shows the model switch under way. Hidden if there is none."""

    left = Signal()
    """The bar is about to be hidden while it has the keyboard focus."""

    def __init__(self, manager: ModelManager, client: EngineClient, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._manager = manager
        self._client = client
        self.setObjectName("change")
        self.setStyleSheet(
            "#change { background: palette(base); border: 1px solid palette(highlight); border-radius: 8px; }"
        )
        self._title = QLabel(self)
        self._title.setWordWrap(True)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._title.setFont(demi_bold(self._title.font()))
        self._bar = QProgressBar(self, textVisible=False)
        self._bar.setFixedHeight(6)
        self._amount = QLabel(self)
        self._amount.setWordWrap(True)
        self._amount.setTextFormat(Qt.TextFormat.PlainText)
        self._hint = SecondaryLabel(parent=self)
        self._now = QPushButton(tr("Switch now"), self)
        self._now.setToolTip(tr("Pictures not indexed with the new model yet can be found once they are."))
        self._now.clicked.connect(self._change_now)
        self._keep = QPushButton(tr("Keep the current model"), self)
        self._keep.setToolTip(tr("Cancel the switch. Progress is kept in case you switch later."))
        self._keep.clicked.connect(self._keep_present)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self._now, self._keep):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(12, 12, 12, 12)
        whole.setSpacing(8)
        for widget in (self._title, self._bar, self._amount, self._hint):
            whole.addWidget(widget)
        whole.addLayout(buttons)
        manager.changed.connect(self._show)
        client.job_changed.connect(self._show)
        self._show()

    def _show(self) -> None:
        change = self._manager.change
        focused = self.window().focusWidget()
        if change is None and focused is not None and self.isAncestorOf(focused):
            self.left.emit()
        self.setVisible(change is not None)
        if change is None:
            return
        present = self._manager.title(self._manager.in_use)
        self._title.setText(tr("Switching to {model}", model=self._manager.title(change.model)))
        self._amount.setText(_amount(change))
        self._hint.setText(self._words(change, present))
        self._bar.setRange(0, max(1, change.total))
        self._bar.setValue(min(change.done, change.total))
        self._bar.setAccessibleName(f"{self._title.text()}: {self._amount.text()}")
        self._keep.setAccessibleDescription(present)

    def _words(self, change: ModelChange, present: str) -> str:
        sentences = []
        if change.unreachable:
            sentences.append(
                tr(
                    "%n of them can't be read now, for example because a drive isn't connected or they are in "
                    "the cloud. The switch waits for them.",
                    "pictures and pages",
                    change.unreachable,
                )
            )
        job = self._client.job
        if job is not None and job.status.state is JobState.PAUSED and change.done < change.total:
            sentences.append(tr("Indexing is paused. Resume it to continue."))
        return " ".join([*sentences, tr("Until then, searches use {model}.", model=present)])

    def _change_now(self) -> None:
        if (change := self._manager.change) is not None:
            self._manager.use(change.model, now=True)

    def _keep_present(self) -> None:
        if self._manager.in_use:
            self._manager.use(self._manager.in_use)


def _amount(change: ModelChange) -> str:
    return tr(
        "{done} of {total} pictures and pages indexed.",
        done=grouped(change.done),
        total=grouped(change.total),
    )
