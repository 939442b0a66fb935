"""Tests of what all windows expose to screen readers: accessible names and reachable controls."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.scenes import SCENES, Stage
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QProgressBar, QWidget
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.translation import LANGUAGES, use_language
from imagefinder.ui.widgets.link_button import LinkButton


@pytest.fixture
def stage(qapp: QApplication, qtbot: QtBot, hits: MakeHits, pictures: Path, language: str) -> Iterator[Stage]:
    use_language(language)
    made = Stage(hits, pictures / "red.png")
    yield made
    made.close()
    use_language("en")


def read(widget: QWidget) -> str:
    """Return the accessible name of a widget."""
    interface = QAccessible.queryAccessibleInterface(widget)
    assert interface is not None, widget
    return interface.text(QAccessible.Text.Name)


def seen_in(window: QWidget) -> list[QWidget]:
    return [each for each in window.findChildren(QWidget) if each.isVisibleTo(window)]


def shown(text: str) -> str:
    """Return a text without mnemonic marks, and without an ellipsis or colon at its end."""
    return text.replace("&", "").rstrip("…:：")


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", SCENES)
def test_everything_that_is_seen_is_read(stage: Stage, name: str) -> None:
    window = SCENES[name](stage)
    texts = controls = 0
    for widget in seen_in(window):
        if isinstance(widget, QLabel | QAbstractButton) and widget.text():
            texts += 1
            assert shown(widget.text()) in shown(read(widget)), widget
        # The line edit in a spin box has a focus proxy, the spin box, which has the name.
        if (
            not widget.focusProxy()
            and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.isEnabledTo(window)
        ):
            controls += 1
            assert read(widget), widget
        if isinstance(widget, QProgressBar):
            assert read(widget), widget
    assert texts > 1
    assert controls > 0


@pytest.mark.parametrize("language", ["en"])
def test_the_preview_tells_which_picture_it_shows(stage: Stage) -> None:
    stage.preview()
    assert read(stage.window.preview._canvas) == "Picture holiday 00000.jpg"


@pytest.mark.parametrize("language", ["en"])
@pytest.mark.parametrize("name", SCENES)
def test_no_link_is_hidden_in_a_text(stage: Stage, name: str) -> None:
    window = SCENES[name](stage)
    assert [label for label in seen_in(window) if isinstance(label, QLabel) and "href" in label.text()] == []


@pytest.mark.parametrize("language", ["en"])
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("empty query", "Get a better model…"),
        ("empty query", "Index now"),
        ("settings 1", "Licence: MIT"),
        ("settings 1", "huggingface.co/ViT-B-32-256/datacomp_s34b_b86k"),
        ("licence", "Apple ML Research Model"),
    ],
)
def test_links_are_reached_by_tab_and_read(stage: Stage, qtbot: QtBot, name: str, text: str) -> None:
    window = SCENES[name](stage)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    met = set()
    while (focused := window.focusWidget()) is not None and focused not in met:
        met.add(focused)
        if isinstance(focused, LinkButton) and read(focused) == text:
            return
        window.focusNextChild()
    pytest.fail(f"Tab does not come to {text}")
