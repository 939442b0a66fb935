"""About dialog with version, licence and the libraries used."""

import platform

from PySide6 import __version__ as qt_version
from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPalette
from PySide6.QtWidgets import QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from imagefinder import __version__
from imagefinder.translation import tr
from imagefinder.ui.widgets.fitting_dialog import FittingDialog


class AboutDialog(FittingDialog):
    """Dialog about the program, opened from the Help menu."""

    def __init__(self, picture: QIcon, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(tr("About imagefinder"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(32, 24, 32, 16)
        layout.setSpacing(8)
        image = QLabel(self)
        image.setPixmap(picture.pixmap(QSize(72, 72), self.devicePixelRatio()))
        image.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        name = QLabel("imagefinder", self)
        font = name.font()
        font.setPointSizeF(font.pointSizeF() * 1.6)
        font.setBold(True)
        name.setFont(font)
        name.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(image)
        layout.addWidget(name)
        layout.addWidget(self._line(tr("Version {version}", version=__version__)))
        layout.addSpacing(8)
        layout.addWidget(
            self._line(tr("Finds your own pictures and PDF pages by words or by another picture."))
        )
        layout.addWidget(self._line(tr("Everything stays on this computer.")))
        layout.addSpacing(8)
        made = tr(
            "Free software under the GNU Affero General Public License, version 3 or later, without any "
            "warranty. Built with open_clip, PyTorch, hnswlib, SQLite, MuPDF, Pillow, Qt and Lucide icons."
        )
        layout.addWidget(self._line(made, is_quiet=True))
        versions = f"Python {platform.python_version()} · Qt {qt_version} · {platform.platform(terse=True)}"
        layout.addWidget(self._line(versions, is_quiet=True))
        layout.addSpacing(8)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        buttons.rejected.connect(self.reject)
        layout.addWidget(buttons)
        self.setFixedWidth(440)

    def _line(self, text: str, *, is_quiet: bool = False) -> QLabel:
        label = QLabel(text, self)
        label.setWordWrap(True)
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if is_quiet:
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        return label
