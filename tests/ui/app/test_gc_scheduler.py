"""Garbage is collected on the GUI thread, and at length only while nobody looks."""

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from imagefinder.ui.app.gc_scheduler import GcScheduler


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Knot:
    """Garbage that only a collection finds."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def collector(qapp: QApplication, clock: Clock) -> Iterator[GcScheduler]:
    made = GcScheduler(qapp, clock=clock)
    yield made
    made.close()
    made.deleteLater()


def forgotten(*, is_old: bool = False) -> "weakref.ref[Knot]":
    """A knot that nobody holds any more, and that has outlived two collections where it ``is_old``."""
    knot = Knot()
    if is_old:
        gc.collect(1)
        gc.collect(1)
    return weakref.ref(knot)


def test_python_collects_nothing_by_itself_until_it_is_closed(qapp: QApplication) -> None:
    collector = GcScheduler(qapp)
    assert not gc.isenabled()
    collector.close()
    assert gc.isenabled()
    assert not gc.get_freeze_count()
    collector.deleteLater()


def test_another_thread_that_makes_many_objects_collects_none(collector: GcScheduler) -> None:
    found: list[str] = []

    def note(phase: str, _info: dict[str, int]) -> None:
        found.append(phase)

    gc.callbacks.append(note)
    thread = threading.Thread(target=lambda: [[] for _ in range(100_000)])
    thread.start()
    thread.join()
    gc.callbacks.remove(note)
    assert not found


def test_what_was_just_made_and_forgotten_is_gone_at_the_next_look(collector: GcScheduler) -> None:
    knot = forgotten()
    collector.collect()
    assert knot() is None


def test_old_garbage_waits_until_the_user_turns_away(
    collector: GcScheduler, qapp: QApplication, clock: Clock
) -> None:
    knot = forgotten(is_old=True)
    clock.now = 60
    collector.collect()
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    assert knot() is not None
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    assert knot() is None


def test_who_turns_away_and_back_again_and_again_waits_for_no_collection(
    collector: GcScheduler, qapp: QApplication, clock: Clock
) -> None:
    clock.now = 60
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    knot = forgotten(is_old=True)
    clock.now = 65
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    assert knot() is not None


def test_old_garbage_goes_after_five_minutes_whatever_the_user_does(
    collector: GcScheduler, clock: Clock
) -> None:
    knot = forgotten(is_old=True)
    clock.now = 301
    collector.collect()
    assert knot() is None
