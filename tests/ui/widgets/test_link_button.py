"""Tests of the link button: mouse, keyboard, elision, and opening its address."""

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from pytestqt.qtbot import QtBot

from imagefinder.ui.widgets.link_button import LinkButton


class Browser(QObject):
    """Fake web browser that records the URLs to open."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[str] = []

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url.toString())


@pytest.fixture
def browser() -> Iterator[Browser]:
    made = Browser()
    QDesktopServices.setUrlHandler("https", made, "open")  # type: ignore[arg-type]
    yield made
    QDesktopServices.unsetUrlHandler("https")
    made.deleteLater()


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space])
def test_keys_follow_it(qtbot: QtBot, browser: Browser, key: Qt.Key) -> None:
    link = LinkButton("MIT")
    link.set_address("https://example.org/mit")
    qtbot.addWidget(link)
    link.show()
    with qtbot.waitSignal(link.clicked):
        qtbot.keyClick(link, key)
    assert browser.opened == ["https://example.org/mit"]


def test_without_an_address_nothing_is_opened(qtbot: QtBot, browser: Browser) -> None:
    link = LinkButton("Get a better model…")
    qtbot.addWidget(link)
    with qtbot.waitSignal(link.clicked):
        link.click()
    assert browser.opened == []


def test_it_takes_no_more_room_than_its_text_and_gives_way_where_there_is_less(qtbot: QtBot) -> None:
    link = LinkButton("huggingface.co/a/very/long/address/of/a/model")
    qtbot.addWidget(link)
    text = link.fontMetrics().horizontalAdvance(link.text())
    assert text <= link.sizeHint().width() < text + 12
    assert link.minimumSizeHint().width() < text / 2
