"""Tests of the query bar: words and pictures."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from PySide6.QtCore import QMimeData, QObject, Qt, QUrl, Signal
from PySide6.QtGui import QColor, QGuiApplication, QImage
from pytestqt.qtbot import QtBot

from imagefinder.settings import Settings
from imagefinder.ui.dragdrop.drop_cache import DropCache
from imagefinder.ui.dragdrop.link_fetcher import LinkFetcher
from imagefinder.ui.dragdrop.mime_parser import Dropped
from imagefinder.ui.query.query_bar import QueryBar
from imagefinder.ui.query.query_chip import PictureChip
from imagefinder.ui.query.query_line import QueryLine
from imagefinder.ui.query.search_state import PictureTerm
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader


class FakeFetch(QObject):
    progress = Signal(float)
    fetched = Signal(bytes)
    failed = Signal(str)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class FakeFetcher(LinkFetcher):
    """Records the requested links; the test determines the outcome."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(Settings, parent)
        self.fetches: list[FakeFetch] = []
        self.urls: list[QUrl] = []

    def fetch(self, url: QUrl) -> FakeFetch:  # type: ignore[override]
        self.urls.append(url)
        self.fetches.append(FakeFetch(self))
        return self.fetches[-1]


@pytest.fixture
def bar(qtbot: QtBot, client: FakeClient, tmp_path: Path) -> Iterator[QueryBar]:
    loader = ThumbnailLoader(client, tmp_path / "thumbnails")
    owner = QObject()
    made = QueryBar(loader, DropCache(tmp_path / "dropped"), FakeFetcher(owner))
    qtbot.addWidget(made)
    made.resize(600, 60)
    made.show()
    made.activateWindow()
    yield made
    # Data created by Python must not stay on the clipboard after the interpreter has ended.
    QGuiApplication.clipboard().clear()
    made.stop()
    loader.close()
    loader.deleteLater()
    owner.deleteLater()


def fetcher_of(bar: QueryBar) -> FakeFetcher:
    fetcher = bar._drop_loader._fetcher
    assert isinstance(fetcher, FakeFetcher)
    return fetcher


def line(bar: QueryBar) -> QueryLine:
    return bar.findChild(QueryLine)  # type: ignore[return-value]


def chips(bar: QueryBar) -> list[PictureChip]:
    return list(bar._chips)


