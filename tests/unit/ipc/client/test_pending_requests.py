"""Pending requests, and what becomes of them when the engine dies."""

from pathlib import Path

from imagefinder.domain.queries import Query
from imagefinder.ipc.client.pending_requests import PendingRequests
from imagefinder.ipc.messages import (
    ClosePane,
    Done,
    Failed,
    Hits,
    MakeThumbnail,
    MoreHits,
    RemoveSources,
    Search,
    SetHidden,
    ThumbnailMade,
)

_KILLER = Query(images=(Path("/killer.png"),))


def _hits(request_id: int, pane: int = 1, offset: int = 0, *, is_partial: bool = False) -> Hits:
    return Hits(request_id, pane, offset, (), has_more=True, is_partial=is_partial)


def test_only_the_newest_search_of_a_pane_is_sent_again() -> None:
    pending = PendingRequests()
    for request_id, pane in ((1, 1), (2, 1), (3, 2), (4, 3)):
        pending.send(Search(request_id, pane, Query(str(request_id))))
    pending.send(ClosePane(3))
    settlement = pending.settle(by_death=True)
    assert [request.request_id for request in settlement.again if isinstance(request, Search)] == [2, 3]
    assert settlement.answers == []


def test_what_was_answered_is_not_owed() -> None:
    pending = PendingRequests()
    pending.send(Search(1, 1, Query("a")))
    pending.send(RemoveSources((Path("/a"),), 2))
    pending.send(MakeThumbnail(5, "key"))
    pending.send(Search(3, 2, Query("b")))
    assert pending.receive(_hits(1))
    assert pending.receive(Done(2))
    assert pending.receive(ThumbnailMade("key", None))
    assert pending.receive(Failed(3, "no"))
    settlement = pending.settle(by_death=True)
    assert settlement.again == settlement.answers == []


def test_an_answer_to_an_older_search_settles_nothing() -> None:
    pending = PendingRequests()
    pending.send(Search(1, 1, Query("a")))
    pending.send(Search(2, 1, Query("b")))
    pending.receive(_hits(1))
    assert len(pending.settle(by_death=True).again) == 1


def test_owed_at_two_deaths_a_search_is_answered_with_failed() -> None:
    pending = PendingRequests()
    search = Search(1, 1, Query("a"))
    pending.send(search)
    assert pending.settle(by_death=True).again == [search]
    pending.send(search)
    settlement = pending.settle(by_death=True)
    assert settlement.again == []
    (answer,) = settlement.answers
    assert isinstance(answer, Failed)
    assert answer.request_id == 1


def test_owed_at_two_deaths_a_thumbnail_is_answered_with_a_problem() -> None:
    pending = PendingRequests()
    for _ in range(2):
        pending.send(MakeThumbnail(5, "key"))
        settlement = pending.settle(by_death=True)
    (answer,) = settlement.answers
    assert isinstance(answer, ThumbnailMade)
    assert answer.problem


def test_an_end_that_was_wanted_is_no_death() -> None:
    pending = PendingRequests()
    search = Search(1, 1, Query("a"))
    for _ in range(5):
        pending.send(search)
        assert pending.settle(by_death=False).again == [search]


def test_what_may_have_been_done_half_is_not_repeated() -> None:
    pending = PendingRequests()
    pending.send(RemoveSources((Path("/a"),), 7))
    settlement = pending.settle(by_death=True)
    assert settlement.again == []
    assert [answer.request_id for answer in settlement.answers if isinstance(answer, Failed)] == [7]


def test_a_search_that_kills_once_the_model_is_there_is_given_up_though_it_is_asked_anew() -> None:
    pending = PendingRequests()
    first = Search(1, 1, _KILLER)
    pending.send(first)
    assert pending.settle(by_death=True).again == [first]
    # While the model is loading, the engine answers without it and survives, and the pane repeats the search.
    pending.send(first)
    pending.receive(_hits(1, is_partial=True))
    anew = Search(2, 1, _KILLER)
    assert pending.refuse(anew) is None
    pending.send(anew)
    settlement = pending.settle(by_death=True)
    assert settlement.again == []
    assert [answer.request_id for answer in settlement.answers if isinstance(answer, Failed)] == [2]


def test_a_whole_answer_clears_a_search_of_suspicion() -> None:
    pending = PendingRequests()
    search = Search(1, 1, _KILLER)
    for _ in range(5):
        pending.send(search)
        assert pending.settle(by_death=True).again == [search]
        pending.send(search)
        pending.receive(_hits(1))


def test_more_hits_of_a_forgotten_search_bring_the_search_along() -> None:
    pending = PendingRequests()
    search = Search(1, 1, Query("a"))
    more = MoreHits(1, 1, offset=200)
    pending.send(search)
    pending.receive(_hits(1))
    assert pending.send(more) == [more]
    pending.settle(by_death=True)
    assert pending.is_forgotten(more)
    revived, request = pending.send(more)
    assert isinstance(revived, Search)
    assert revived.request_id == 1
    assert request == more
    # The window already has the first hits; only further ones are delivered.
    assert not pending.receive(_hits(1))
    assert pending.receive(_hits(1, offset=200))
    # Suppressed only once, because the pane may repeat the search.
    assert pending.receive(_hits(1))


def test_more_hits_of_a_search_that_the_pane_has_left_are_not_asked_for() -> None:
    pending = PendingRequests()
    pending.send(Search(1, 1, Query("a")))
    pending.settle(by_death=False)
    assert pending.send(MoreHits(99, 1, offset=200)) == []


def test_what_shall_be_hidden_is_sent_again_before_every_search_and_as_often_as_needed() -> None:
    pending = PendingRequests()
    pending.send(Search(1, 1, Query("a")))
    hide, show = SetHidden((1,), True, 2), SetHidden((1,), False, 3)
    for request in (hide, show):
        pending.send(request)
    for _ in range(3):
        settlement = pending.settle(by_death=True)
        assert settlement.again[:2] == [hide, show]
        for request in settlement.again:  # type: ignore[assignment]
            pending.send(request)
    pending.receive(Done(2))
    pending.receive(Failed(3, "no"))
    assert not any(isinstance(request, SetHidden) for request in pending.settle(by_death=True).again)
