"""Import of a model from a file or folder."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from imagefinder.translation import tr
from imagefinder.ui.models.model_actions import weights_dialog
from imagefinder.ui.models.model_manager import ModelManager
from imagefinder.ui.widgets.icons import icon
from imagefinder.ui.widgets.labels import SecondaryLabel


class ModelImport(QWidget):
    """Buttons that choose a file or folder, the outcome, and a field for an architecture that was not recognised."""

    def __init__(self, manager: ModelManager, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._manager = manager
        self._path: Path | None = None
        """File or folder chosen last."""
        self._dialogs: dict[bool, QFileDialog] = {}
        """Dialogs by whether they choose a folder. They are kept as long as the page, because PySide 6.12 crashes if a
        file dialog is deleted as it closes."""
        hint = SecondaryLabel(
            tr(
                "A weights file (.safetensors, or .pt from OpenAI or open_clip), or a folder with weights and "
                "open_clip_config.json. The model is recognised automatically. imagefinder keeps a copy; the "
                "original isn't changed."
            ),
            self,
        )
        self._file = QPushButton(icon("file-text"), tr("Choose a file…"), self)
        self._file.setAccessibleDescription(tr("A file with a model's weights"))
        self._file.clicked.connect(lambda: self._choose(is_folder=False))
        self._folder = QPushButton(icon("folder-open"), tr("Choose a folder…"), self)
        self._folder.setAccessibleDescription(tr("A folder with a model"))
        self._folder.clicked.connect(lambda: self._choose(is_folder=True))
        self._news = QLabel(self)
        self._news.setWordWrap(True)
        self._news.setMinimumWidth(1)
        self._news.setTextFormat(Qt.TextFormat.PlainText)
        self._news.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._arch = QLineEdit(self)
        self._arch.setPlaceholderText(tr("Architecture, such as ViT-B-32"))
        self._arch.setAccessibleName(tr("Architecture of the model"))
        self._again = QPushButton(tr("Retry with this architecture"), self)
        self._again.clicked.connect(self._try_again)
        self._arch.textChanged.connect(lambda: self._show())
        self._arch.returnPressed.connect(self._try_again)

        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self._file, self._folder):
            button.setAutoDefault(False)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self._again.setAutoDefault(False)
        named = QHBoxLayout()
        named.setSpacing(8)
        named.addWidget(self._arch, 1)
        named.addWidget(self._again)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.setSpacing(8)
        whole.addWidget(hint)
        whole.addLayout(buttons)
        whole.addWidget(self._news)
        whole.addLayout(named)
        manager.changed.connect(self._show)
        self._show()

    def take(self, path: str) -> None:
        """Import a file or folder as a model."""
        self._path = Path(path)
        self._arch.clear()
        self._manager.take_in(self._path)

    def _choose(self, *, is_folder: bool) -> None:
        if is_folder not in self._dialogs:
            dialog = weights_dialog(self)
            if is_folder:
                dialog.setWindowTitle(tr("Choose the model's folder"))
                dialog.setFileMode(QFileDialog.FileMode.Directory)
                dialog.setOption(QFileDialog.Option.ShowDirsOnly)
            dialog.fileSelected.connect(self.take)
            self._dialogs[is_folder] = dialog
        self._dialogs[is_folder].open()

    def _try_again(self) -> None:
        arch = self._arch.text().strip()
        if self._path is not None and arch and not self._manager.is_importing:
            self._manager.take_in(self._path, arch=arch)

    def _show(self) -> None:
        is_busy = self._manager.is_importing
        news = tr("Checking and copying the file…") if is_busy else self._manager.import_news
        has_failed = self._manager.has_import_failed and not is_busy
        self._news.setText(news)
        self._news.setVisible(bool(news))
        self._news.setForegroundRole(
            QPalette.ColorRole.BrightText if has_failed else QPalette.ColorRole.WindowText
        )
        for button in (self._file, self._folder):
            button.setEnabled(not is_busy)
        # Shown after any failure: whether an architecture would help is known only from the engine's message.
        can_name = has_failed and self._path is not None
        self._arch.setVisible(can_name or (is_busy and bool(self._arch.text())))
        self._again.setVisible(self._arch.isVisibleTo(self))
        self._again.setEnabled(bool(self._arch.text().strip()) and not is_busy)
