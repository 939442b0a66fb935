"""Handle drops on a search pane: pictures to search by, folders for the library, words."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QDragEnterEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QWidget

from imagefinder.domain.image_signatures import EXTENSIONS, extension_of
from imagefinder.domain.queries import Hit
from imagefinder.translation import tr
from imagefinder.ui.dragdrop.drop_overlay import DropOverlay
from imagefinder.ui.dragdrop.mime_parser import local_paths, may_hold_pictures, read_mime
from imagefinder.ui.query.query_bar import QueryBar
from imagefinder.ui.query.search_state import PictureTerm
from imagefinder.ui.results.results_view import ResultsView


class DropHandler:
    """Takes the drag events of a pane."""

    def __init__(
        self,
        pane: QWidget,
        bar: QueryBar,
        view: ResultsView,
        overlay: DropOverlay,
        ask: Callable[[], None],
    ) -> None:
        """``ask`` searches by what the bar has then."""
        self._pane = pane
        self._bar = bar
        self._view = view
        self._overlay = overlay
        self._ask = ask
        self._promise = ""

    def enter(self, event: QDragEnterEvent) -> None:
        """Something is dragged into the pane."""
        if may_hold_pictures(event.mimeData()) or event.mimeData().hasText():
            self._promise = self._promise_of(event)
            self.hover(event)
            # Wherever it comes in: Qt does not ask again further on, but would turn to the window behind for good.
            event.accept()
        else:
            event.ignore()

    def _promise_of(self, event: QDropEvent) -> str:
        """What letting go would do with all that is dragged."""
        if hits := self._dragged_hits(event):
            return tr("Search by these %n picture(s)", "", len(hits))
        # By names alone: a disk that sleeps would hold up the drag.
        paths = local_paths(event.mimeData())
        files = [path for path in paths if path.suffix]
        if paths and not files:
            return tr("Add to the library")
        if len(files) < len(paths):
            return tr("Search by the pictures, and add the folders to the library")
        if all(extension_of(path) in EXTENSIONS for path in files):
            # What comes without a file is one picture.
            return tr("Search by these %n picture(s)", "", max(1, len(files)))
        return tr("Search by these %n file(s)", "", len(files))

    def hover(self, event: QDragMoveEvent) -> None:
        """It is dragged about: show what letting go would do."""
        if not self._takes(event):
            event.ignore()
            self._overlay.hide()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        if not may_hold_pictures(event.mimeData()):
            self._overlay.cover(self._bar.geometry())
        elif self._is_over_bar(event) and self._bar.terms():
            self._overlay.cover(self._bar.geometry().adjusted(-4, -4, 4, 4), "")
        else:
            self._overlay.cover(self._pane.rect(), self._promise)

    def take(self, event: QDropEvent) -> None:
        """It is let go."""
        self._overlay.hide()
        if not self._takes(event):
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        # The keys, and what is pasted, go where something was dropped last.
        self._bar.setFocus()
        mime = event.mimeData()
        is_added = self._is_over_bar(event)
        hits = self._dragged_hits(event)
        if hits:
            self._take_terms([PictureTerm.of_hit(hit) for hit in hits], is_added=is_added)
        elif may_hold_pictures(mime):
            self._bar.take(read_mime(mime), instead=not is_added)
        else:
            self._bar.insert_text(mime.text())

    def _take_terms(self, terms: Sequence[PictureTerm], *, is_added: bool) -> None:
        if not is_added:
            self._bar.set_terms(())
        self._bar.add_terms(terms)
        self._ask()

    def _takes(self, event: QDropEvent) -> bool:
        """Own results are dropped on the bar only: let go over the grid, they were perhaps not meant to go far."""
        source = event.source()
        is_own = isinstance(source, QWidget) and self._view.isAncestorOf(source)
        return self._is_over_bar(event) or not (is_own or source is self._view)

    def _is_over_bar(self, event: QDropEvent) -> bool:
        return self._bar.geometry().contains(event.position().toPoint())

    @staticmethod
    def _dragged_hits(event: QDropEvent) -> list[Hit]:
        """Results dragged from a pane: a page of a PDF is meant then, not its file."""
        source = event.source()
        return source.chosen() if isinstance(source, ResultsView) else []
