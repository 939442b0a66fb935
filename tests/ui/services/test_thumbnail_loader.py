"""Tests of the thumbnail loader: sources, limits, order of requests, and use of threads."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.domain.queries import Hit
from imagefinder.ipc.messages import MakeThumbnail, ThumbnailMade
from imagefinder.ui.services.engine_client import EngineState, EngineStatus
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader

BOX = QSize(64, 64)


class Clock:
    """Clock advanced by the test."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def loader(qtbot: QtBot, client: FakeClient, tmp_path: Path, clock: Clock) -> Iterator[ThumbnailLoader]:
    made = ThumbnailLoader(client, tmp_path / "thumbnails", clock=clock)
    yield made
    made.close()
    made.deleteLater()


Write = Callable[..., Path]


@pytest.fixture
def write(loader: ThumbnailLoader) -> Write:
    """Function that writes a thumbnail to the disk cache."""

    def write_it(hit: Hit, size: tuple[int, int] = (320, 240)) -> Path:
        path = loader.path(hit.thumbnail_key)
        path.parent.mkdir(parents=True, exist_ok=True)
        image = QImage(*size, QImage.Format.Format_RGB32)
        image.fill(QColor("orange"))
        assert image.save(str(path))
        return path

    return write_it


def wait(qtbot: QtBot, loader: ThumbnailLoader) -> None:
    qtbot.waitUntil(lambda: loader.is_idle)


def test_a_thumbnail_comes_from_the_cache_fitted_and_sharp(
    qtbot: QtBot, loader: ThumbnailLoader, client: FakeClient, write: Write, hits: MakeHits
) -> None:
    hit = hits(1)[0]
    write(hit)
    assert loader.pixmap(hit, BOX, 2.0) is None
    assert not loader.is_idle
    with qtbot.waitSignal(loader.ready, check_params_cb=lambda key: key == hit.thumbnail_key):
        pass
    pixmap = loader.pixmap(hit, BOX, 2.0)
    assert pixmap is not None
    assert pixmap.size() == QSize(128, 96)
    assert pixmap.devicePixelRatio() == 2.0
    assert pixmap.toImage().pixelColor(64, 48).name() == QColor("orange").name()
    assert loader.is_idle
    assert client.sent == []


def test_a_missing_thumbnail_is_asked_of_the_engine_once(
    qtbot: QtBot, loader: ThumbnailLoader, client: FakeClient, write: Write, hits: MakeHits
) -> None:
    hit = hits(1)[0]
    loader.pixmap(hit, BOX, 1.0)
    qtbot.waitUntil(lambda: bool(client.sent))
    loader.pixmap(hit, BOX, 1.0)
    assert client.sent == [MakeThumbnail(hit.item_id, hit.thumbnail_key)]
    assert not loader.is_idle
    client.thumbnail_made.emit(ThumbnailMade(hit.thumbnail_key, write(hit)))
    wait(qtbot, loader)
    assert loader.pixmap(hit, BOX, 1.0) is not None


def test_why_there_is_no_thumbnail_is_told_and_tried_again_later(
    qtbot: QtBot, loader: ThumbnailLoader, client: FakeClient, clock: Clock, hits: MakeHits
) -> None:
    hit = hits(1)[0]
    loader.pixmap(hit, BOX, 1.0)
    qtbot.waitUntil(lambda: len(client.sent) == 1)
    client.thumbnail_made.emit(ThumbnailMade(hit.thumbnail_key, None, "The file is damaged."))
    assert loader.problem(hit.thumbnail_key) == "The file is damaged."
    assert loader.is_idle
    loader.pixmap(hit, BOX, 1.0)
    assert loader.is_idle
    clock.now += 60
    loader.pixmap(hit, BOX, 1.0)
    qtbot.waitUntil(lambda: len(client.sent) == 2)


def test_a_damaged_thumbnail_is_made_again(
    qtbot: QtBot, loader: ThumbnailLoader, client: FakeClient, write: Write, hits: MakeHits
) -> None:
    hit = hits(1)[0]
    path = write(hit)
    path.write_bytes(b"cut short")
    loader.pixmap(hit, BOX, 1.0)
    qtbot.waitUntil(lambda: bool(client.sent))
    assert not path.exists()


