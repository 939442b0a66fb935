"""Welcome page, shown while the library is empty."""

from pathlib import Path

from PySide6.QtCore import QDir, QSize, QStandardPaths, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from imagefinder.ipc.messages import ModelState
from imagefinder.translation import tr
from imagefinder.ui.dragdrop.drop_target import DropTarget
from imagefinder.ui.services.engine_client import EngineClient, EngineState
from imagefinder.ui.widgets.labels import ElidedLabel, SecondaryLabel, demi_bold
from imagefinder.ui.window.welcome_picture import WelcomePicture

_WIDTH = 480
_HEIGHT_FOR_PICTURE = 500


class WelcomePage(DropTarget):
    """Page that invites the user to add a folder, shown in place of the panes."""

    folders_chosen = Signal(list)  # list[Path]

    def __init__(
        self, client: EngineClient, parent: QWidget | None = None, pictures: Path | None = None
    ) -> None:
        """Create the page. ``pictures`` is the folder offered, by default the user's Pictures folder."""
        super().__init__(parent)
        self._client = client
        self._dialog: QFileDialog | None = None
        self.setAccessibleName(tr("Welcome"))
        self._pictures = pictures or _pictures_folder()
        column = self._build_column()
        inner = QFrame(self)
        inner.setLayout(column)
        inner.setMaximumWidth(_WIDTH)
        whole = QHBoxLayout(self)
        whole.setContentsMargins(24, 24, 24, 20)
        whole.addStretch(1)
        whole.addWidget(inner, 1000)
        whole.addStretch(1)
        self.dropped.connect(self.folders_chosen)
        client.engine_changed.connect(self._show_state)
        client.model_changed.connect(self._show_state)
        self._show_state()

    def _build_column(self) -> QVBoxLayout:
        title = QLabel(tr("Drop a folder of pictures here"), self)
        title.setFont(demi_bold(title.font(), 1.9))
        title.setWordWrap(True)
        words = SecondaryLabel(
            tr(
                "Then find any of them by describing what's in it, or by dropping a similar picture. PDFs work "
                "too: every page can be found by its look and its text."
            ),
            self,
        )
        where = self._build_buttons()
        self._state = SecondaryLabel(parent=self)
        stays = SecondaryLabel(tr("Everything stays on this computer."), self)
        for label in (title, words, where, self._state, stays):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)

        self._picture = WelcomePicture(self)
        column = QVBoxLayout()
        column.setSpacing(0)
        column.addStretch(3)
        column.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(24)
        column.addWidget(title)
        column.addSpacing(12)
        column.addWidget(words)
        column.addSpacing(28)
        column.addWidget(self._choose, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(12)
        column.addWidget(self._own, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(4)
        column.addWidget(where)
        column.addStretch(4)
        column.addWidget(stays)
        column.addSpacing(4)
        column.addWidget(self._state)
        return column

    def _build_buttons(self) -> QLabel:
        """Create both buttons, and return the label with the path of the second button's folder."""
        self._choose = QPushButton(tr("Choose a folder…"), self)
        self._choose.setDefault(True)
        self._choose.setMinimumWidth(280)
        self._choose.setToolTip(tr("Choose a folder of pictures (Ctrl+O)"))
        self._choose.clicked.connect(self._open_dialog)
        self._own = QPushButton(tr("Add my Pictures folder"), self)
        self._own.setMinimumWidth(280)
        self._own.clicked.connect(self._add_own)
        path = QDir.toNativeSeparators(str(self._pictures or ""))
        where = ElidedLabel(path, self)
        where.setForegroundRole(where.foregroundRole().PlaceholderText)
        where.setMaximumWidth(_WIDTH)
        self._own.setAccessibleDescription(path)
        for widget in (self._own, where):
            widget.setVisible(self._pictures is not None)
        return where

    def minimumSizeHint(self) -> QSize:
        size = super().minimumSizeHint()
        # The drawing is hidden if there is not enough room.
        drawn = 0 if self._picture.isHidden() else self._picture.minimumSizeHint().height()
        return QSize(size.width(), size.height() - drawn)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # The texts and buttons take precedence over the drawing.
        self._picture.setVisible(event.size().height() >= _HEIGHT_FOR_PICTURE)

    def _show_state(self) -> None:
        engine, model = self._client.engine, self._client.model
        if engine.state in (EngineState.RESTARTING, EngineState.BROKEN):
            words = engine.message
        elif engine.state is EngineState.STARTING:
            words = tr("Getting ready…")
        elif model is not None and model.state is ModelState.LOADING:
            words = tr("Loading the model…")
        else:
            words = ""
        self._state.setText(words)

    def _open_dialog(self) -> None:
        if self._dialog is None:
            # Reused for the life of the page, because PySide 6.12 crashes if a file dialog is deleted as it closes.
            self._dialog = QFileDialog(self, tr("Choose a folder of pictures"))
            self._dialog.setDirectory(str(self._pictures or Path.home()))
            self._dialog.setFileMode(QFileDialog.FileMode.Directory)
            self._dialog.setOption(QFileDialog.Option.ShowDirsOnly)
            self._dialog.fileSelected.connect(self._on_chosen)
        self._dialog.open()

    def _on_chosen(self, path: str) -> None:
        self.folders_chosen.emit([Path(path)])

    def _add_own(self) -> None:
        self.folders_chosen.emit([self._pictures])


def _pictures_folder() -> Path | None:
    """Return the user's Pictures folder, or None if there is none."""
    path = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
    # If the system defines no such folder, Qt returns the home folder, which is too large to offer.
    return Path(path) if path and Path(path) != Path.home() and QDir(path).exists() else None
