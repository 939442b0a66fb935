"""Tests that after a change of theme, every window is pixel for pixel like one opened in that theme."""

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shiboken6
from helpers.scenes import SCENES, Scene, Stage
from numpy.typing import NDArray
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.ui.services.background import BackgroundTasks
from imagefinder.ui.widgets.theme import Theme

Shoot = Callable[..., list[NDArray[np.uint8]]]


@pytest.fixture
def at_work(monkeypatch: pytest.MonkeyPatch) -> Counter[BackgroundTasks]:
    """Number of undelivered background tasks, so that screenshots are taken when none is left."""
    left: Counter[BackgroundTasks] = Counter()
    run, deliver = BackgroundTasks.run, BackgroundTasks._deliver

    def counted_run(background: BackgroundTasks, *work: Any) -> None:
        left[background] += 1
        run(background, *work)

    def counted_deliver(background: BackgroundTasks, call: Any) -> None:
        left[background] -= 1
        deliver(background, call)

    monkeypatch.setattr(BackgroundTasks, "run", counted_run)
    monkeypatch.setattr(BackgroundTasks, "_deliver", counted_deliver)
    return left


@pytest.fixture
def shoot(
    qapp: QApplication, qtbot: QtBot, hits: MakeHits, pictures: Path, at_work: Counter[BackgroundTasks]
) -> Iterator[Shoot]:
    """Function that opens a scene in the first theme, and takes a screenshot of it in each theme."""
    flash = qapp.cursorFlashTime()
    qapp.setCursorFlashTime(0)
    theme = Theme(qapp, "light")

    def take(scene: Scene, *names: str) -> list[NDArray[np.uint8]]:
        theme.use(names[0])
        stage = Stage(hits, pictures / "red.png")
        try:
            widget = scene(stage)
            widget.activateWindow()
            qtbot.waitUntil(widget.isActiveWindow)
            taken = []
            for at, name in enumerate(names):
                if at:
                    theme.use(name)
                qtbot.waitUntil(lambda: not at_work.total())
                taken.append(_at_rest(widget, qtbot))
            return taken
        finally:
            stage.close()
            at_work.clear()
            qapp.processEvents()

    yield take
    qapp.setCursorFlashTime(flash)
    shiboken6.delete(theme)
    qapp.setStyleSheet("")


def _at_rest(widget: QWidget, qtbot: QtBot) -> NDArray[np.uint8]:
    """Return the widget's pixels once they are stable, as layouts and timers are late on a busy computer."""
    taken = [_pixels(widget)]

    def is_at_rest() -> bool:
        qtbot.wait(60)
        taken.append(_pixels(widget))
        return bool((taken[-1] == taken[-2]).all())

    qtbot.waitUntil(is_at_rest)
    return taken[-1]


def _pixels(widget: QWidget) -> NDArray[np.uint8]:
    image = widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    flat = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    return flat[:, : image.width(), :3].copy()


@pytest.mark.parametrize("name", SCENES)
def test_a_window_that_changes_its_theme_is_as_one_opened_in_it(shoot: Shoot, name: str) -> None:
    scene = SCENES[name]
    light, dark, light_again = shoot(scene, "light", "dark", "light")
    (fresh_dark, fresh_light, dark_again) = shoot(scene, "dark", "light", "dark")

    for left, changed, fresh in (
        ("dark", dark, fresh_dark),
        ("light", light_again, light),
        ("light from dark", fresh_light, light),
        ("dark again", dark_again, fresh_dark),
    ):
        differs = (changed != fresh).any(axis=2)
        rows, columns = np.nonzero(differs)
        where = f"x {columns.min()}-{columns.max()}, y {rows.min()}-{rows.max()}" if differs.any() else ""
        assert not differs.any(), f"{left}: {differs.sum()} pixels at {where}"
    assert (light != dark).any()


@pytest.mark.parametrize("name", [name for name in SCENES if name not in ("first page", "empty query")])
def test_what_is_opened_after_a_change_of_the_theme_has_the_new_one(
    qapp: QApplication, shoot: Shoot, name: str
) -> None:
    def late(stage: Stage) -> QWidget:
        stage.empty_query()
        qapp.findChild(Theme).use("light")
        return SCENES[name](stage)

    (changed,) = shoot(late, "dark")
    (fresh,) = shoot(SCENES[name], "light")
    assert (changed == fresh).all()
