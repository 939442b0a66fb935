"""Drops on a search pane: pictures to search by, folders to add to the library, and words."""

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
    """Handles the drag-and-drop events of a pane."""

    def __init__(
        self,
        pane: QWidget,
        bar: QueryBar,
        view: ResultsView,
        overlay: DropOverlay,
        ask: Callable[[], None],
    ) -> None:
        """Create the handler.

        Args:
            pane: The pane that receives the events.
            bar: The pane's query bar.
            view: The pane's results.
            overlay: Shows what a drop would do.
            ask: Starts a search with the current content of the bar.
        """
        self._pane = pane
        self._bar = bar
        self._view = view
        self._overlay = overlay
        self._ask = ask
        self._promise = ""

    def enter(self, event: QDragEnterEvent) -> None:
        """Handle a drag that enters the pane."""
        if may_hold_pictures(event.mimeData()) or event.mimeData().hasText():
            self._promise = self._promise_of(event)
            self.hover(event)
            # Accept at any position: after a refusal, Qt sends no further events here and offers the drag to the
            # window behind.
            event.accept()
        else:
            event.ignore()

    def _promise_of(self, event: QDropEvent) -> str:
        """Return a text that says what a drop would do."""
        if hits := self._dragged_hits(event):
            return tr("Search by these %n picture(s)", "", len(hits))
        # Paths are judged by their names alone: a disk that is asleep would block the drag.
        paths = local_paths(event.mimeData())
        files = [path for path in paths if path.suffix]
        if paths and not files:
            return tr("Add to library")
        if len(files) < len(paths):
            return tr("Search by the pictures, and add the folders to the library")
        if all(extension_of(path) in EXTENSIONS for path in files):
            # Data that does not come from a file is one picture.
            return tr("Search by these %n picture(s)", "", max(1, len(files)))
        return tr("Search by these %n file(s)", "", len(files))

    def hover(self, event: QDragMoveEvent) -> None:
        """Handle a drag that moves within the pane: show what a drop would do."""
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
        """Handle a drop."""
        self._overlay.hide()
        if not self._takes(event):
            event.ignore()
            return
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        # Typing and pasting continue in the pane of the last drop.
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
        """Whether a drop at this position is accepted.

        Results of this pane are accepted on its query bar only: a drop over the grid they come from is more likely an
        abandoned drag.
        """
        source = event.source()
        is_own = isinstance(source, QWidget) and self._view.isAncestorOf(source)
        return self._is_over_bar(event) or not (is_own or source is self._view)

    def _is_over_bar(self, event: QDropEvent) -> bool:
        return self._bar.geometry().contains(event.position().toPoint())

    @staticmethod
    def _dragged_hits(event: QDropEvent) -> list[Hit]:
        """Return the results dragged from a pane. Unlike their files, they identify single pages of a PDF."""
        source = event.source()
        return source.chosen() if isinstance(source, ResultsView) else []
