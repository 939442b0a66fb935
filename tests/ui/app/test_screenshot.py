"""Tests of screenshots of the window, with a fake client."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from imagefinder.domain.library import LibraryStatus
from imagefinder.ipc.messages import Hits, LibraryChanged, ModelChanged, ModelState
from imagefinder.ui.app.screenshot import Screenshot
from imagefinder.ui.services.engine_client import EngineState, EngineStatus
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader

Take = Callable[..., Screenshot]


@pytest.fixture
def take(qtbot: QtBot, client: FakeClient, tmp_path: Path) -> Iterator[Take]:
    window = QWidget()
    window.resize(320, 200)
    qtbot.addWidget(window)
    window.show()
    thumbnails = ThumbnailLoader(client, tmp_path / "thumbnails")
    client.model = ModelChanged(ModelState.READY, "builtin", "cpu")
    client.library = LibraryChanged(LibraryStatus(tmp_path, "builtin", (), 0, {}, ()))
    made: list[Screenshot] = []

    def take_it(*, waits_for_hits: bool = False, timeout_ms: int = 60_000, file: str = "x.png") -> Screenshot:
        made.append(
            Screenshot(
                window,
                client,
                thumbnails,
                tmp_path / file,
                waits_for_hits=waits_for_hits,
                timeout_ms=timeout_ms,
            )
        )
        return made[-1]

    yield take_it
    thumbnails.close()
    for each in (*made, thumbnails):
        each.deleteLater()


HITS = Hits(1, 1, 0, (), has_more=False, model="builtin")


def test_a_window_at_rest_is_drawn(qtbot: QtBot, take: Take, tmp_path: Path) -> None:
    with qtbot.waitSignal(take().taken):
        pass

    assert QImage(str(tmp_path / "x.png")).width() >= 320


def test_it_waits_for_the_answer_of_the_model(qtbot: QtBot, take: Take, client: FakeClient) -> None:
    picture = take(waits_for_hits=True)
    assert not picture.stands

    client.hits_received.emit(replace(HITS, is_partial=True))
    assert not picture.stands

    client.hits_received.emit(HITS)
    with qtbot.waitSignal(picture.taken):
        pass


def test_it_waits_for_a_model_that_is_being_loaded(take: Take, client: FakeClient) -> None:
    client.model = ModelChanged(ModelState.LOADING, "fine")

    assert not take().stands


def test_without_a_model_the_words_alone_are_an_answer(take: Take, client: FakeClient) -> None:
    client.model = ModelChanged(ModelState.FAILED, "fine", error="Gone.")
    picture = take(waits_for_hits=True)

    client.hits_received.emit(replace(HITS, is_partial=True))

    assert picture.stands


def test_what_does_not_come_to_rest_is_given_up_with_a_sentence(
    qtbot: QtBot, take: Take, tmp_path: Path
) -> None:
    with qtbot.waitSignal(take(waits_for_hits=True, timeout_ms=1).failed) as failed:
        pass

    assert "timed out" in failed.args[0]
    assert not (tmp_path / "x.png").exists()


def test_a_library_that_cannot_be_used_is_told(qtbot: QtBot, take: Take, client: FakeClient) -> None:
    client.engine = EngineStatus(EngineState.BROKEN, "The library is damaged.")

    with qtbot.waitSignal(take().failed) as failed:
        pass

    assert failed.args == ["The library is damaged."]


def test_a_picture_that_cannot_be_written_is_told(qtbot: QtBot, take: Take) -> None:
    with qtbot.waitSignal(take(file="no/such/folder/x.png").failed) as failed:
        pass

    assert "couldn't be saved" in failed.args[0]
