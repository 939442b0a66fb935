"""Answering searches: one at a time, and of each pane only the newest."""

import logging
import threading
from collections import deque
from collections.abc import Callable

from imagefinder.engine.engine import Engine
from imagefinder.engine.result_list import ResultList
from imagefinder.ipc.loader import ModelLoader
from imagefinder.ipc.messages import ClosePane, Done, Event, Failed, Hits, MoreHits, Search, SetHidden
from imagefinder.model.errors import ImageFinderError
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)

Question = Search | MoreHits | ClosePane | SetHidden


class Searches:
    """One thread that answers in the order of asking, so that what was hidden is hidden from the next search.

    While the model loads, words are searched without it. Each pane's last answer is kept for ``MoreHits``.
    """

    def __init__(self, engine: Engine, loader: ModelLoader, send: Callable[[Event], None]) -> None:
        self._engine = engine
        self._loader = loader
        self._send = send
        self._changed = threading.Condition()
        self._waiting: deque[Question] = deque()
        self._is_closing = False
        self._lists: dict[int, tuple[int, ResultList]] = {}
        self._thread = threading.Thread(target=self._work, name="searcher", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def ask(self, question: Question) -> None:
        """Answer this after what was asked before; returns at once.

        A search drops what its pane was waiting for: nobody looks at answers to older ones.
        """
        with self._changed:
            if isinstance(question, Search | ClosePane):
                self._waiting = deque(
                    each
                    for each in self._waiting
                    if isinstance(each, SetHidden) or each.pane != question.pane
                )
            self._waiting.append(question)
            self._changed.notify()

    def close(self, timeout_s: float) -> None:
        """Answer no more; waits for the search at work, but not longer than ``timeout_s`` seconds."""
        with self._changed:
            self._is_closing = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closing)
                if self._is_closing:
                    return
                question = self._waiting.popleft()
            try:
                self._answer(question)
            except ImageFinderError as error:
                self._send(Failed(getattr(question, "request_id", 0), str(error)))
            except Exception:  # noqa: BLE001 - our own mistake; the thread must live on
                _LOG.exception("a search failed")
                problem = tr("This search failed by a mistake in imagefinder itself. Its log says more.")
                self._send(Failed(getattr(question, "request_id", 0), problem))

    def _answer(self, question: Question) -> None:
        match question:
            case Search():
                self._search(question)
            case MoreHits():
                request_id, found = self._lists.get(question.pane, (0, None))
                # Otherwise the pane has asked something else since.
                if found is not None and request_id == question.request_id:
                    self._send(self._page(question, found))
            case ClosePane():
                self._lists.pop(question.pane, None)
            case SetHidden():
                self._engine.set_hidden(question.item_ids, question.hidden)
                if question.request_id:
                    self._send(Done(question.request_id))

    def _search(self, search: Search) -> None:
        self._lists.pop(search.pane, None)
        has_model = self._loader.is_over and not self._loader.error
        found = self._engine.start_search(search.query, search.sort, may_load=has_model)
        self._lists[search.pane] = search.request_id, found
        self._send(self._page(search, found))

    def _page(self, question: Search | MoreHits, found: ResultList) -> Hits:
        offset = question.offset if isinstance(question, MoreHits) else 0
        hits = found.page(offset, question.count)
        return Hits(
            request_id=question.request_id,
            pane=question.pane,
            offset=offset,
            hits=hits,
            has_more=found.has_more(offset + len(hits)),
            model=found.model,
            took_ms=found.took_ms,
            note=found.note,
            # For a model that cannot be had there is nothing to wait for.
            is_partial=found.is_partial and not self._loader.error,
            has_rest=found.has_rest,
        )
