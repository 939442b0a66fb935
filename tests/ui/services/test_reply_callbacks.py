"""Tests of reply callbacks: each is called once, and not after its Qt object was deleted."""

import shiboken6
from helpers.fake_client import FakeClient
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from imagefinder.domain.queries import Query, Sort
from imagefinder.ipc.messages import (
    CancelDownload,
    Done,
    DownloadModel,
    Failed,
    Hits,
    ListModels,
    Models,
    Search,
)


class Asker(QObject):
    """Qt object that records replies and errors."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[object] = []

    def hear(self, reply: object) -> None:
        self.told.append(reply)


def test_a_reply_goes_to_whoever_asked_and_to_nobody_else(qtbot: QtBot) -> None:
    client, one, other = FakeClient(), Asker(), Asker()
    first = client.request(ListModels(client.next_id()), one.hear, other.hear)
    second = client.request(ListModels(client.next_id()), other.hear)
    assert [request.request_id for request in client.sent] == [first, second]
    client.hear(Models(first, (), ("cpu",)))
    assert one.told == [Models(first, (), ("cpu",))]
    assert other.told == []


def test_a_failure_is_told_in_its_sentence(qtbot: QtBot) -> None:
    client, one, other = FakeClient(), Asker(), Asker()
    number = client.request(ListModels(client.next_id()), one.hear, other.hear)
    client.hear(Failed(number, "The disk is full."))
    assert (one.told, other.told) == ([], ["The disk is full."])


def test_a_second_reply_is_nobodys(qtbot: QtBot) -> None:
    client, asker = FakeClient(), Asker()
    number = client.request(ListModels(client.next_id()), asker.hear, asker.hear)
    client.hear(Done(number, "once"))
    client.hear(Done(number, "twice"))
    client.hear(Failed(number, "thrice"))
    assert asker.told == [Done(number, "once")]


def test_who_forgets_a_request_is_told_nothing(qtbot: QtBot) -> None:
    client, asker = FakeClient(), Asker()
    number = client.request(ListModels(client.next_id()), asker.hear, asker.hear)
    client.forget(number)
    client.forget(number)
    client.hear(Done(number))
    assert asker.told == []


def test_who_was_deleted_is_told_nothing(qtbot: QtBot) -> None:
    client, asker = FakeClient(), Asker()
    for answer in (Done, Failed):
        number = client.request(ListModels(client.next_id()), asker.hear, asker.hear)
        if shiboken6.isValid(asker):
            shiboken6.delete(asker)
        client.hear(answer(number, "too late"))
    assert asker.told == []


def test_hits_are_no_reply_and_leave_the_failure_of_the_next_page_to_be_told(qtbot: QtBot) -> None:
    client, asker = FakeClient(), Asker()
    number = client.request(
        Search(client.next_id(), 1, Query("red"), Sort.RELEVANCE, 9), asker.hear, asker.hear
    )
    client.hear(Hits(number, 1, 0, (), has_more=False))
    assert asker.told == []
    client.hear(Failed(number, "The drive is away."))
    assert asker.told == ["The drive is away."]


def test_who_asks_within_a_reply_is_answered_too(qtbot: QtBot) -> None:
    client, asker = FakeClient(), Asker()

    def ask_again(_reply: object) -> None:
        client.request(DownloadModel("a", request_id=client.next_id()), asker.hear)

    first = client.request(ListModels(client.next_id()), ask_again)
    client.hear(Done(first))
    client.send(CancelDownload("a"))
    client.hear(Done(client.last(DownloadModel).request_id, "done"))
    assert len(asker.told) == 1
