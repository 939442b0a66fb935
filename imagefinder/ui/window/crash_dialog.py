"""Dialog shown when the engine process is not restarted any more."""

from pathlib import Path

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from imagefinder.paths import default_places
from imagefinder.translation import tr
from imagefinder.ui.services.engine_client import EngineStatus
from imagefinder.ui.widgets.fitting_dialog import FittingDialog
from imagefinder.ui.widgets.labels import IconLabel, SecondaryLabel, demi_bold


class CrashDialog(FittingDialog):
    """Dialog that explains why searching is impossible and what to do, with a report to copy."""

    retry_requested = Signal()

    def __init__(
        self, status: EngineStatus, parent: QWidget | None = None, log_folder: Path | None = None
    ) -> None:
        """Create the dialog. ``log_folder`` is the folder of the logs, by default the program's usual one."""
        super().__init__(parent)
        self._logs = log_folder or default_places().logs
        self._report = status.report
        self.setWindowTitle(tr("imagefinder has a problem"))
        header = self._build_header(status)
        self._box = QPlainTextEdit(status.report, self)
        self._box.setReadOnly(True)
        self._box.setTabChangesFocus(True)
        self._box.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self._box.setAccessibleName(tr("Report"))
        self._box.setVisible(bool(status.report))
        buttons = self._build_buttons()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(20, 20, 20, 16)
        whole.setSpacing(16)
        whole.addLayout(header)
        whole.addWidget(self._box, 1)
        whole.addLayout(buttons)
        self._retry_button.setFocus()
        self.setMinimumWidth(480)
        if status.report:
            self.resize(680, 460)

    def _build_header(self, status: EngineStatus) -> QHBoxLayout:
        picture = IconLabel("triangle-alert", 36, self)
        title = QLabel(tr("Searching is unavailable"), self)
        title.setWordWrap(True)
        title.setFont(demi_bold(title.font(), 1.2))
        self._message = QLabel(status.message, self)
        self._message.setTextFormat(Qt.TextFormat.PlainText)
        self._message.setWordWrap(True)
        self._message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        hint = SecondaryLabel(
            tr(
                "The report below helps to fix this. It contains no file names and isn't sent anywhere "
                "automatically."
            ),
            self,
        )
        hint.setVisible(bool(status.report))
        texts = QVBoxLayout()
        texts.setSpacing(8)
        for label in (title, self._message, hint):
            texts.addWidget(label)
        header = QHBoxLayout()
        header.setSpacing(16)
        header.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        header.addLayout(texts, 1)
        return header

    def _build_buttons(self) -> QHBoxLayout:
        self._done = SecondaryLabel(parent=self)
        copy = self._button(tr("&Copy report"), self._copy)
        copy.setVisible(bool(self._report))
        logs = self._button(tr("Open &log folder"), self._open_logs)
        close = self._button(tr("Close"), self.reject)
        self._retry_button = self._button(tr("&Try again"), self._retry)
        self._retry_button.setDefault(True)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(copy)
        buttons.addWidget(logs)
        buttons.addWidget(self._done, 1)
        buttons.addWidget(close)
        buttons.addWidget(self._retry_button)
        return buttons

    def _button(self, text: str, clicked: object) -> QPushButton:
        button = QPushButton(text, self)
        button.setAutoDefault(False)
        button.clicked.connect(clicked)
        return button

    def _retry(self) -> None:
        self.accept()
        self.retry_requested.emit()

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._report)
        self._done.setText(tr("Copied."))

    def _open_logs(self) -> None:
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._logs))):
            self._done.setText(tr("The logs are in {folder}", folder=str(self._logs)))
