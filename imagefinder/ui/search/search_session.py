"""Search requests of one pane to the engine."""

from collections.abc import Callable
from dataclasses import replace
from enum import Enum, auto

from PySide6.QtCore import QObject, QTimer, Signal

from imagefinder.domain.queries import Query, Sort
from imagefinder.ipc.messages import (
    ClosePane,
    Hits,
    LibraryChanged,
    ModelChanged,
    ModelState,
    MoreHits,
    Search,
)
from imagefinder.ui.services.engine_client import EngineClient, EngineState, EngineStatus

PAGE = 200
"""Number of hits requested at a time."""
_MOST_REFRESHED = 1000
"""Results are not refreshed automatically once the user has scrolled past this many."""
_REFRESH_MS = 3000
_SLOW_MS = 300


class _Awaited(Enum):
    """Kind of the answer that is pending."""

    NOTHING = auto()
    ANSWER = auto()
    """Answer to a query of the user."""
    UPDATE = auto()
    """Answer to the same query, repeated in the background."""
    REST = auto()
    """Answer to the same query, with the possible matches."""


def _always() -> bool:
    return True


class SearchSession(QObject):
    """Sends one pane's search requests, and discards answers to superseded queries."""

    answered = Signal(object, bool)
    """First hits (Hits), and whether they are an update: the answer to a query that was repeated in the background."""
    unfolded = Signal(object)
    """First hits (Hits) including the possible matches, which follow the other hits."""
    extended = Signal(object)
    """Next hits (Hits)."""
    failed = Signal(str)
    """The user's query failed; one sentence."""
    page_failed = Signal(str)
    """The next hits could not be fetched; one sentence."""
    rest_failed = Signal(str)
    """The possible matches could not be fetched; one sentence."""
    outdated = Signal()
    """The results shown were found by another model than the one in use now, and are not replaced."""
    slow = Signal()
    """The answer is slow enough to show a waiting message."""

    def __init__(self, client: EngineClient, pane: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latest: Hits | None = None
        """First hits of the last answer; None before the first one and after ``stop``."""
        self._client = client
        self._pane = pane
        self._question: tuple[Query, Sort] | None = None
        self._request = 0
        self._awaited = _Awaited.NOTHING
        self.may_replace: Callable[[], bool] = _always
        """Returns whether results of another model may replace those shown without a request by the user."""
        self._is_outdated = False
        """Whether something has changed since the pending request, which must be repeated after its answer."""
        self._offset: int | None = None
        """Offset of the last page requested and not yet received; None if there is none."""
        self._shown = 0
        self._was_running = client.engine.state is EngineState.RUNNING
        self._slow_timer = self._timer(_SLOW_MS)
        self._slow_timer.timeout.connect(self.slow)
        self._refresh_timer = self._timer(_REFRESH_MS)
        self._refresh_timer.timeout.connect(self._refresh)
        client.hits_received.connect(self._on_hits)
        client.model_changed.connect(self._on_model_changed)
        client.library_changed.connect(self._on_library_changed)
        client.engine_changed.connect(self._on_engine_changed)

    def _timer(self, milliseconds: int) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        return timer

    @property
    def is_waiting(self) -> bool:
        """Whether a query of the user is unanswered."""
        return self._awaited is _Awaited.ANSWER

    def ask(self, query: Query, sort: Sort) -> None:
        """Send a query. Answers to earlier queries are discarded from now on.

        If only the sort order or the inclusion of hidden items differs from the previous query, possible matches stay
        included.
        """
        if self.has_rest_of(query):
            query = replace(query, include_rest=True)
        self._question = query, sort
        self._send(_Awaited.ANSWER)
        self._slow_timer.start()

    def ask_rest(self) -> None:
        """Repeat the query with the possible matches included."""
        if self._question is not None and not self._question[0].include_rest:
            query, sort = self._question
            self._question = replace(query, include_rest=True), sort
            self._send(_Awaited.REST)

    def has_rest_of(self, query: Query) -> bool:
        """Whether the latest query is this one, apart from hidden items, and includes the possible matches."""
        if self._question is None:
            return False
        asked = self._question[0]
        return asked.include_rest and asked == replace(
            query, include_rest=True, include_hidden=asked.include_hidden
        )

    @property
    def is_of_another_model(self) -> bool:
        """Whether the results shown were found by another model than the one in use now."""
        model = self._client.model
        return (
            self.latest is not None
            and self._was_model_asked
            and model is not None
            and model.state is ModelState.READY
            and self.latest.model != model.name
        )

    @property
    def _was_model_asked(self) -> bool:
        """Whether a model took part in finding the results shown."""
        return self.latest is not None and not self.latest.is_partial and bool(self.latest.model)

    def ask_again(self) -> None:
        """Repeat the query in the background, because something has changed."""
        if self._question is not None and self._awaited is _Awaited.NOTHING:
            self._send(_Awaited.UPDATE)
        else:
            self.ask_after_answer()

    def ask_after_answer(self) -> None:
        """Repeat the query after the pending answer, if there is one, because that may be outdated."""
        self._is_outdated = self._awaited is not _Awaited.NOTHING

    def more(self, offset: int, shown: int) -> None:
        """Request the next hits.

        Args:
            offset: Number of hits delivered so far.
            shown: Number of hits shown, which is smaller if some were hidden.
        """
        self._shown = shown
        self._offset = offset
        if self._awaited is _Awaited.NOTHING:
            # While an answer is pending, the engine may have discarded the old result list. In this case the page is
            # requested after the answer.
            self._ask_more(offset)

    def stop(self) -> None:
        """End the search: discard pending answers, and let the engine discard the results."""
        had_question = self._question is not None
        self._question = None
        self.latest = None
        self._client.forget(self._request)
        self._request = 0
        self._offset = None
        self._awaited = _Awaited.NOTHING
        self._slow_timer.stop()
        self._refresh_timer.stop()
        if had_question:
            self._client.send(ClosePane(self._pane))

    def _send(self, awaited: _Awaited) -> None:
        assert self._question is not None
        query, sort = self._question
        self._awaited = awaited
        self._is_outdated = False
        if awaited is _Awaited.ANSWER:
            self._offset = None
            self._shown = 0
        self._refresh_timer.stop()
        self._client.forget(self._request)
        self._request = self._client.next_id()
        count = max(PAGE, min(self._shown, _MOST_REFRESHED))
        request = Search(self._request, self._pane, query, sort, count)
        self._client.request(request, on_error=self._on_failed)

    def _ask_more(self, offset: int) -> None:
        request = MoreHits(self._request, self._pane, offset, PAGE)
        self._client.request(request, on_error=self._on_failed)

    def _on_hits(self, hits: Hits) -> None:
        if hits.request_id != self._request or hits.pane != self._pane:
            return
        if hits.offset:
            self._offset = None
            self._shown = hits.offset + len(hits.hits)
            self.extended.emit(hits)
            return
        awaited, self._awaited = self._awaited, _Awaited.NOTHING
        if awaited is _Awaited.NOTHING:
            return
        self._slow_timer.stop()
        if self._is_outdated and awaited is _Awaited.UPDATE:
            # An outdated update is not shown: items hidden meanwhile would reappear for a moment.
            self.ask_again()
            return
        self.latest = hits
        if awaited is _Awaited.REST:
            self.unfolded.emit(hits)
        else:
            self.answered.emit(hits, awaited is _Awaited.UPDATE)
        if self._is_outdated:
            self.ask_again()
        elif self._offset is not None:
            self._ask_more(self._offset)

    def forget_page(self) -> None:
        """Cancel the pending request for more hits, because the results were replaced."""
        self._offset = None
        self._shown = 0

    def _on_failed(self, problem: str) -> None:
        awaited, self._awaited = self._awaited, _Awaited.NOTHING
        self._slow_timer.stop()
        if awaited is _Awaited.REST and self._question is not None:
            self._question = replace(self._question[0], include_rest=False), self._question[1]
            self.rest_failed.emit(problem)
        elif awaited is _Awaited.ANSWER:
            self.failed.emit(problem)
        elif self._offset is not None:
            self._offset = None
            self.page_failed.emit(problem)

    def _on_model_changed(self, model: ModelChanged) -> None:
        if model.state is not ModelState.READY or self.latest is None:
            return
        if not self._was_model_asked or (self.latest.model != model.name and self.may_replace()):
            self.ask_again()
        elif self.latest.model != model.name:
            self.outdated.emit()

    def _on_library_changed(self, _library: LibraryChanged) -> None:
        if self._question is not None and not self._refresh_timer.isActive():
            self._refresh_timer.start()

    def _on_engine_changed(self, status: EngineStatus) -> None:
        is_running = status.state is EngineState.RUNNING
        if is_running and not self._was_running:
            # The result list, from which further hits are requested, was lost with the old engine process.
            self.ask_again()
        self._was_running = is_running

    def _refresh(self) -> None:
        if self._awaited is not _Awaited.NOTHING or self._offset is not None:
            self._refresh_timer.start()
        elif self._shown <= _MOST_REFRESHED and (not self.is_of_another_model or self.may_replace()):
            self.ask_again()
