"""Tests of the preview: picture, pages, metadata, and outdated replies."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from PySide6.QtCore import QPoint, QPointF, QSizeF, Qt
from PySide6.QtGui import QPixmap
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.domain.items import ItemDetails, ItemKind, Region
from imagefinder.domain.queries import Hit
from imagefinder.ipc.messages import Failed, ItemShown, ShowItem
from imagefinder.ui.preview.preview_canvas import PreviewCanvas
from imagefinder.ui.preview.preview_window import PreviewWindow
from imagefinder.ui.results.results_model import ResultsModel
from imagefinder.ui.services.desktop import Desktop

Key = Qt.Key


class Preview:
    """Preview window with a results model, and methods to answer in the engine's place."""

    def __init__(self, qtbot: QtBot, client: FakeClient, pictures: Path) -> None:
        self.client = client
        self.desktop = Desktop()
        self.model = ResultsModel()
        self.window = PreviewWindow(client, self.desktop)
        self.pictures = pictures
        qtbot.addWidget(self.window)

    @property
    def asked(self) -> ShowItem:
        return self.client.last(ShowItem)

    @property
    def asked_often(self) -> int:
        return sum(isinstance(each, ShowItem) for each in self.client.sent)

    @property
    def facts(self) -> dict[str, str]:
        return dict(self.window._metadata.facts)

    @property
    def problem(self) -> str:
        return self.window._problem.text

    def answer(
        self,
        hit: Hit,
        request: ShowItem | None = None,
        *,
        camera: str = "",
        problem: str = "",
        item_id: int | None = None,
        marks: tuple[Region, ...] = (),
        is_in_the_cloud: bool = False,
    ) -> None:
        request = request or self.asked
        part = request.part or hit.part
        details = ItemDetails(
            hit.path, part, hit.parts, hit.kind, hit.size, hit.mtime_ns, hit.width, hit.height, None, camera
        )
        picture = None if problem else self.pictures / "red.png"
        shown = ItemShown(
            request.request_id, item_id or request.item_id, details, picture, marks, problem, is_in_the_cloud
        )
        self.client.hear(shown)


@pytest.fixture
def preview(qtbot: QtBot, client: FakeClient, pictures: Path) -> Iterator[Preview]:
    made = Preview(qtbot, client, pictures)
    yield made
    made.window.close()
    made.desktop.close()
    made.desktop.deleteLater()
    made.model.deleteLater()


@pytest.fixture
def page(hits: MakeHits) -> Hit:
    """Return a hit that is page 3 of 4 of a PDF."""
    report = Path("/docs/report.pdf")
    return hits(1)[0]._replace(file=str(report), part=3, parts=4, kind=ItemKind.PAGE, width=595, height=842)


def has_picture(preview: Preview) -> bool:
    return preview.window._canvas._pixmap is not None


def test_it_asks_for_the_picture_in_the_windows_pixels_with_the_words(
    qtbot: QtBot, preview: Preview, hits: MakeHits
) -> None:
    preview.model.reset(hits(3), has_more=False)
    preview.window.resize(1600, 900)
    preview.window.show_hit(preview.model, 1, "red car")
    assert preview.asked.item_id == 2
    assert preview.asked.words == "red car"
    assert 1200 <= preview.asked.side <= 1600
    preview.answer(preview.model.hit(1), camera="Canon EOS 80D")
    qtbot.waitUntil(lambda: has_picture(preview))
    assert preview.facts["Camera"] == "Canon EOS 80D"
    assert preview.facts["Path"] == "/pictures/holiday 00001.jpg"
    assert preview.facts["Score"] == "0.350"


def test_left_and_right_step_through_the_results_and_stop_at_the_ends(
    qtbot: QtBot, preview: Preview, hits: MakeHits
) -> None:
    preview.model.reset(hits(2), has_more=False)
    preview.window.show_hit(preview.model, 0, "")
    qtbot.keyClick(preview.window, Key.Key_Right)
    assert preview.asked.item_id == 2
    qtbot.keyClick(preview.window, Key.Key_Right)
    assert preview.asked_often == 2
    qtbot.keyClick(preview.window, Key.Key_Left)
    assert preview.asked.item_id == 1


