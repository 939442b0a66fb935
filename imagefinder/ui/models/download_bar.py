"""Progress bar of a model's download."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from imagefinder.ipc.messages import DownloadChanged
from imagefinder.translation import tr
from imagefinder.ui.models.model_text import progress

_STEPS = 1000


class DownloadBar(QWidget):
    """Progress bar of a download, with its figures and a button that cancels it."""

    stopped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._bar = QProgressBar(self, textVisible=False)
        self._bar.setFixedHeight(6)
        self._words = QLabel(self)
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._words.setWordWrap(True)
        self._stop = QPushButton(tr("Cancel"), self)
        self._stop.setAutoDefault(False)
        self._stop.setToolTip(tr("Stop the download. You can resume it later."))
        self._stop.clicked.connect(self._ask_to_stop)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._words, 1)
        line.addWidget(self._stop)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(self._bar)
        whole.addLayout(line)

    def show_download(self, title: str, download: DownloadChanged | None, *, is_stopping: bool) -> None:
        """Show the state of a download.

        Args:
            title: Title of the model.
            download: The progress; None if the download is waiting to start.
            is_stopping: Whether the user cancelled the download and it has not ended yet.
        """
        self._stop.setEnabled(not is_stopping)
        self._stop.setAccessibleName(tr("Cancel the download of {model}", model=title))
        if is_stopping:
            self._words.setText(tr("Stopping…"))
        elif download is None:
            self._words.setText(tr("Waiting to start…"))
        else:
            self._words.setText(progress(download))
        if download is not None and download.total:
            self._bar.setRange(0, _STEPS)
            self._bar.setValue(min(_STEPS, _STEPS * download.done // download.total))
        else:
            # An empty bar, because the animation of an indeterminate one would keep a timer running.
            self._bar.setRange(0, _STEPS)
            self._bar.setValue(0)
        self._bar.setAccessibleName(
            tr("Downloading {model}: {progress}", model=title, progress=self._words.text())
        )

    def _ask_to_stop(self) -> None:
        self._stop.setEnabled(False)
        self.stopped.emit()