def paste(bar: QueryBar, qtbot: QtBot, fill: Callable[[QMimeData], None]) -> None:
    mime = QMimeData()
    fill(mime)
    QGuiApplication.clipboard().setMimeData(mime)
    qtbot.keyClick(line(bar), Qt.Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def picture() -> QImage:
    made = QImage(8, 6, QImage.Format.Format_RGB32)
    made.fill(QColor("red"))
    return made


def test_typing_is_told_once_a_moment_after_the_last_key(qtbot: QtBot, bar: QueryBar) -> None:
    told: list[str] = []
    bar.changed.connect(lambda: told.append(bar.text()))
    with qtbot.waitSignal(bar.changed):
        qtbot.keyClicks(line(bar), "cat")
    assert told == ["cat"]


def test_enter_is_told_at_once_and_only_once(qtbot: QtBot, bar: QueryBar) -> None:
    told: list[str] = []
    bar.changed.connect(lambda: told.append(bar.text()))
    qtbot.keyClicks(line(bar), "cat")
    qtbot.keyClick(line(bar), Qt.Key.Key_Return)
    assert told == ["cat"]
    assert not bar._typing.isActive()


def test_backspace_at_the_start_removes_the_last_picture(qtbot: QtBot, bar: QueryBar, pictures: Path) -> None:
    bar.set_terms([PictureTerm.of_file(pictures / name) for name in ("red.png", "blue.png")])
    bar.set_text("x")
    line(bar).setCursorPosition(0)
    with qtbot.waitSignal(bar.changed):
        qtbot.keyClick(line(bar), Qt.Key.Key_Backspace)
    assert [term.label for term in bar.terms()] == ["red.png"]
    assert bar.text() == "x"


def test_chips_are_reached_and_removed_by_keys(qtbot: QtBot, bar: QueryBar, pictures: Path) -> None:
    bar.set_terms([PictureTerm.of_file(pictures / name) for name in ("red.png", "blue.png")])
    qtbot.waitExposed(bar)
    line(bar).setFocus()
    qtbot.keyClick(line(bar), Qt.Key.Key_Left)
    qtbot.keyClick(chips(bar)[1], Qt.Key.Key_Left)
    with qtbot.waitSignal(bar.changed):
        qtbot.keyClick(chips(bar)[0], Qt.Key.Key_Delete)
    assert [term.label for term in bar.terms()] == ["blue.png"]


def test_a_picture_pasted_as_data_becomes_a_chip(qtbot: QtBot, bar: QueryBar) -> None:
    with qtbot.waitSignal(bar.changed):
        paste(bar, qtbot, lambda mime: mime.setImageData(picture()))
    (term,) = bar.terms()
    assert term.path is not None
    assert QImage(str(term.path)).size() == picture().size()
    assert term.label == "Pasted picture"
    assert bar.text() == ""


def test_a_picture_dropped_as_data_is_not_called_pasted(qtbot: QtBot, bar: QueryBar) -> None:
    with qtbot.waitSignal(bar.changed):
        bar.take(Dropped(image=picture()))
    assert [term.label for term in bar.terms()] == ["Dropped picture"]


def test_files_pasted_become_chips_each_once(qtbot: QtBot, bar: QueryBar, pictures: Path) -> None:
    red, blue = pictures / "red.png", pictures / "blue.png"
    bar.set_terms([PictureTerm.of_file(red)])
    paste(bar, qtbot, lambda mime: mime.setText(f'"{red}"\n{blue}'))
    assert [term.path for term in bar.terms()] == [red, blue]
    assert bar.text() == ""


def test_words_are_pasted_as_words_though_a_picture_of_them_comes_too(qtbot: QtBot, bar: QueryBar) -> None:
    def cells(mime: QMimeData) -> None:
        mime.setText("red car")
        mime.setImageData(picture())

    paste(bar, qtbot, cells)
    assert bar.text() == "red car"
    assert bar.terms() == ()


def test_an_address_pasted_is_not_fetched(qtbot: QtBot, bar: QueryBar) -> None:
    paste(bar, qtbot, lambda mime: mime.setText("https://images.example/cat.png"))
    assert fetcher_of(bar).fetches == []
    assert bar.text() == "https://images.example/cat.png"


def test_a_link_is_a_chip_that_is_searched_by_once_it_is_here(
    qtbot: QtBot, bar: QueryBar, pictures: Path
) -> None:
    bar.take(Dropped(links=[QUrl("https://images.example/cat.png")]))
    assert len(chips(bar)) == 1
    assert bar.terms() == ()
    with qtbot.waitSignal(bar.changed):
        fetcher_of(bar).fetches[0].fetched.emit((pictures / "red.png").read_bytes())
    assert [term.label for term in bar.terms()] == ["cat.png"]


def test_a_chip_that_is_removed_is_not_fetched_any_further(qtbot: QtBot, bar: QueryBar) -> None:
    bar.take(Dropped(links=[QUrl("https://images.example/cat.png")]))
    qtbot.keyClick(chips(bar)[0], Qt.Key.Key_Delete)
    assert fetcher_of(bar).fetches[0].is_cancelled
    assert chips(bar) == []


def test_the_next_address_is_tried_and_the_first_reason_told(qtbot: QtBot, bar: QueryBar) -> None:
    said: list[str] = []
    bar.problem.connect(said.append)
    bar.take(Dropped(links=[QUrl("https://a.example/1"), QUrl("https://a.example/2")]))
    fetcher_of(bar).fetches[0].failed.emit("first reason")
    assert said == []
    fetcher_of(bar).fetches[1].failed.emit("second reason")
    assert said == ["first reason"]
    assert chips(bar) == []


def test_folders_are_handed_on(qtbot: QtBot, bar: QueryBar, pictures: Path) -> None:
    with qtbot.waitSignal(bar.folders_dropped) as caught:
        bar.take(Dropped(folders=(pictures,)))
    assert caught.args == [[pictures]]


def test_very_many_pictures_are_cut_off_with_a_notice(qtbot: QtBot, bar: QueryBar) -> None:
    with qtbot.waitSignal(bar.problem):
        bar.take(Dropped(files=tuple(Path(f"/p/{number}.jpg") for number in range(40))))
    assert len(bar.terms()) == 16


def test_a_drop_without_a_picture_is_said(qtbot: QtBot, bar: QueryBar) -> None:
    with qtbot.waitSignal(bar.problem):
        bar.take(Dropped())


def test_escape_clears_all(qtbot: QtBot, bar: QueryBar, pictures: Path) -> None:
    bar.set_terms([PictureTerm.of_file(pictures / "red.png")])
    bar.set_text("x")
    with qtbot.waitSignal(bar.changed):
        qtbot.keyClick(line(bar), Qt.Key.Key_Escape)
    assert (bar.terms(), bar.text()) == ((), "")


def test_everything_has_a_name_for_screen_readers(bar: QueryBar, pictures: Path) -> None:
    bar.set_terms([PictureTerm.of_file(pictures / "red.png")])
    assert line(bar).accessibleName()
    assert chips(bar)[0].accessibleName() == "Picture red.png"


def test_pictures_on_their_way_count_too(qtbot: QtBot, bar: QueryBar) -> None:
    links = [QUrl(f"https://example.org/{number}.png") for number in range(20)]
    with qtbot.waitSignal(bar.problem):
        for link in links:
            bar.take(Dropped(links=[link]))
    assert len(bar.findChildren(PictureChip)) == 16
