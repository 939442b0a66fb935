import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from imagefinder.embedders.lazy_resource import LazyResource


def test_nothing_is_loaded_before_it_is_used() -> None:
    loads: list[int] = []
    held = LazyResource(lambda: loads.append(1) or "thing")
    assert not held.is_loaded
    assert not held.release(0)
    with held.use() as thing:
        assert thing == "thing"
    with held.use():
        pass
    assert (held.is_loaded, loads) == (True, [1])


def test_it_is_loaded_once_however_many_threads_ask() -> None:
    loads: list[int] = []
    barrier = threading.Barrier(4)
    held = LazyResource(lambda: loads.append(1) or object())

    def ask(_: int) -> object:
        barrier.wait()
        with held.use() as thing:
            return thing

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    assert loads == [1]


def test_what_is_in_use_is_never_let_go_of() -> None:
    held = LazyResource(lambda: "thing")
    with held.use():
        with held.use():
            pass
        assert not held.release(0)
        assert held.is_loaded
    assert held.release(0)
    assert not held.is_loaded


def test_idle_time_counts_from_the_end_of_the_last_use() -> None:
    now = [0.0]
    held = LazyResource(lambda: "thing", lambda: now[0])
    with held.use():
        now[0] = 100
    now[0] = 109.9
    assert not held.release(10)
    now[0] = 110
    assert held.release(10)


def test_letting_go_does_not_wait_for_one_that_loads() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def load() -> str:
        begun.set()
        assert go_on.wait(60)
        return "thing"

    held = LazyResource(load)

    def use() -> None:
        with held.use():
            pass

    thread = threading.Thread(target=use)
    thread.start()
    assert begun.wait(60)
    assert not held.release(0)
    go_on.set()
    thread.join()
    assert held.is_loaded


def test_a_failure_to_load_is_passed_on_and_the_next_use_tries_again() -> None:
    tries: list[int] = []

    def load() -> str:
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("not now")
        return "thing"

    held = LazyResource(load)
    with pytest.raises(ValueError, match="not now"), held.use():
        pass
    with held.use() as thing:
        assert thing == "thing"


def test_closing_lets_go_at_once_or_when_the_last_user_is_done() -> None:
    held = LazyResource(lambda: "thing")
    with held.use():
        pass
    held.close()
    assert not held.is_loaded
    with held.use() as thing:
        held.close()
        assert thing == "thing"
    assert not held.is_loaded
