"""Worker threads for searches."""

import logging
import threading
from collections import deque
from collections.abc import Callable

from imagefinder.domain.errors import ImageFinderError
from imagefinder.engine.engine import Engine
from imagefinder.engine.search.result_list import ResultList
from imagefinder.ipc.messages import ClosePane, Done, Event, Failed, Hits, MoreHits, Search, SetHidden
from imagefinder.ipc.worker.model_loader import ModelLoader
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)

Question = Search | MoreHits | ClosePane | SetHidden


class SearchWorker:
    """Threads that answer searches and hide items, in the order of the requests.

    A newer search of a pane replaces older ones that are waiting. Searches with pictures run on a second thread,
    because decoding a picture may take seconds. While the model loads, words are searched without it. The last result
    list of each pane is kept for ``MoreHits``.
    """

    def __init__(self, engine: Engine, loader: ModelLoader, send: Callable[[Event], None]) -> None:
        self._engine = engine
        self._loader = loader
        self._send = send
        self._changed = threading.Condition()
        self._waiting: deque[Question] = deque()
        self._with_pictures: deque[Question] = deque()
        self._by_pictures: set[int] = set()
        """Request ids of searches that are waiting or running on the second thread."""
        self._newest: dict[int, int] = {}
        """Request id of the last search, by pane."""
        self._is_closing = False
        self._lists: dict[int, tuple[int, ResultList]] = {}
        self._threads = [
            threading.Thread(target=self._work, args=(self._waiting,), name="searcher", daemon=True),
            threading.Thread(
                target=self._work, args=(self._with_pictures,), name="searcher-by-pictures", daemon=True
            ),
        ]

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def ask(self, question: Question) -> None:
        """Queue a request, without blocking.

        A search, or closing a pane, drops waiting requests of that pane, whose answers are no longer needed.
        """
        with self._changed:
            if isinstance(question, Search | ClosePane):
                self._newest[question.pane] = question.request_id if isinstance(question, Search) else 0
                for waiting in (self._waiting, self._with_pictures):
                    kept = [
                        each for each in waiting if isinstance(each, SetHidden) or each.pane != question.pane
                    ]
                    dropped = {each.request_id for each in waiting if isinstance(each, Search)}
                    self._by_pictures -= dropped.difference(
                        each.request_id for each in kept if isinstance(each, Search)
                    )
                    waiting.clear()
                    waiting.extend(kept)
            self._waiting.append(question)
            self._changed.notify_all()

    def close(self, timeout_s: float) -> None:
        """Stop after the current requests, waiting at most ``timeout_s`` seconds for each thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout_s)

    def _work(self, waiting: deque[Question]) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: waiting or self._is_closing)
                if self._is_closing:
                    return
                question = waiting.popleft()
                if waiting is self._waiting and self._is_for_pictures(question):
                    # Moved only now, when all earlier requests have been handled.
                    self._with_pictures.append(question)
                    self._changed.notify_all()
                    continue
            try:
                self._answer(question)
            except ImageFinderError as error:
                self._send(Failed(getattr(question, "request_id", 0), str(error)))
            except Exception:  # noqa: BLE001 - an internal error must not end the thread
                _LOG.exception("a search failed")
                problem = tr("This search failed by a mistake in imagefinder itself. Its log says more.")
                self._send(Failed(getattr(question, "request_id", 0), problem))
            if isinstance(question, Search):
                with self._changed:
                    self._by_pictures.discard(question.request_id)

    def _is_for_pictures(self, question: Question) -> bool:
        match question:
            case Search():
                if question.query.images or question.query.items:
                    self._by_pictures.add(question.request_id)
                    return True
            case MoreHits():
                return question.request_id in self._by_pictures
        return False

    def _answer(self, question: Question) -> None:
        match question:
            case Search():
                self._search(question)
            case MoreHits():
                request_id, found = self._lists.get(question.pane, (0, None))
                # If the ids differ, the pane has started another search since.
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
        with self._changed:
            # Keep the list only if the pane has neither started another search nor been closed meanwhile.
            if self._newest.get(search.pane) == search.request_id:
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
            # If the model failed to load, repeating the search later would be pointless.
            is_partial=found.is_partial and not self._loader.error,
            has_rest=found.has_rest,
        )
