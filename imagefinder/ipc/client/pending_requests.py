"""Requests that the engine has not answered yet, and their fate when the engine process dies."""

from dataclasses import dataclass, field, replace

from imagefinder.ipc.messages import (
    CancelDownload,
    ClosePane,
    DownloadModel,
    Event,
    Failed,
    Hits,
    MakeThumbnail,
    MoreHits,
    Request,
    Search,
    SetHidden,
    ThumbnailMade,
)
from imagefinder.translation import tr

_Key = tuple[str, int | str]
_MOST_DEATHS = 2


@dataclass(slots=True)
class LostRequests:
    """How to handle the pending requests of an engine process that is gone."""

    again: list[Request] = field(default_factory=list)
    """Requests to send to the next engine process."""
    answers: list[Event] = field(default_factory=list)
    """Events to deliver to the window in place of the engine's answers."""


class PendingRequests:
    """Requests that have no answer yet. Only the newest search of each pane is kept."""

    def __init__(self) -> None:
        self._debts: dict[_Key, Request] = {}
        self._searches: dict[int, Search] = {}
        """Newest search of each open pane, answered or not."""
        self._known: set[int] = set()
        """Panes whose search was sent to the current engine process."""
        self._revived: set[int] = set()
        """Request ids of repeated searches whose first hits the window already has."""
        self._cancelled: set[str] = set()
        """Models whose download was cancelled."""
        self._deaths: dict[_Key, int] = {}
        """How often the engine died with such a request pending, by the request's subject (``_about``)."""

    def refuse(self, request: Request) -> Event | None:
        """Return the answer to a request that is not sent because the engine died too often over it, else None.

        The count is then reset, so the same request is sent if it is made again. Searches count as the same if they
        have the same pictures, or else the same words. This matters because a search is first answered without the
        model while it loads, and the repeated search is the one that may crash the engine again.
        """
        about = _about(request)
        if about is None or self._deaths.get(about, 0) < _MOST_DEATHS:
            return None
        del self._deaths[about]
        return _refusal(request, _given_up())

    def is_forgotten(self, request: MoreHits) -> bool:
        """Whether the search behind a request for more hits was known only to an engine process that is gone."""
        return request.pane not in self._known

    def send(self, request: Request) -> list[Request]:
        """Record a request; return the requests to send.

        For more hits of a search that only a dead engine process knew, these are the search and the request itself.
        """
        before: list[Request] = []
        match request:
            case Search():
                self._drop_pane(request.pane)
                self._searches[request.pane] = request
                self._known.add(request.pane)
            case MoreHits() if request.pane not in self._known:
                search = self._searches.get(request.pane)
                if search is None or search.request_id != request.request_id:
                    return []
                self._known.add(request.pane)
                self._revived.add(search.request_id)
                before.append(replace(search, count=1))
            case ClosePane():
                self._drop_pane(request.pane)
                self._searches.pop(request.pane, None)
            case CancelDownload():
                self._cancelled.add(request.name)
            case DownloadModel():
                self._cancelled.discard(request.name)
        if (key := _key(request)) is not None:
            self._debts[key] = request
        return [*before, request]

    def receive(self, event: Event) -> bool:
        """Record an event; return whether to deliver it to the window."""
        match event:
            case Hits(offset=0) if event.request_id in self._revived:
                self._revived.discard(event.request_id)
                return False
            case Hits():
                self._settle(
                    ("search" if event.offset == 0 else "more", event.pane),
                    event.request_id,
                    event.is_partial,
                )
            case ThumbnailMade():
                self._settle(("thumbnail", event.key))
            case Failed():
                self._revived.discard(event.request_id)
                for key in [key for key, request in self._debts.items() if _id(request) == event.request_id]:
                    self._settle(key)
            case _ if request_id := getattr(event, "request_id", 0):
                for kind in ("hidden", "other"):
                    self._debts.pop((kind, request_id), None)
        return True

    def settle(self, *, by_death: bool) -> LostRequests:
        """Clear the pending requests after the engine is gone; return which to repeat and which to answer now.

        Searches and thumbnails are sent again, unless they were also pending at an earlier death, because then one of
        them may be the cause. ``SetHidden`` is always sent again. A download is sent again if the engine ended without
        dying, because it continues where it stopped. Any other request may have been carried out in part, and is not
        repeated automatically.

        Args:
            by_death: Whether the engine process crashed or hung, rather than being stopped on purpose.
        """
        found = LostRequests()
        debts, self._debts = self._debts, {}
        self._known.clear()
        self._revived.clear()
        if by_death:
            for about in {_about(request) for request in debts.values()} - {None}:
                assert about is not None
                self._deaths[about] = self._deaths.get(about, 0) + 1
        for key, request in debts.items():
            if isinstance(request, DownloadModel):
                if by_death or request.name in self._cancelled:
                    found.answers.append(Failed(request.request_id, _not_downloaded()))
                else:
                    found.again.append(request)
            elif key[0] == "other":
                found.answers.append(_refusal(request, _not_done()))
            elif (answer := self.refuse(request)) is not None:
                found.answers.append(answer)
            else:
                found.again.append(request)
        # Items are hidden first, so that no search finds them. A search precedes the request for more of its hits,
        # which would otherwise repeat the search.
        found.again.sort(key=_rank)
        return found

    def _drop_pane(self, pane: int) -> None:
        self._debts.pop(("search", pane), None)
        self._debts.pop(("more", pane), None)

    def _settle(self, key: _Key, request_id: int | None = None, is_partial: bool = False) -> None:
        request = self._debts.get(key)
        if request is None or (request_id is not None and _id(request) != request_id):
            return
        del self._debts[key]
        if not is_partial and (about := _about(request)) is not None:
            self._deaths.pop(about, None)


def _id(request: Request) -> int:
    request_id: int = getattr(request, "request_id", 0)
    return request_id


def _key(request: Request) -> _Key | None:
    match request:
        case Search():
            return "search", request.pane
        case MoreHits():
            return "more", request.pane
        case MakeThumbnail():
            return "thumbnail", request.key
        case SetHidden():
            return ("hidden", request.request_id) if request.request_id else None
        case _:
            return ("other", _id(request)) if _id(request) else None


def _rank(request: Request) -> int:
    return 0 if isinstance(request, SetHidden) else 1 if isinstance(request, Search) else 2


def _about(request: Request) -> _Key | None:
    """Return the subject of a request that may be repeated after a death, or None for other requests."""
    match request:
        case Search():
            query = request.query
            return "search", "\0".join(map(str, query.images or query.items)) or query.text
        case MoreHits() | MakeThumbnail():
            return _key(request)
        case _:
            return None


def _not_done() -> str:
    return tr("The part of imagefinder that reads pictures stopped before this was done. Try it again.")


def _not_downloaded() -> str:
    return tr("The download was interrupted. What came is kept, and it can go on from there.")


def _given_up() -> str:
    return tr(
        "The part of imagefinder that reads pictures stopped twice over this, so it was given up. "
        "Nothing in the library is lost."
    )


def _refusal(request: Request, message: str) -> Event:
    if isinstance(request, MakeThumbnail):
        return ThumbnailMade(request.key, None, message)
    return Failed(_id(request), message)
