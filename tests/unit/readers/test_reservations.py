"""Memory reservations of decoders, and their limit."""

import threading
from pathlib import Path

import pytest

from imagefinder import free_memory
from imagefinder.readers import reservations
from imagefinder.readers.reservations import SharedReservations

_MB = 2**20


@pytest.fixture(autouse=True)
def _a_gigabyte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reservations, "room", lambda: 1000 * _MB)


def test_what_fits_beside_what_is_held_is_granted() -> None:
    shared = SharedReservations()
    with shared.hold(600 * _MB) as first, shared.hold(400 * _MB) as second:
        assert first
        assert second


def test_what_would_never_fit_is_refused_at_once() -> None:
    with SharedReservations().hold(1001 * _MB) as is_granted:
        assert not is_granted


def test_what_fits_later_waits_for_the_others() -> None:
    shared = SharedReservations()
    held, most = [], []
    lock = threading.Lock()

    def decode() -> None:
        with shared.hold(600 * _MB) as is_granted:
            assert is_granted
            with lock:
                held.append(1)
                most.append(len(held))
            with lock:
                held.pop()

    threads = [threading.Thread(target=decode) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(most) == 8
    assert max(most) == 1


def test_it_does_not_wait_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reservations, "_PATIENCE_S", 0.01)
    shared = SharedReservations()
    granted = []

    def decode() -> None:
        with shared.hold(900 * _MB) as is_granted:
            granted.append(is_granted)

    with shared.hold(900 * _MB):
        thread = threading.Thread(target=decode)
        thread.start()
        thread.join(10)
    assert granted == [False]


def test_a_thread_does_not_wait_for_what_it_holds_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reservations, "_PATIENCE_S", 10_000)
    shared = SharedReservations()
    with shared.hold(900 * _MB), shared.hold(900 * _MB) as is_granted:
        assert not is_granted


def test_small_pictures_ask_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reservations, "room", lambda: 0)
    with SharedReservations().hold(64 * _MB) as is_granted:
        assert is_granted


def _group(folder: Path, limit: str, used: int, kept: int, names: tuple[str, str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{limit}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {kept}\n")


_V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_V2 = ("memory.max", "memory.current", "inactive_file")


def test_the_tightest_limit_of_the_groups_counts(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("0::/user/app\n")
    _group(tmp_path / "user" / "app", "max", 100, 0, _V2)
    assert free_memory._room_in_groups(tmp_path, own) == free_memory._UNLIMITED
    _group(tmp_path / "user", "1000", 700, 200, _V2)
    assert free_memory._room_in_groups(tmp_path, own) == 500
    _group(tmp_path / "user" / "app", "400", 100, 0, _V2)
    assert free_memory._room_in_groups(tmp_path, own) == 300


def test_the_limits_of_version_1_count_too(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("5:cpu:/\n4:memory:/box\n0::/\n")
    _group(tmp_path / "memory", str(2**63 - 4096), 100, 0, _V1)
    assert free_memory._room_in_groups(tmp_path, own) == free_memory._UNLIMITED
    _group(tmp_path / "memory" / "box", "1000", 900, 50, _V1)
    assert free_memory._room_in_groups(tmp_path, own) == 150


def test_a_container_that_sees_its_own_group_as_the_top_is_limited(tmp_path: Path) -> None:
    own = tmp_path / "cgroup"
    own.write_text("4:memory:/docker/abc\n")
    _group(tmp_path / "memory", "1000", 400, 0, _V1)
    assert free_memory._room_in_groups(tmp_path, own) == 600


def test_a_system_without_groups_has_no_such_limit(tmp_path: Path) -> None:
    assert free_memory._room_in_groups(tmp_path, tmp_path / "none") == free_memory._UNLIMITED


def test_what_another_gives_back_may_be_free_a_moment_later(monkeypatch: pytest.MonkeyPatch) -> None:
    free = 1000 * _MB
    monkeypatch.setattr(reservations, "room", lambda: free)
    shared = SharedReservations()
    granted = []

    def decode() -> None:
        with shared.hold(600 * _MB) as is_granted:
            granted.append(is_granted)

    with shared.hold(600 * _MB):
        free = 400 * _MB
        thread = threading.Thread(target=decode)
        thread.start()
        while not shared._changed._waiters:
            pass
    free = 1000 * _MB
    thread.join(10)
    assert granted == [True]
