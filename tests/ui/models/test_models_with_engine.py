"""Tests of models in the settings, with a real engine and a hub that interrupts connections."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from conftest import save
from helpers.engine_window import EngineWindow
from helpers.fakes import picture
from helpers.hub_engine import CONFIG, knows_the_tiny_model
from helpers.hub_server import Fault, HubServer
from helpers.tiny_offer import NAME, WEIGHTS, stock, weights_bytes, write_config
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from imagefinder.api import ImageFinder
from imagefinder.domain.model_names import BUILTIN
from imagefinder.ipc.messages import ModelState
from imagefinder.store.store import Store
from imagefinder.ui.models.model_card import ModelCard
from imagefinder.ui.settings.models_page import ModelsPage
from imagefinder.ui.settings.settings_dialog import MODEL_PAGE, SettingsDialog

HALF = 6_000_000


@pytest.fixture
def hub() -> Iterator[HubServer]:
    with HubServer() as server:
        stock(server, weights_bytes())
        yield server


OpenWindow = Callable[[], EngineWindow]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty library whose model is the built-in embedder."""
    with ImageFinder.open(tmp_path / "library") as finder:
        finder.use_model(BUILTIN)
    # From here on, the library determines the model.
    monkeypatch.delenv("IMAGEFINDER_MODEL")
    return tmp_path / "library"


@pytest.fixture
def open_window(
    qtbot: QtBot, tmp_path: Path, library: Path, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenWindow]:
    """Return a function that opens a window on the library, with a hub that has a model; closes it at the end."""
    monkeypatch.setenv(CONFIG, str(write_config(tmp_path / "tiny-clip.json")))
    monkeypatch.setenv("HF_ENDPOINT", hub.address)
    monkeypatch.delenv("HF_HUB_OFFLINE")
    windows: list[EngineWindow] = []

    def open_it() -> EngineWindow:
        windows.append(EngineWindow(qtbot, library, knows_the_tiny_model, model=None, threads=1))
        return windows[-1]

    yield open_it
    for each in windows:
        each.close()


def test_a_model_is_downloaded_used_and_removed_in_the_settings(
    open_window: OpenWindow, three_pictures: Path, hub: HubServer, qtbot: QtBot
) -> None:
    for number in range(5):
        save(picture("teal", number), three_pictures / f"teal {number}.png")
    window = open_window()
    window.add(three_pictures)
    window.until(lambda: window.items == 8)
    window.settle()
    window.type("red")
    window.until(lambda: window.names()[:1] == ["red.png"])
    window.window.open_settings(MODEL_PAGE)
    page = _page(window)
    window.until(lambda: NAME in page._cards)
    card = page.card(NAME)
    qtbot.keyClick(card.header, Qt.Key.Key_Return)

    # The download is cancelled by the user, then refused by the hub, and yet no byte is downloaded twice.
    hub.fail(WEIGHTS, Fault(stall_after=HALF))
    _press(card, "Download")
    window.until(hub.stalled.is_set)
    window.until(lambda: "of 14 MB" in _texts(card))
    _press(card, "Cancel")
    window.until(lambda: "Interrupted: " in _texts(card))
    hub.fail(WEIGHTS, Fault(status=403))
    window.until(lambda: "Resume download" in _buttons(card))
    _press(card, "Resume download")
    window.until(lambda: "status 403" in _texts(card))
    assert "Settings, Network" in _texts(card)
    window.until(lambda: "Resume download" in _buttons(card))
    _press(card, "Resume download")
    window.until(lambda: "Use this model" in _buttons(card))
    whole, refused, rest = hub.ranges
    assert whole == ""
    assert refused == rest != ""
    assert "Downloaded Tiny CLIP." in window.window.notices.texts()

    # The built-in embedder answers until everything is indexed with the new model.
    _press(card, "Use this model")
    window.until(lambda: window.client.model is not None and window.client.model.name == NAME)
    window.settle()
    status = window.client.library.status
    assert (status.model, status.change, sorted(status.embedded.values())) == (NAME, None, [8, 8])
    window.type(" or blue")
    window.until(lambda: (latest := window.pane.search.latest) is not None and latest.model == NAME)

    # The vectors of the built-in embedder are still there.
    colours = page.card(BUILTIN)
    qtbot.keyClick(colours.header, Qt.Key.Key_Return)
    _press(colours, "Use this model")
    window.until(lambda: window.client.model is not None and window.client.model.name == BUILTIN)
    window.settle()
    assert window.client.library.status.change is None

    qtbot.keyClick(card.header, Qt.Key.Key_Return)
    window.until(lambda: "Delete…" in _buttons(card))
    _press(card, "Delete…")
    _press(card, "Delete")
    window.until(lambda: "Download" in _buttons(card))
    window.until(lambda: window.names()[:1] == ["red.png"] or window.names()[:1] == ["blue.png"])


def test_a_library_whose_model_is_not_here_is_searched_again_once_it_is_downloaded(
    open_window: OpenWindow, library: Path, three_pictures: Path
) -> None:
    # As if the library came from another computer.
    with closing(Store(library / "library.db")) as store:
        store.models.in_use = NAME
    window = open_window()
    window.until(lambda: window.client.model is not None and window.client.model.state is ModelState.FAILED)
    window.window.open_settings(MODEL_PAGE)
    page = _page(window)
    window.until(lambda: NAME in page._cards)
    card = page.card(NAME)
    assert card.header.isChecked()
    assert "Download or import it again" in _texts(card)

    _press(card, "Download")

    window.settle()
    assert window.client.model.name == NAME
    window.add(three_pictures)
    window.until(lambda: window.items == 3)
    window.settle()
    assert list(window.client.library.status.embedded.values()) == [3]


def _page(window: EngineWindow) -> ModelsPage:
    dialog = window.window.findChild(SettingsDialog)
    assert dialog is not None
    found = dialog.findChild(ModelsPage)
    assert found is not None
    return found


def _texts(card: ModelCard) -> str:
    return "\n".join(each.text() for each in card.findChildren(QLabel) if each.isVisible())


def _buttons(card: ModelCard) -> list[str]:
    """Return the labels of a card's buttons that are visible and enabled."""
    found = card.findChildren(QPushButton)
    return [each.text() for each in found if each.isVisible() and each.isEnabled()]


def _press(card: ModelCard, text: str) -> None:
    (found,) = (each for each in card.findChildren(QPushButton) if each.text() == text and each.isVisible())
    assert found.isEnabled()
    found.click()