def test_stepping_near_the_end_asks_for_more_results(qtbot: QtBot, preview: Preview, hits: MakeHits) -> None:
    preview.model.reset(hits(3), has_more=True)
    with qtbot.waitSignal(preview.model.more_wanted):
        preview.window.show_hit(preview.model, 0, "")


def test_stepping_goes_on_from_the_picture_though_results_moved(preview: Preview, hits: MakeHits) -> None:
    preview.model.reset(hits(5), has_more=False)
    preview.window.show_hit(preview.model, 1, "")
    preview.model.reset([*hits(2, start=10), *hits(5)], has_more=False)
    preview.window.step(1)
    assert preview.asked.item_id == 3


def test_a_late_answer_for_a_picture_no_longer_shown_is_ignored(
    qtbot: QtBot, preview: Preview, hits: MakeHits
) -> None:
    preview.model.reset(hits(2), has_more=False)
    preview.window.show_hit(preview.model, 0, "")
    early = preview.asked
    preview.window.step(1)
    preview.answer(preview.model.hit(0), early, problem="an old problem")
    assert preview.problem == ""
    preview.answer(preview.model.hit(1))
    qtbot.waitUntil(lambda: has_picture(preview))
    preview.answer(preview.model.hit(0), early, problem="an old problem")
    preview.client.hear(Failed(early.request_id, "an old failure"))
    assert preview.problem == ""


def test_the_pages_of_a_file_are_turned_and_the_words_marked(
    qtbot: QtBot, preview: Preview, page: Hit
) -> None:
    preview.model.reset([page], has_more=False)
    preview.window.show_hit(preview.model, 0, "tram")
    mark = Region(0.1, 0.1, 0.2, 0.12)
    preview.answer(page, marks=(mark,))
    qtbot.waitUntil(lambda: has_picture(preview))
    assert preview.window._canvas._marks == (mark,)
    qtbot.keyClick(preview.window, Key.Key_PageDown)
    assert preview.asked.part == 4
    assert preview.asked.words == "tram"
    assert preview.window._canvas._marks == ()
    assert "Score" not in preview.facts
    qtbot.keyClick(preview.window, Key.Key_PageDown)
    assert preview.asked_often == 2
    preview.answer(page, item_id=77)
    with qtbot.waitSignal(preview.window.similar_requested) as asked:
        qtbot.waitUntil(lambda: has_picture(preview))
        qtbot.keyClick(preview.window, Key.Key_S)
    similar = asked.args[0]
    assert (similar.item_id, similar.part) == (77, 4)


def test_a_problem_is_a_sentence_in_place(qtbot: QtBot, preview: Preview, hits: MakeHits) -> None:
    preview.model.reset(hits(2), has_more=False)
    preview.window.show_hit(preview.model, 0, "")
    preview.answer(preview.model.hit(0), problem="Its drive is not connected.")
    assert preview.problem == "Its drive is not connected."
    preview.window.step(1)
    assert preview.problem == ""
    preview.client.hear(Failed(preview.asked.request_id, "The engine stopped."))
    assert preview.problem == "The engine stopped."


def test_a_picture_in_the_cloud_is_downloaded_by_a_link_only(
    qtbot: QtBot, preview: Preview, hits: MakeHits
) -> None:
    preview.model.reset(hits(2), has_more=False)
    preview.window.show_hit(preview.model, 0, "")
    assert not preview.asked.download
    link = preview.window._problem._download
    preview.answer(preview.model.hit(0), problem="It is in the cloud.", is_in_the_cloud=True)
    assert link.isVisible()
    qtbot.mouseClick(link, Qt.MouseButton.LeftButton)
    assert preview.asked.download
    assert preview.problem == "Downloading…"
    assert not link.isVisible()
    preview.answer(preview.model.hit(0))
    qtbot.waitUntil(lambda: preview.problem == "")
    preview.window.step(1)
    assert not preview.asked.download
    preview.answer(preview.model.hit(1), problem="Its drive is not connected.")
    assert not link.isVisible()


