"""Requests of one search pane to the engine; answers to outdated queries are dropped."""

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
"""Hits asked for at a time."""
_MOST_REFRESHED = 1000
"""Whoever has scrolled past this many is reading: what they see is not changed by itself."""
_REFRESH_MS = 3000
_SLOW_MS = 300


class _Awaited(Enum):
    """The answer that is waited for."""

    NOTHING = auto()
    ANSWER = auto()
    """To what the user asked."""
    UPDATE = auto()
    """To the same question, asked again without the user's doing."""
    REST = auto()
    """With what the last answer left out."""


def _always() -> bool:
    return True


class SearchSession(QObject):
    """Asks, and lets through only the answers to the latest question."""

    answered = Signal(object, bool)  # Hits, and whether the user did not ask for them: an update
    unfolded = Signal(object)
    """What the last answer left out is in this one (Hits), after what that gave."""
    extended = Signal(object)  # Hits
    failed = Signal(str)
    """The question the user asked cannot be answered."""
    page_failed = Signal(str)
    """There are more hits, but they could not be had."""
    rest_failed = Signal(str)
    """What was left out could not be had."""
    outdated = Signal()
    """Another model answers now than the one that found what is shown, which is left alone."""
    slow = Signal()
    """The answer takes so long that it should be said."""

    def __init__(self, client: EngineClient, pane: int, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latest: Hits | None = None
        """The last answer's first page; None before there is one."""
        self._client = client
        self._pane = pane
        self._question: tuple[Query, Sort] | None = None
        self._request = 0
        self._awaited = _Awaited.NOTHING
        self.may_replace: Callable[[], bool] = _always
        """Whether another model's results may take the place of those shown, unasked."""
        self._is_outdated = False
        """Whether the answer that is waited for may not know of what has changed since it was asked for."""
        self._offset: int | None = None
        """Of the hits that were asked for last and are not here."""
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
        """Whether the user waits for an answer."""
        return self._awaited is _Awaited.ANSWER

    def ask(self, query: Query, sort: Sort) -> None:
        """A new question; answers to all before are dropped from now on.

        In another order, or with what is hidden, the same question keeps the rest that was asked for.
        """
        if self.has_rest_of(query):
            query = replace(query, include_rest=True)
        self._question = query, sort
        self._send(_Awaited.ANSWER)
        self._slow_timer.start()

    def ask_rest(self) -> None:
        """The same question, with what its answer left out."""
        if self._question is not None and not self._question[0].include_rest:
            query, sort = self._question
            self._question = replace(query, include_rest=True), sort
            self._send(_Awaited.REST)

    def has_rest_of(self, query: Query) -> bool:
        """Whether the latest question looks for the same, and with the rest."""
        if self._question is None:
            return False
        asked = self._question[0]
        return asked.include_rest and asked == replace(
            query, include_rest=True, include_hidden=asked.include_hidden
        )

    @property
    def is_of_another_model(self) -> bool:
        """Whether what is shown was found by another model than the one that answers now."""
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
        """Whether a model took part in what is shown."""
        return self.latest is not None and not self.latest.is_partial and bool(self.latest.model)

    def ask_again(self) -> None:
        """The same question, because something has changed; the user is not told."""
        if self._question is not None and self._awaited is _Awaited.NOTHING:
            self._send(_Awaited.UPDATE)
        else:
            self.ask_after_answer()

    def ask_after_answer(self) -> None:
        """Ask again once the answer that is waited for is here, if one is: it may know less than is shown."""
        self._is_outdated = self._awaited is not _Awaited.NOTHING

    def more(self, offset: int, shown: int) -> None:
        """The next hits, from ``offset`` on; ``shown`` are there now."""
        self._shown = shown
        self._offset = offset
        if self._awaited is _Awaited.NOTHING:
            # Otherwise the engine may have forgotten the old list: asked once the new one is there.
            self._ask_more(offset)

    def stop(self) -> None:
        """Ask nothing, and let nothing through."""
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
            # Nobody waits for it, and it would show again for a moment what was hidden meanwhile.
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
        """The results were replaced: what was asked for to follow the old ones is not wanted any more."""
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
            # The new engine does not know the list that the old one was paging through.
            self.ask_again()
        self._was_running = is_running

    def _refresh(self) -> None:
        if self._awaited is not _Awaited.NOTHING or self._offset is not None:
            self._refresh_timer.start()
        elif self._shown <= _MOST_REFRESHED and (not self.is_of_another_model or self.may_replace()):
            self.ask_again()
