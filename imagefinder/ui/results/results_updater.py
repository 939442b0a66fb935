"""Updates of shown results that keep the scroll position and the selection."""

from dataclasses import replace

from PySide6.QtCore import QItemSelection, QItemSelectionModel
from PySide6.QtWidgets import QListView

from imagefinder.ipc.messages import Hits
from imagefinder.ui.results.results_model import ResultsModel


class ResultsUpdater:
    """Shows answers in a grid of results, keeping the scroll position, the selection and the current item."""

    def __init__(self, model: ResultsModel, view: QListView) -> None:
        self._model = model
        self._view = view
        self._has_rest = False

    @property
    def has_rest(self) -> bool:
        """Whether all other hits are shown and possible matches were left out."""
        return self._has_rest and not self._model.has_more

    @property
    def is_in_use(self) -> bool:
        """Whether the user has scrolled down, selected a result, or is pointing at the results."""
        is_pointed_at = self._view.isVisible() and self._view.viewport().underMouse()
        return bool(is_pointed_at or self._view.verticalScrollBar().value() or self._view.selectedIndexes())

    def begin(self, hits: Hits) -> None:
        """Show the first hits of a new query, from the top."""
        self._model.reset(hits.hits, hits.has_more)
        self._view.scrollToTop()
        self._note_end(hits)

    def extend(self, hits: Hits) -> None:
        """Append the next hits."""
        self._model.append(hits.hits, hits.has_more)
        self._note_end(hits)

    def update(self, hits: Hits) -> bool:
        """Show a new answer to the same query.

        Returns:
            Whether the results were replaced; False if those shown begin with the same hits.
        """
        if self._shows(hits):
            if len(hits.hits) == self._model.rowCount() and not self._model.has_more:
                # The hits are the same, but has_more or has_rest may have changed.
                self.extend(replace(hits, hits=()))
            return False
        self._replace(hits)
        self._note_end(hits)
        return True

    def unfold(self, hits: Hits) -> bool:
        """Append the possible matches to the hits shown.

        Args:
            hits: The answer with possible matches, which begins with the hits shown.

        Returns:
            Whether the results had to be replaced instead, because the library has changed meanwhile.
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
        # Possible matches follow the last of the other hits, so they are offered only after that.
        self._has_rest = hits.has_rest and not hits.has_more

    def _shows(self, hits: Hits) -> bool:
        """Whether the results shown are, or begin with, exactly these hits."""
        count = self._model.rowCount()
        if len(hits.hits) > count or (len(hits.hits) < count and not hits.has_more):
            return False
        return all(self._model.hit(row) == hit for row, hit in enumerate(hits.hits))

    def _replace(self, hits: Hits) -> None:
        """Show other hits; keep the scroll position, and the selected and current items that are among them."""
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