def test_zooming_beyond_what_is_there_asks_for_more_detail_once(
    qtbot: QtBot, preview: Preview, hits: MakeHits
) -> None:
    preview.model.reset(hits(1), has_more=False)
    preview.window.resize(1000, 700)
    preview.window.show_hit(preview.model, 0, "")
    first = preview.asked.side
    preview.answer(preview.model.hit(0))
    qtbot.waitUntil(lambda: has_picture(preview))
    qtbot.keyClick(preview.window, Key.Key_1)
    qtbot.waitUntil(lambda: preview.asked_often == 2)
    assert first < preview.asked.side <= 4000
    preview.answer(preview.model.hit(0))
    qtbot.keyClick(preview.window, Key.Key_0)
    assert preview.window._canvas.is_fitted


def test_escape_and_space_close_it_and_it_opens_again(qtbot: QtBot, preview: Preview, hits: MakeHits) -> None:
    preview.model.reset(hits(1), has_more=False)
    for key in (Key.Key_Escape, Key.Key_Space):
        preview.window.show_hit(preview.model, 0, "")
        assert preview.window.isVisible()
        qtbot.keyClick(preview.window, key)
        assert not preview.window.isVisible()


def test_it_outlives_the_pane_whose_results_it_shows(qtbot: QtBot, preview: Preview, hits: MakeHits) -> None:
    model = ResultsModel()
    model.reset(hits(3), has_more=False)
    preview.window.show_hit(model, 0, "")
    model.deleteLater()
    qtbot.waitUntil(lambda: preview.window._model is None)
    preview.window.step(1)
    assert preview.asked_often == 1


def test_the_end_of_a_pane_shown_before_is_no_matter(qtbot: QtBot, preview: Preview, hits: MakeHits) -> None:
    before, now = ResultsModel(), ResultsModel()
    for model in (before, now):
        model.reset(hits(3), has_more=False)
        preview.window.show_hit(model, 0, "")
    with qtbot.waitSignal(before.destroyed):
        before.deleteLater()
    asked = preview.asked_often
    preview.window.step(1)
    assert preview.asked_often == asked + 1
    now.deleteLater()
    qtbot.waitUntil(lambda: preview.window._model is None)


@pytest.fixture
def canvas(qtbot: QtBot) -> PreviewCanvas:
    made = PreviewCanvas()
    qtbot.addWidget(made)
    made.resize(416, 316)
    pixmap = QPixmap(800, 600)
    pixmap.fill(Qt.GlobalColor.gray)
    made.show_picture(pixmap, QSizeF(800, 600), keep_view=False)
    made.show()
    return made


def test_a_picture_is_fitted_and_never_blown_up(canvas: PreviewCanvas) -> None:
    assert canvas.zoom == pytest.approx(0.5)
    canvas.show_picture(QPixmap(20, 20), QSizeF(20, 20), keep_view=False)
    assert canvas.zoom == 1.0
    canvas.set_may_grow(True)
    assert canvas.zoom > 10


def test_zooming_keeps_the_point_under_the_mouse(canvas: PreviewCanvas) -> None:
    at = QPointF(150, 120)

    def under() -> tuple[float, float]:
        rect = canvas.picture_rect()
        return (at.x() - rect.x()) / rect.width(), (at.y() - rect.y()) / rect.height()

    before = under()
    canvas.zoom_to(2.0, at)
    assert under() == pytest.approx(before, abs=1e-6)


def test_a_zoomed_picture_is_moved_by_the_mouse_but_not_out_of_sight(
    qtbot: QtBot, canvas: PreviewCanvas
) -> None:
    canvas.zoom_to(2.0)
    before = canvas.picture_rect().topLeft()
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=QPoint(100, 100))
    qtbot.mouseMove(canvas, QPoint(130, 140))
    assert canvas.picture_rect().topLeft() - before == QPointF(30, 40)
    qtbot.mouseMove(canvas, QPoint(9000, 9000))
    assert canvas.picture_rect().topLeft() == QPointF(0, 0)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=QPoint(130, 140))
