"""Putting other results under the user's eyes without moving what they look at."""

from collections.abc import Sequence

from PySide6.QtCore import QItemSelection, QItemSelectionModel
from PySide6.QtWidgets import QListView

from imagefinder.model.queries import Hit
from imagefinder.ui.results_model import ResultsModel


class ResultsPlace:
    """Where a user is in a grid of results: how far down, and what is selected."""

    def __init__(self, model: ResultsModel, view: QListView) -> None:
        self._model = model
        self._view = view

    def shows(self, hits: Sequence[Hit], has_more: bool) -> bool:
        """Whether these very hits are what is shown already, at the beginning at least."""
        count = self._model.rowCount()
        if len(hits) > count or (len(hits) < count and not has_more):
            return False
        return all(self._model.hit(row) == hit for row, hit in enumerate(hits))

    def replace(self, hits: Sequence[Hit], has_more: bool) -> None:
        """Show these hits; what was selected stays selected where it is among them, and nothing scrolls."""
        selected = {self._model.hit(index.row()).item_id for index in self._view.selectedIndexes()}
        current = self._view.currentIndex()
        current_id = self._model.hit(current.row()).item_id if current.isValid() else 0
        bar = self._view.verticalScrollBar()
        position = bar.value()
        self._model.reset(hits, has_more)
        self._view.doItemsLayout()
        selection = QItemSelection()
        for row, hit in enumerate(hits):
            index = self._model.index(row, 0)
            if hit.item_id in selected:
                selection.select(index, index)
            if hit.item_id == current_id:
                no_update = QItemSelectionModel.SelectionFlag.NoUpdate
                self._view.selectionModel().setCurrentIndex(index, no_update)
        self._view.selectionModel().select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        bar.setValue(position)
