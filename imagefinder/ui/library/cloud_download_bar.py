"""Confirmation before online-only files are read, which downloads them."""

from PySide6.QtWidgets import QPushButton, QWidget

from imagefinder.domain.sources import SourceStatus
from imagefinder.translation import tr
from imagefinder.ui.formatting import grouped
from imagefinder.ui.library.confirmation_bar import ConfirmationBar


class CloudDownloadBar(ConfirmationBar):
    """Asks whether to read the online-only files of one or more sources."""

    def __init__(self, parent: QWidget | None = None) -> None:
        read = QPushButton(tr("Read them", "files in the cloud"))
        read.setAccessibleName(tr("Read them; this downloads the files that are in the cloud"))
        leave = QPushButton(tr("Not now"))
        leave.setAccessibleName(tr("Not now; leave them in the cloud"))
        leave.setToolTip(tr("Leave them in the cloud (Esc)"))
        note = tr("The cloud's own program downloads them. That takes time, and room on this disk.")
        super().__init__(read, leave, note, parent)

    def ask(self, *sources: SourceStatus) -> None:
        """Show the question for one or more sources."""
        count = sum(each.in_the_cloud for each in sources)
        question = tr("Read {count} file(s) that are in the cloud?", "", count, count=grouped(count))
        self._show(question, [each.source.path for each in sources])
