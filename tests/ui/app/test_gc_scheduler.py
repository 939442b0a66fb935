"""Tests of garbage collection on the GUI thread, with full collections while the window is inactive."""

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
    """Object in a reference cycle, which only the garbage collector frees."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def gc_scheduler(qapp: QApplication, clock: Clock) -> Iterator[GcScheduler]:
    made = GcScheduler(qapp, clock=clock)
    yield made
    made.close()
    made.deleteLater()


def forgotten(*, is_old: bool = False) -> "weakref.ref[Knot]":
    """Return a weak reference to an unreachable knot, which has survived two collections if ``is_old``."""
    knot = Knot()
    if is_old:
        gc.collect(1)
        gc.collect(1)
    return weakref.ref(knot)


def test_python_collects_nothing_by_itself_until_it_is_closed(qapp: QApplication) -> None:
    gc_scheduler = GcScheduler(qapp)
    assert not gc.isenabled()
    gc_scheduler.close()
    assert gc.isenabled()
    assert not gc.get_freeze_count()
    gc_scheduler.deleteLater()


def test_another_thread_that_makes_many_objects_collects_none(gc_scheduler: GcScheduler) -> None:
    found: list[str] = []

    def note(phase: str, _info: dict[str, int]) -> None:
        found.append(phase)

    gc.callbacks.append(note)
    thread = threading.Thread(target=lambda: [[] for _ in range(100_000)])
    thread.start()
    thread.join()
    gc.callbacks.remove(note)
    assert not found


def test_what_was_just_made_and_forgotten_is_gone_at_the_next_look(gc_scheduler: GcScheduler) -> None:
    knot = forgotten()
    gc_scheduler.collect()
    assert knot() is None


def test_old_garbage_waits_until_the_user_turns_away(
    gc_scheduler: GcScheduler, qapp: QApplication, clock: Clock
) -> None:
    knot = forgotten(is_old=True)
    clock.now = 60
    gc_scheduler.collect()
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationActive)
    assert knot() is not None
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    assert knot() is None


def test_who_turns_away_and_back_again_and_again_waits_for_no_collection(
    gc_scheduler: GcScheduler, qapp: QApplication, clock: Clock
) -> None:
    clock.now = 60
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    knot = forgotten(is_old=True)
    clock.now = 65
    qapp.applicationStateChanged.emit(Qt.ApplicationState.ApplicationInactive)
    assert knot() is not None


def test_old_garbage_goes_after_five_minutes_whatever_the_user_does(
    gc_scheduler: GcScheduler, clock: Clock
) -> None:
    knot = forgotten(is_old=True)
    clock.now = 301
    gc_scheduler.collect()
    assert knot() is None
