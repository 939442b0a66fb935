import threading

from imagefinder.engine.index.fair_lock import FairLock


def test_who_waits_has_the_lock_before_who_held_it_has_it_again() -> None:
    lock, order = FairLock(), list[str]()

    def wait() -> None:
        with lock:
            order.append("waiting")

    for _ in range(50):
        order.clear()
        with lock:
            waiting = threading.Thread(target=wait)
            waiting.start()
            while not lock._turn.locked():
                pass
        with lock:
            order.append("again")
        waiting.join()
        assert order == ["waiting", "again"]


def test_it_is_free_again_after_an_error() -> None:
    lock = FairLock()
    try:
        with lock:
            raise RuntimeError
    except RuntimeError:
        pass
    with lock:
        pass
