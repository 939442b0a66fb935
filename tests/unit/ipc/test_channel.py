"""Channel: sending does not block, order is kept, and the loss of the other end is noticed."""

import multiprocessing
import threading
from collections.abc import Iterator

import pytest

from imagefinder.ipc.channel import Channel

Pair = tuple[Channel[str, str], Channel[str, str]]


@pytest.fixture
def ends() -> Iterator[Pair]:
    near, far = multiprocessing.Pipe(duplex=True)
    pair = Channel[str, str](near), Channel[str, str](far)
    yield pair
    pair[0].close()
    for thread in threading.enumerate():  # the reader of the far end, which ends when the near end is closed
        if thread.name == "reader":
            thread.join()
    pair[1].close()


def _received(end: Channel[str, str], count: int) -> list[str]:
    messages: list[str] = []
    enough = threading.Event()

    def take(message: str) -> None:
        messages.append(message)
        if len(messages) == count:
            enough.set()

    threading.Thread(target=end.receive_all, args=(take,), name="reader", daemon=True).start()
    assert enough.wait(60)
    return messages


def test_what_was_sent_before_the_start_comes_first_and_in_order(ends: Pair) -> None:
    near, far = ends
    for number in range(5):
        near.send(str(number))
    near.start()
    near.send("last")
    assert _received(far, 6) == ["0", "1", "2", "3", "4", "last"]


def test_sending_returns_at_once_while_nobody_reads(ends: Pair) -> None:
    near, far = ends
    near.start()
    large = "x" * 1_000_000
    for _ in range(10):
        near.send(large)
    assert not near.flush(timeout_s=0.05)
    assert _received(far, 10) == [large] * 10


def test_flushed_is_what_is_in_the_pipe(ends: Pair) -> None:
    near, _ = ends
    near.start()
    near.send("short")
    assert near.flush(10)


def test_receiving_ends_when_the_other_end_is_gone(ends: Pair) -> None:
    near, far = ends
    far.start()
    far.close()
    near.receive_all(lambda message: None)


def test_sending_to_an_end_that_is_gone_harms_nothing(ends: Pair) -> None:
    near, far = ends
    far.close()
    near.start()
    near.send("nobody hears")
    near.send("this")
    assert near.flush(10)
