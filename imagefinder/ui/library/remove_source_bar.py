"""Confirmation before sources are removed from the library."""

from collections.abc import Sequence

from PySide6.QtWidgets import QPushButton, QWidget

from imagefinder.domain.sources import Source, SourceKind
from imagefinder.translation import tr
from imagefinder.ui.formatting import grouped, short_name
from imagefinder.ui.library.confirmation_bar import ConfirmationBar


class RemoveSourceBar(ConfirmationBar):
    """Asks whether to remove one or more sources from the library."""

    def __init__(self, parent: QWidget | None = None) -> None:
        forget = QPushButton(tr("Remove"))
        forget.setAccessibleName(tr("Remove from the library; the files stay on disk"))
        keep = QPushButton(tr("Keep"))
        keep.setAccessibleName(tr("Keep it in the library"))
        keep.setToolTip(tr("Keep it in the library (Esc)"))
        super().__init__(forget, keep, tr("The files stay on disk."), parent)

    def ask(self, *sources: Source) -> None:
        """Show the question for one or more sources."""
        self._show(_question(sources), [source.path for source in sources])


def _question(sources: Sequence[Source]) -> str:
    kinds, count = {source.kind for source in sources}, len(sources)
    if count == 1:
        name = short_name(sources[0].path)
        is_folder = SourceKind.FOLDER in kinds
        return (
            tr("Remove the folder “{name}” from the library?", name=name)
            if is_folder
            else tr("Remove “{name}” from the library?", name=name)
        )
    if kinds == {SourceKind.FOLDER}:
        return tr("Remove {count} folder(s) from the library?", "", count, count=grouped(count))
    if kinds == {SourceKind.FILE}:
        return tr("Remove {count} file(s) from the library?", "", count, count=grouped(count))
    return tr("Remove {count} folders and files from the library?", count=grouped(count))