def test_an_engine_that_died_is_not_waited_for(
    qtbot: QtBot, loader: ThumbnailLoader, client: FakeClient, hits: MakeHits
) -> None:
    loader.pixmap(hits(1)[0], BOX, 1.0)
    qtbot.waitUntil(lambda: bool(client.sent))
    client.engine_changed.emit(EngineStatus(EngineState.RESTARTING))
    assert loader.is_idle
    with qtbot.waitSignal(loader.look_again):
        client.engine_changed.emit(EngineStatus(EngineState.RUNNING))


def test_a_new_engine_is_asked_why_anew_for_it_may_speak_another_language(
    qtbot: QtBot, loader: ThumbnailLoader, client: FakeClient, hits: MakeHits
) -> None:
    hit = hits(1)[0]
    for words in ("The file is damaged.", "文件已损坏。"):
        client.engine_changed.emit(EngineStatus(EngineState.RUNNING))
        client.sent.clear()
        loader.pixmap(hit, BOX, 1.0)
        qtbot.waitUntil(lambda: bool(client.sent))
        client.thumbnail_made.emit(ThumbnailMade(hit.thumbnail_key, None, words))
        assert loader.problem(hit.thumbnail_key) == words


def test_what_was_scrolled_away_is_dropped_and_the_newest_come_first(
    qtbot: QtBot, loader: ThumbnailLoader, write: Write, hits: MakeHits
) -> None:
    many = hits(600)
    for hit in many:
        write(hit, (8, 8))
    order: list[str] = []
    loader.ready.connect(order.append)
    for hit in many:
        loader.pixmap(hit, BOX, 1.0)
    with qtbot.waitSignal(loader.look_again):
        pass
    wait(qtbot, loader)
    assert len(order) < 300
    keys = [hit.thumbnail_key for hit in many]
    # The first two were given to the threads at once and may finish at any time; then the newest come first.
    newest = [key for key in order if key not in keys[:2]]
    assert set(newest[:4]) <= set(keys[-10:])


def test_the_memory_of_pixmaps_is_bounded(
    qtbot: QtBot, client: FakeClient, tmp_path: Path, hits: MakeHits
) -> None:
    limit = 64 * 64 * 4 * 10
    loader = ThumbnailLoader(client, tmp_path, most_bytes=limit)
    for hit in hits(40):
        path = loader.path(hit.thumbnail_key)
        path.parent.mkdir(parents=True, exist_ok=True)
        image = QImage(64, 64, QImage.Format.Format_RGB32)
        image.fill(QColor("teal"))
        image.save(str(path))
        loader.pixmap(hit, BOX, 1.0)
        wait(qtbot, loader)
    assert 0 < loader.held_bytes <= limit
    loader.close()
    loader.deleteLater()


def test_while_another_size_is_decoded_the_one_at_hand_is_given(
    qtbot: QtBot, loader: ThumbnailLoader, write: Write, hits: MakeHits
) -> None:
    hit = hits(1)[0]
    write(hit)
    loader.pixmap(hit, BOX, 1.0)
    wait(qtbot, loader)
    small = loader.pixmap(hit, QSize(128, 128), 1.0)
    assert small is not None
    assert small.width() == 64
    wait(qtbot, loader)
    large = loader.pixmap(hit, QSize(128, 128), 1.0)
    assert large is not None
    assert large.width() == 128


def test_any_picture_file_can_be_shown_small(qtbot: QtBot, loader: ThumbnailLoader, pictures: Path) -> None:
    path = pictures / "red.png"
    assert loader.picture(path, QSize(32, 32), 1.0) is None
    wait(qtbot, loader)
    pixmap = loader.picture(path, QSize(32, 32), 1.0)
    assert pixmap is not None
    assert pixmap.size() == QSize(32, 24)


@pytest.mark.parametrize("content", [b"", b"no picture", b"<svg xmlns='http://www.w3.org/2000/svg'/>", None])
def test_a_file_that_is_no_picture_is_a_problem_and_no_crash(
    qtbot: QtBot, loader: ThumbnailLoader, client: FakeClient, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "file.png"
    if content is not None:
        path.write_bytes(content)
    loader.picture(path, BOX, 1.0)
    wait(qtbot, loader)
    assert loader.problem(str(path))
    assert client.sent == []
    assert path.exists() == (content is not None)


def test_a_hit_without_a_key_asks_for_nothing(loader: ThumbnailLoader, hits: MakeHits) -> None:
    assert loader.pixmap(hits(1)[0]._replace(thumbnail_key=""), BOX, 1.0) is None
    assert loader.is_idle
