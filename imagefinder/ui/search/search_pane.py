"""Search pane: query bar, results and status."""

from collections.abc import Collection, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QKeySequence,
    QShortcut,
)
from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from imagefinder.domain.queries import Hit
from imagefinder.ipc.messages import Hits, JobChanged, LibraryChanged, ModelChanged, ModelState
from imagefinder.translation import tr
from imagefinder.ui.dragdrop.drop_cache import DropCache
from imagefinder.ui.dragdrop.drop_overlay import DropOverlay
from imagefinder.ui.dragdrop.link_fetcher import LinkFetcher
from imagefinder.ui.formatting import short_title
from imagefinder.ui.query.query_bar import QueryBar
from imagefinder.ui.query.search_state import PaneState, PictureTerm
from imagefinder.ui.results.results_model import ResultsModel
from imagefinder.ui.results.results_updater import ResultsUpdater
from imagefinder.ui.results.results_view import ResultsView
from imagefinder.ui.search.drop_handler import DropHandler
from imagefinder.ui.search.empty_state import EmptyState, PaneMessage
from imagefinder.ui.search.hide_controller import HideController
from imagefinder.ui.search.pane_status import PaneStatus
from imagefinder.ui.search.results_toolbar import ResultsToolbar
from imagefinder.ui.search.search_session import SearchSession
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineClient, EngineState
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader


