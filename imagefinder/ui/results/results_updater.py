"""Replace shown results without moving what the user looks at."""

from dataclasses import replace

from PySide6.QtCore import QItemSelection, QItemSelectionModel
from PySide6.QtWidgets import QListView

from imagefinder.ipc.messages import Hits
from imagefinder.ui.results.results_model import ResultsModel


class ResultsUpdater:
    """Where a user is in a grid of results: how far down, and what is selected."""

    def __init__(self, model: ResultsModel, view: QListView) -> None:
        self._model = model
        self._view = view
        self._has_rest = False

    @property
    def has_rest(self) -> bool:
        """Whether all relevant hits are shown, and there are others that were left out."""
        return self._has_rest and not self._model.has_more

    @property
    def is_in_use(self) -> bool:
        """Whether the user has a hand on what is shown: scrolled down, selected something, or points at it."""
        is_pointed_at = self._view.isVisible() and self._view.viewport().underMouse()
        return bool(is_pointed_at or self._view.verticalScrollBar().value() or self._view.selectedIndexes())

    def begin(self, hits: Hits) -> None:
        """Show the first hits of another question."""
        self._model.reset(hits.hits, hits.has_more)
        self._view.scrollToTop()
        self._note_end(hits)

    def extend(self, hits: Hits) -> None:
        """Show the next hits."""
        self._model.append(hits.hits, hits.has_more)
        self._note_end(hits)

    def update(self, hits: Hits) -> bool:
        """Show how the hits are by now; returns whether others than the first of those shown had to be put there."""
        if self._shows(hits):
            if len(hits.hits) == self._model.rowCount() and not self._model.has_more:
                # By now there may be more after them, or something that is left out.
                self.extend(replace(hits, hits=()))
            return False
        self._replace(hits)
        self._note_end(hits)
        return True

    def unfold(self, hits: Hits) -> bool:
        """Show after the hits that are shown what was left out; ``hits`` begins with them.

        Returns whether they had to be replaced after all, because the library has changed meanwhile.
        """
        count = self._model.rowCount()
        if any(self._model.hit(row).item_id != hit.item_id for row, hit in enumerate(hits.hits[:count])):
            self._replace(hits)
            self._note_end(hits)
            return True
        has_more = hits.has_more or count > len(hits.hits)
        self._model.append(hits.hits[count:], has_more)
        self._note_end(hits)
        return False

    def _note_end(self, hits: Hits) -> None:
        # Only who has come to the end knows what was left out there.
        self._has_rest = hits.has_rest and not hits.has_more

    def _shows(self, hits: Hits) -> bool:
        """Whether these very hits are what is shown already, at the beginning at least."""
        count = self._model.rowCount()
        if len(hits.hits) > count or (len(hits.hits) < count and not hits.has_more):
            return False
        return all(self._model.hit(row) == hit for row, hit in enumerate(hits.hits))

    def _replace(self, hits: Hits) -> None:
        """Show these hits; what was selected stays selected where it is among them, and nothing scrolls."""
        selected = {self._model.hit(index.row()).item_id for index in self._view.selectedIndexes()}
        current = self._view.currentIndex()
        current_id = self._model.hit(current.row()).item_id if current.isValid() else 0
        bar = self._view.verticalScrollBar()
        position = bar.value()
        self._model.reset(hits.hits, hits.has_more)
        self._view.doItemsLayout()
        selection = QItemSelection()
        for row, hit in enumerate(hits.hits):
            index = self._model.index(row, 0)
            if hit.item_id in selected:
                selection.select(index, index)
            if hit.item_id == current_id:
                no_update = QItemSelectionModel.SelectionFlag.NoUpdate
                self._view.selectionModel().setCurrentIndex(index, no_update)
        self._view.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        bar.setValue(position)
