"""Confirmation before online-only files are read, which downloads them."""

from PySide6.QtWidgets import QPushButton, QWidget

from imagefinder.domain.sources import SourceStatus
from imagefinder.translation import tr
from imagefinder.ui.formatting import grouped
from imagefinder.ui.library.confirmation_bar import ConfirmationBar


class CloudDownloadBar(ConfirmationBar):
    """Asks whether to read the online-only files of one or more sources."""

    def __init__(self, parent: QWidget | None = None) -> None:
        read = QPushButton(tr("Download", "files in the cloud"))
        read.setAccessibleName(tr("Download and index the files in the cloud"))
        leave = QPushButton(tr("Not now"))
        leave.setAccessibleName(tr("Not now, leave them in the cloud"))
        leave.setToolTip(tr("Leave them in the cloud (Esc)"))
        note = tr("Your cloud app downloads the files. This takes time and disk space.")
        super().__init__(read, leave, note, parent)

    def ask(self, *sources: SourceStatus) -> None:
        """Show the question for one or more sources."""
        count = sum(each.in_the_cloud for each in sources)
        question = tr("Download and index {count} file(s) in the cloud?", "", count, count=grouped(count))
        self._show(question, [each.source.path for each in sources])
