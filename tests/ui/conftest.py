"""Fixtures for tests of the window, which fail on Qt warnings and on leftover threads, timers and widgets."""

import gc
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import shiboken6
from helpers.fake_client import FakeClient
from PySide6.QtCore import QCoreApplication, QEvent, QThread, QThreadPool, QTimer
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QWidget

from imagefinder.domain.items import ItemKind
from imagefinder.domain.queries import Hit

MakeHits = Callable[..., tuple[Hit, ...]]

# Qt warnings about the environment rather than about our code.
_HARMLESS = (
    "This plugin does not support propagateSizeHints()",
    "This plugin does not support raise()",
    "This plugin does not support grabbing the keyboard",
    "Could not connect to any X display",
    "QDBusConnection: ",
    "Wayland does not support QWindow::requestActivate()",
)
_GRACE_S = 20.0


@pytest.fixture
def client() -> Iterator[FakeClient]:
    """Client without an engine."""
    made = FakeClient()
    yield made
    made.deleteLater()


@pytest.fixture
def hits() -> MakeHits:
    """Factory of hits, best first: ``hits(3)`` or ``hits(200, start=200)``."""

    def make(count: int, start: int = 0) -> tuple[Hit, ...]:
        return tuple(
            Hit(
                item_id=number + 1,
                file=f"/pictures/holiday {number:05}.jpg",
                part=1,
                parts=1,
                score=0.35 - number * 1e-6,
                kind=ItemKind.PICTURE,
                thumbnail_key=f"{number:064x}",
                size=1_000_000 + number,
                mtime_ns=1_700_000_000_000_000_000 + number * 10**9,
                width=4000,
                height=3000,
            )
            for number in range(start, start + count)
        )

    return make


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Folder with three small pictures: red.png, green.png, blue.png."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("red", "green", "blue"):
        image = QImage(64, 48, QImage.Format.Format_RGB32)
        image.fill(QColor(name))
        assert image.save(str(folder / f"{name}.png"))
    return folder


@pytest.fixture(autouse=True)
def _qt_complains_of_nothing(request: pytest.FixtureRequest) -> Iterator[None]:
    if "qapp" not in request.fixturenames and "qtbot" not in request.fixturenames:
        yield
        return
    log = request.getfixturevalue("qtlog")
    yield
    complaints = [
        record.message
        for record in log.records
        if record.type_name != "QtDebugMsg"
        and record.type_name != "QtInfoMsg"
        and not any(words in (record.message or "") for words in _HARMLESS)
    ]
    assert not complaints, f"Qt complained: {complaints}"


@pytest.fixture(scope="module", autouse=True)
def _what_is_there_already_is_not_searched() -> None:
    # Earlier test modules may have imported torch, whose half a million objects would be searched in every
    # test.
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_is_left_running(_what_is_there_already_is_not_searched: None) -> Iterator[None]:
    before = _alive()
    yield
    deadline = time.monotonic() + _GRACE_S
    left = _left(before)
    while left and time.monotonic() < deadline:
        # Give objects that are about to end time to do so: run deferred deletions and let threads finish.
        _process_deletions()
        gc.collect()
        time.sleep(0.01)
        left = _left(before)
    _clear(left)
    assert not left, f"left behind: {[_describe(each) for each in left]}"


def _alive() -> dict[int, object]:
    found: list[object] = list(threading.enumerate())
    if QCoreApplication.instance() is not None:
        found += _live_qt_objects()
    return {id(each): each for each in found}


def _live_qt_objects() -> list[object]:
    objects: list[object] = [
        each for each in QApplication.topLevelWidgets() if shiboken6.isValid(each) and each.parent() is None
    ]
    for each in gc.get_objects():
        # isinstance would access ``__class__`` of every object, for which some of torch's objects emit warnings.
        if not issubclass(type(each), (QTimer, QThread)) or not shiboken6.isValid(each):
            continue
        is_busy = each.isActive() if isinstance(each, QTimer) else each.isRunning()
        if is_busy and each is not QThread.currentThread() and each.thread() is not None:
            objects.append(each)
    return objects


def _left(before: dict[int, object]) -> Sequence[object]:
    left = [each for key, each in _alive().items() if before.get(key) is not each]
    left = [each for each in left if not isinstance(each, threading._DummyThread)]
    if QCoreApplication.instance() is not None and QThreadPool.globalInstance().activeThreadCount():
        left.append(QThreadPool.globalInstance())
    return left


def _process_deletions() -> None:
    app = QCoreApplication.instance()
    if app is not None:
        app.processEvents()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def _clear(left: Sequence[object]) -> None:
    # Clean up, so that the next test does not fail because of this one.
    for each in left:
        if isinstance(each, QTimer):
            each.stop()
        elif isinstance(each, QWidget):
            each.close()
            each.deleteLater()


def _describe(each: object) -> str:
    if isinstance(each, QTimer):
        return f"a running timer of {each.parent()!r}"
    return repr(each)
