"""Detection of a hung process."""

from imagefinder.ipc.heartbeat import _MOST_MISSED, Heartbeat


def _looks(heartbeat: Heartbeat, count: int) -> list[bool]:
    return [heartbeat.look() for _ in range(count)]


def test_what_gives_no_sign_of_life_for_long_hangs() -> None:
    heartbeat = Heartbeat(lambda: False)
    heartbeat.note()
    assert _looks(heartbeat, _MOST_MISSED + 1) == [False] * _MOST_MISSED + [True]


def test_one_sign_of_life_begins_the_count_anew() -> None:
    heartbeat = Heartbeat(lambda: False)
    heartbeat.note()
    for _ in range(3):
        assert not any(_looks(heartbeat, _MOST_MISSED - 1))
        heartbeat.note()


def test_before_the_first_sign_of_life_it_may_take_its_time() -> None:
    assert not any(_looks(Heartbeat(lambda: False), 10 * _MOST_MISSED))


def test_a_process_that_is_stopped_or_waits_for_a_disk_does_not_hang() -> None:
    is_held = True
    heartbeat = Heartbeat(lambda: is_held)
    heartbeat.note()
    assert not any(_looks(heartbeat, 3 * _MOST_MISSED))
    is_held = False
    assert any(_looks(heartbeat, _MOST_MISSED))