class SearchPane(QWidget):
    """One search: a query bar above a grid of results. Pictures can be dropped anywhere on the pane."""

    preview_requested = Signal(object, int, str)  # ResultsModel, row, the query's words
    new_pane_requested = Signal(object)  # PaneState
    split_requested = Signal(object)  # PaneState of the pane to open beside this one
    folders_dropped = Signal(list)  # list[Path]
    hidden_changed = Signal(object, bool)
    """Items (tuple[int, ...]) were hidden here (True) or shown again (False), so other panes must be updated."""
    title_changed = Signal(str)
    notice = Signal(str)
    problem = Signal(str)
    """A user's request failed; one sentence."""
    models_wanted = Signal()
    """The user wants to choose another model."""
    folder_wanted = Signal()
    """The user wants to add a folder to the library."""

    def __init__(
        self,
        client: EngineClient,
        pane_id: int,
        thumbnails: ThumbnailLoader,
        dropped: DropCache,
        fetcher: LinkFetcher,
        desktop: Desktop,
        parent: QWidget | None = None,
    ) -> None:
        """Create an empty pane.

        Args:
            client: The engine client.
            pane_id: Identifies the pane in messages to the engine.
            thumbnails: Loads the thumbnails.
            dropped: Stores pictures that are dropped as data.
            fetcher: Downloads pictures that are dropped as links.
            desktop: Opens and shows files.
            parent: The parent widget.
        """
        super().__init__(parent)
        self.pane_id = pane_id
        self.bar = QueryBar(thumbnails, dropped, fetcher, self)
        self.tools = ResultsToolbar(self)
        self.model = ResultsModel(self)
        self.view = ResultsView(self.model, thumbnails, desktop, self)
        self.message = PaneMessage(self)
        self._empty_state = EmptyState(client, self.message)
        self.search = SearchSession(client, pane_id, self)
        self._client = client
        self._updater = ResultsUpdater(self.model, self.view)
        self._title = ""
        self.search.may_replace = lambda: not self._updater.is_in_use
        self._hide_controller = HideController(client, self)
        self._status = PaneStatus(self)
        self._stack = QStackedWidget(self)
        self._stack.addWidget(self.message)
        self._stack.addWidget(self.view)
        self._overlay = DropOverlay(self)
        self._drop_handler = DropHandler(self, self.bar, self.view, self._overlay, self._ask)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 8, 12, 8)
        column.setSpacing(8)
        column.addWidget(self.bar)
        column.addWidget(self.tools)
        column.addWidget(self._stack, 1)
        column.addWidget(self._status)
        self.setAcceptDrops(True)
        self._connect()
        paste = QShortcut(QKeySequence(QKeySequence.StandardKey.Paste), self)
        paste.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        paste.activated.connect(self.bar.paste)
        self.tools.set_in_use(False)
        self._show_extensions()
        self._show_empty()

    def _connect(self) -> None:
        self.bar.changed.connect(self._ask)
        self.bar.folders_dropped.connect(self.folders_dropped)
        self.bar.problem.connect(self.problem)
        self.bar.left_downwards.connect(self._enter_results)
        self.tools.sort_chosen.connect(self._ask)
        self.tools.hidden_toggled.connect(self._ask)
        self.tools.cell_size_chosen.connect(self.view.set_cell_size)
        self.tools.split_wanted.connect(lambda: self.split_requested.emit(PaneState()))
        self.model.more_wanted.connect(lambda offset: self.search.more(offset, self.model.rowCount()))
        self.view.preview_requested.connect(self._preview)
        self.view.similar_requested.connect(self.find_similar)
        self.view.new_pane_requested.connect(self._open_pane)
        self.view.hide_requested.connect(self._hide)
        self.view.notice.connect(self.notice)
        self.view.problem.connect(self.problem)
        self.view.cell_size_changed.connect(self.tools.set_cell_size)
        self.message.example_chosen.connect(self._try_example)
        self.message.action_wanted.connect(self.models_wanted)
        self.message.folder_wanted.connect(self.folder_wanted)
        for widget in (self.message, self.view):
            widget.rest_wanted.connect(self.search.ask_rest)
        self._status.action_wanted.connect(self._ask)
        self.search.answered.connect(self._show_hits)
        self.search.extended.connect(self._show_more)
        self.search.failed.connect(self._show_failure)
        self.search.page_failed.connect(self._show_page_failure)
        self.search.unfolded.connect(self._show_rest)
        self.search.rest_failed.connect(self.problem)
        self.search.outdated.connect(self._show_state)
        self._hide_controller.failed.connect(self._show_hiding_failure)
        self.search.slow.connect(self._show_searching)
        self._client.library_changed.connect(self._library_changed)
        self._client.model_changed.connect(self._model_changed)
        self._client.job_changed.connect(self._job_changed)

    @property
    def title(self) -> str:
        """Short title of the pane, for its tab."""
        return self.state().title

    @property
    def status_text(self) -> str:
        """The text of the status line below the results."""
        return self._status.text

    def state(self) -> PaneState:
        """Return the query and the settings of the pane."""
        return PaneState(
            self.bar.terms(),
            self.bar.text(),
            self.tools.sort,
            self.tools.cell_size,
            self.tools.include_hidden,
        )

    def restore(self, state: PaneState) -> None:
        """Set the query and the settings, and search."""
        self.bar.set_terms(state.terms)
        self.bar.set_text(state.text)
        self.tools.set_sort(state.sort)
        self.tools.set_cell_size(state.cell_size)
        self.view.set_cell_size(state.cell_size)
        self.tools.set_include_hidden(state.include_hidden)
        self._ask()

    def focus_query(self) -> None:
        """Focus the words of the query, and select all of them."""
        self.bar.focus_words()

    def find_similar(self, hit: Hit) -> None:
        """Replace the query by a search for items similar to a result."""
        self.bar.set_terms([PictureTerm.of_hit(hit)])
        self.bar.set_text("")
        self._ask()

    def zoom(self, step: int) -> None:
        """Enlarge the thumbnails by a number of steps (reduce them, if negative)."""
        self.tools.zoom(step)

    def show_hidden(self, is_on: bool) -> None:
        """Set whether hidden pictures are included in the results."""
        self.tools.choose_hidden(is_on)

    def note_hidden(self, item_ids: Collection[int], is_hidden: bool) -> None:
        """Update the results after items were hidden or shown again, here or in another pane."""
        if is_hidden and not self.tools.include_hidden:
            self.model.remove(item_ids)
            self._show_state()
            self.search.ask_after_answer()
        else:
            self.search.ask_again()

    def close_pane(self) -> None:
        """Stop all requests, and let the engine discard the pane's results."""
        self.bar.stop()
        self.search.stop()

    def _ask(self) -> None:
        state = self.state()
        self.tools.set_in_use(not state.is_empty)
        if state.title != self._title:
            self._title = state.title
            self.title_changed.emit(state.title)
        if state.is_empty:
            self.search.stop()
            self.model.clear()
            self._show_empty()
        else:
            self.search.ask(state.query(), state.sort)

    def _show_hits(self, hits: Hits, is_update: bool) -> None:
        if not is_update:
            self._updater.begin(hits)
        elif self._updater.update(hits):
            self.search.forget_page()
        self._show_state()

    def _show_more(self, hits: Hits) -> None:
        self._updater.extend(hits)
        self._show_state()

    def _show_rest(self, hits: Hits) -> None:
        if self._updater.unfold(hits):
            self.search.forget_page()
        was_in_message = self.message.has_focus
        self._show_state()
        if was_in_message:
            self._enter_results()

    def _show_page_failure(self, problem: str) -> None:
        self.problem.emit(problem)
        # Scrolling further requests the page again.
        self.model.append((), has_more=True)

    def _show_state(self) -> None:
        """Show the results, or why there are none, and update the toolbar and the status line."""
        hits = self.search.latest
        if hits is None:
            return
        count = self.model.rowCount()
        has_more = self.model.canFetchMore(self.view.rootIndex())
        found = self.model.found_count
        if found == count:
            self.tools.show_count(count, has_more, hits.model)
        else:
            self.tools.show_count(found, False, hits.model, has_possible=True)
        self.view.set_sort(self.tools.sort)
        self.view.offer_rest(bool(count) and self._updater.has_rest)
        if count:
            self._stack.setCurrentWidget(self.view)
        else:
            self._empty_state.say_nothing_found(
                is_partial=hits.is_partial,
                are_hidden_shown=self.tools.include_hidden,
                has_rest=self._updater.has_rest,
                words=self.bar.text().strip(),
                note=hits.note,
            )
            self._stack.setCurrentWidget(self.message)
        if hits.is_partial:
            self._status.say(
                tr("The model is still loading. Until then, only file names and page text are searched.")
                if self.bar.text().strip()
                else tr("The model is still loading")
            )
        elif self.search.is_of_another_model:
            assert self._client.model is not None
            self._status.say(
                tr("Found by {model}", "a model", model=short_title(hits.model)),
                tr("Search with {model}", "another model", model=short_title(self._client.model.name)),
            )
        else:
            # If there are no results, the note is in the message that replaces them.
            self._status.say(hits.note if count else "")

    def _show_empty(self) -> None:
        self.tools.show_count(0, has_more=False)
        self._status.say("")
        self._empty_state.invite()
        self._stack.setCurrentWidget(self.message)

    def _show_searching(self) -> None:
        self._status.say("" if self._client.engine.state is EngineState.BROKEN else tr("Searching…"))
        if not self.model.rowCount():
            self._empty_state.say_searching()
            self._stack.setCurrentWidget(self.message)

    def _show_failure(self, problem: str) -> None:
        self.model.clear()
        self.tools.show_count(0, has_more=False)
        self._status.say("")
        self._empty_state.say_failed(problem)
        self._stack.setCurrentWidget(self.message)

    def _try_example(self, words: str) -> None:
        self.bar.set_text(words)
        self.bar.setFocus()
        self._ask()

    def _preview(self, row: int) -> None:
        self.preview_requested.emit(self.model, row, self.bar.text().strip())

    def _open_pane(self, hits: Sequence[Hit]) -> None:
        terms = tuple(PictureTerm.of_hit(hit) for hit in hits)
        size = self.tools.cell_size
        self.new_pane_requested.emit(PaneState(terms, cell_size=size))

    def _hide(self, hits: Sequence[Hit], is_hidden: bool) -> None:
        ids = tuple(hit.item_id for hit in hits)
        self._hide_controller.ask(ids, is_hidden)
        self.note_hidden(ids, is_hidden)
        if is_hidden and not self.tools.include_hidden:
            self.notice.emit(
                tr("%n picture(s) hidden. To show them again, use the menu above the results.", "", len(ids))
            )
        self.hidden_changed.emit(ids, is_hidden)

    def _show_hiding_failure(self, problem: str) -> None:
        self.problem.emit(problem)
        # Search again to restore what was removed from the results.
        self.search.ask_again()

    def _enter_results(self) -> None:
        if self.model.rowCount():
            if not self.view.currentIndex().isValid():
                self.view.setCurrentIndex(self.model.index(0, 0))
            self.view.setFocus(Qt.FocusReason.TabFocusReason)

    def _library_changed(self, _change: LibraryChanged) -> None:
        self._show_extensions()
        if self.state().is_empty:
            self._show_empty()

    def _model_changed(self, change: ModelChanged) -> None:
        if change.state is ModelState.FAILED and self.search.latest is not None:
            self._status.say(change.error)
        if self.state().is_empty:
            self._show_empty()

    def _job_changed(self, _job: JobChanged) -> None:
        # The message about an empty library depends on the state of the job.
        if self._empty_state.is_library_empty and not self.search.is_waiting:
            if self.state().is_empty:
                self._show_empty()
            else:
                self._show_state()

    def _show_extensions(self) -> None:
        if self._client.library is not None:
            self.bar.extensions = self._client.library.extensions

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._drop_handler.enter(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._drop_handler.hover(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self._overlay.hide()

    def dropEvent(self, event: QDropEvent) -> None:
        self._drop_handler.take(event)
