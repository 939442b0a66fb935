"""Tests of hit groups: headings, and possible matches, which are left out, offered and appended on request."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from helpers.pane_parts import PaneParts, answer, searches
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QPalette
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.domain.queries import Group, Hit, Sort
from imagefinder.ipc.messages import Failed, ModelChanged, ModelState, MoreHits
from imagefinder.ui.query.search_state import PaneState, PictureTerm
from imagefinder.ui.results.results_view import ResultsView
from imagefinder.ui.search.search_pane import SearchPane


@pytest.fixture
def pane(qtbot: QtBot, client: FakeClient, tmp_path: Path) -> Iterator[SearchPane]:
    parts = PaneParts(client, tmp_path)
    made = parts.make(1)
    qtbot.addWidget(made)
    made.resize(700, 600)
    made.show()
    yield made
    made.close_pane()
    parts.close()


def likely(hits: Sequence[Hit]) -> list[Hit]:
    return [hit._replace(relevance=0.9) for hit in hits]


def rest(hits: Sequence[Hit]) -> list[Hit]:
    return [hit._replace(relevance=0.05, group=Group.POSSIBLE) for hit in hits]


def by_words(hits: Sequence[Hit]) -> list[Hit]:
    return [hit._replace(relevance=1.0, text_score=1.0, group=Group.WORDS) for hit in hits]


def ids(pane: SearchPane) -> list[int]:
    return [pane.model.hit(row).item_id for row in range(pane.model.rowCount())]


def ask(pane: SearchPane, client: FakeClient, found: Sequence[Hit], **more: object) -> None:
    pane.restore(PaneState(text="cat"))
    answer(client, searches(client, pane)[-1], found, **({"has_rest": True} | more))


def is_offered(pane: SearchPane) -> bool:
    return pane.view.isVisible() and pane.view.low_relevance_bar.isVisible()


def test_the_rest_is_offered_only_where_something_was_left_out(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, likely(hits(5)), has_rest=False)
    assert not is_offered(pane)
    ask(pane, client, likely(hits(5)))
    assert is_offered(pane)


def test_the_offer_stands_below_the_last_result_and_scrolls_with_it(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, likely(hits(40)))
    view = pane.view
    qtbot.waitUntil(lambda: view.verticalScrollBar().maximum() > 0)
    for value in (0, 300, view.verticalScrollBar().maximum()):
        view.verticalScrollBar().setValue(value)
        last = view.visualRect(pane.model.index(39, 0))
        assert view.low_relevance_bar.geometry().top() == last.bottom() + 1
    assert view.low_relevance_bar.geometry().bottom() == view.viewport().rect().bottom()


def test_nothing_is_offered_before_the_end_of_the_list(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, likely(hits(200)), has_more=True, has_rest=False)
    assert not is_offered(pane)
    pane.model.fetchMore(pane.view.rootIndex())
    answer(client, searches(client, pane)[-1], likely(hits(20, start=200)), offset=200, has_rest=True)
    assert is_offered(pane)


def test_the_rest_follows_and_nothing_that_was_shown_moves(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    found = likely(hits(30))
    ask(pane, client, found)
    bar = pane.view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(bar.maximum())
    pane.view.selectionModel().select(pane.model.index(29, 0), QItemSelectionModel.SelectionFlag.Select)
    before = pane.view.visualRect(pane.model.index(29, 0))

    qtbot.mouseClick(pane.view.low_relevance_bar.button, Qt.MouseButton.LeftButton)
    question = searches(client, pane)[-1]
    assert question.query.include_rest
    with qtbot.assertNotEmitted(pane.model.modelReset):
        answer(client, question, [*found, *rest(hits(100, start=30))], has_more=True)

    assert pane.view.visualRect(pane.model.index(29, 0)) == before
    assert [index.row() for index in pane.view.selectedIndexes()] == [29]
    assert ids(pane) == list(range(1, 131))
    assert not is_offered(pane)
    assert pane.tools.count_text == "30 results, then possible matches · ViT-B-32"


def test_the_rest_begins_below_a_line_of_its_own(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    found = likely(hits(5))
    ask(pane, client, found)
    pane.view.low_relevance_bar.button.click()
    answer(client, searches(client, pane)[-1], [*found, *rest(hits(9, start=5))])
    first, last = (pane.view.visualRect(pane.model.index(row, 0)) for row in (5, 4))
    assert first.left() == 0
    assert first.top() > last.bottom() + 20
    assert pane.view.indexAt(first.center()).row() == 5
    assert "Possible matches" in pane.model.index(5, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "Possible matches" not in pane.model.index(4, 0).data(Qt.ItemDataRole.AccessibleTextRole)


def test_the_rest_of_more_than_is_asked_for_at_once_is_paged_on_from_where_the_list_ended(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, likely(hits(200)), has_more=True, has_rest=False)
    for offset in range(200, 1400, 200):
        pane.model.fetchMore(pane.view.rootIndex())
        page = likely(hits(200, start=offset))
        is_end = offset == 1200
        answer(client, searches(client, pane)[-1], page, offset=offset, has_more=not is_end, has_rest=is_end)
    pane.view.low_relevance_bar.button.click()
    question = searches(client, pane)[-1]
    answer(client, question, likely(hits(question.count)), has_more=True)
    assert pane.model.rowCount() == 1400
    pane.model.fetchMore(pane.view.rootIndex())
    more = client.last(MoreHits)
    assert (more.request_id, more.offset) == (question.request_id, 1400)


def test_another_question_is_cut_again_but_another_order_is_not(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, likely(hits(5)))
    pane.view.low_relevance_bar.button.click()
    answer(client, searches(client, pane)[-1], [*likely(hits(5)), *rest(hits(5, start=5))])
    pane.restore(PaneState(text="cat", sort=Sort.DATE))
    assert searches(client, pane)[-1].query.include_rest
    pane.restore(PaneState(text="dog"))
    assert not searches(client, pane)[-1].query.include_rest
    pane.restore(PaneState(text="cat"))
    assert not searches(client, pane)[-1].query.include_rest


def test_where_nothing_is_likely_that_is_said_and_the_rest_can_be_had(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, ())
    assert pane.message.heading == "No good matches"
    with qtbot.waitSignal(pane.message.rest_wanted):
        pane.message.rest_button.click()
    answer(client, searches(client, pane)[-1], rest(hits(5)))
    assert pane.view.isVisible()
    assert pane.model.rowCount() == 5
    assert pane.tools.count_text == "Possible matches · ViT-B-32"


def test_a_picture_that_nothing_is_like_is_not_asked_what_it_shows(
    pane: SearchPane, client: FakeClient, pictures: Path
) -> None:
    pane.restore(PaneState((PictureTerm.of_file(pictures / "red.png"),)))
    answer(client, searches(client, pane)[-1], (), has_rest=True)
    assert pane.message.heading == "No similar pictures"
    assert pane.message.rest_button.isVisible()


def test_nothing_found_at_all_offers_no_rest(pane: SearchPane, client: FakeClient) -> None:
    ask(pane, client, (), has_rest=False)
    assert pane.message.heading == "No results"
    assert not pane.message.rest_button.isVisible()


def test_a_rest_that_cannot_be_had_is_said_and_offered_still(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, likely(hits(5)))
    pane.view.low_relevance_bar.button.click()
    with qtbot.waitSignal(pane.problem) as caught:
        client.hear(Failed(searches(client, pane)[-1].request_id, "It stopped."))
    assert caught.args == ["It stopped."]
    assert is_offered(pane)
    assert pane.model.rowCount() == 5
    asked = len(searches(client, pane))
    pane.view.low_relevance_bar.button.click()
    assert len(searches(client, pane)) == asked + 1


def test_the_offer_can_be_reached_and_left_by_keyboard(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, likely(hits(40)))
    bar = pane.view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    pane.activateWindow()
    pane.view.setFocus()
    qtbot.keyClick(pane.view, Qt.Key.Key_Tab)
    button = pane.view.low_relevance_bar.button
    qtbot.waitUntil(button.hasFocus)
    assert bar.value() == bar.maximum(), "it is to be seen"
    qtbot.keyClick(button, Qt.Key.Key_Up)
    qtbot.waitUntil(pane.view.hasFocus)
    button.setFocus()
    qtbot.keyClick(button, Qt.Key.Key_Return)
    answer(client, searches(client, pane)[-1], [*likely(hits(40)), *rest(hits(9, start=40))])
    qtbot.waitUntil(pane.view.hasFocus)
    qtbot.keyClick(pane.view, Qt.Key.Key_Down)
    assert pane.view.currentIndex().row() >= 40


def test_results_at_rest_are_asked_again_of_the_new_model(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, likely(hits(5)))
    client.model = ModelChanged(ModelState.READY, "ViT-L-14/openai")
    client.model_changed.emit(client.model)
    assert len(searches(client, pane)) == 2
    answer(client, searches(client, pane)[-1], likely(hits(5)), model="ViT-L-14/openai")
    assert pane.tools.count_text == "5 results · ViT-L-14"
    assert pane.status_text == ""


def test_results_in_hand_stay_and_another_model_is_offered(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, likely(hits(5)))
    pane.view.setCurrentIndex(pane.model.index(3, 0))
    client.model = ModelChanged(ModelState.READY, "ViT-L-14/openai")
    client.model_changed.emit(client.model)
    pane.search._refresh_timer.timeout.emit()
    assert len(searches(client, pane)) == 1
    assert pane.status_text == "Found by ViT-B-32"
    assert pane.tools.count_text == "5 results · ViT-B-32"
    assert pane._status.action == "Search with ViT-L-14"

    pane._status.action_wanted.emit()
    answer(client, searches(client, pane)[-1], likely(hits(4, start=7)), model="ViT-L-14/openai")
    assert ids(pane) == [8, 9, 10, 11]
    assert (pane.status_text, pane._status.action) == ("", "")


def test_results_let_go_of_are_asked_again_by_themselves(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, likely(hits(5)))
    pane.view.setCurrentIndex(pane.model.index(3, 0))
    client.model = ModelChanged(ModelState.READY, "ViT-L-14/openai")
    client.model_changed.emit(client.model)
    pane.view.clearSelection()
    pane.search._refresh_timer.timeout.emit()
    assert len(searches(client, pane)) == 2


def three_groups(pane: SearchPane, client: FakeClient, hits: MakeHits) -> ResultsView:
    """Show two hits by words, thirty matches and nine possible matches; return the view."""
    found = [*by_words(hits(2)), *likely(hits(30, start=2)), *rest(hits(9, start=32))]
    ask(pane, client, found, has_rest=False)
    pane.activateWindow()
    pane.view.setFocus()
    return pane.view


def test_each_group_begins_on_a_line_of_its_own_below_its_heading(
    pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    view = three_groups(pane, client, hits)
    assert view.grid.headed == (0, 2, 32)
    for row in view.grid.headed:
        heading, cell = view.grid.heading_rect(row, view.viewport().width()), view.grid.rect(row)
        assert (cell.left(), cell.top()) == (0, heading.bottom() + 1)
        assert row == 0 or heading.top() > view.grid.rect(row - 1).bottom()


def test_one_group_alone_has_no_heading(pane: SearchPane, client: FakeClient, hits: MakeHits) -> None:
    for found in (likely(hits(5)), by_words(hits(5)), rest(hits(5))):
        ask(pane, client, found, has_rest=False)
        assert pane.view.grid.headed == ()
        assert pane.view.visualRect(pane.model.index(0, 0)).top() == 0


def test_headings_are_painted_where_they_stand_however_it_was_scrolled(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    view = three_groups(pane, client, hits)
    bar = view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    background = view.palette().color(QPalette.ColorRole.Base).rgb()

    def ink(row: int) -> int:
        """Return the number of pixels of the heading above a row that are not background."""
        room = view.grid.heading_rect(row, view.viewport().width()).translated(0, -bar.value())
        picture = view.viewport().grab(room).toImage()
        spots = ((x, y) for x in range(picture.width()) for y in range(picture.height()))
        return sum(picture.pixel(*spot) != background for spot in spots)

    at_first = {row: ink(row) for row in (0, 2)}
    assert all(count > 300 for count in at_first.values())
    view.scrollTo(pane.model.index(33, 0))
    assert ink(32) > 300
    bar.setValue(0)
    assert {row: ink(row) for row in (0, 2)} == at_first


def test_arrows_lead_from_group_to_group_and_show_the_heading(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    view = three_groups(pane, client, hits)
    view.setCurrentIndex(pane.model.index(1, 0))
    qtbot.keyClick(view, Qt.Key.Key_Down)
    assert view.currentIndex().row() == 3, "the same column"
    qtbot.keyClick(view, Qt.Key.Key_End)
    assert view.currentIndex().row() == 40
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum()
    for _ in range(40):
        qtbot.keyClick(view, Qt.Key.Key_Left)
    assert view.currentIndex().row() == 0
    assert bar.value() == 0, "the heading is seen too"


def test_a_selection_reaches_over_headings_and_a_click_on_one_ends_it(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    view = three_groups(pane, client, hits)
    middle = [view.visualRect(pane.model.index(row, 0)).center() for row in range(4)]
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=middle[1])
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, shift, pos=middle[3])
    assert sorted(index.row() for index in view.selectedIndexes()) == [1, 2, 3]
    heading = view.grid.heading_rect(2, view.viewport().width()).center()
    qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=heading)
    assert view.selectedIndexes() == []


def test_headings_that_come_with_a_later_page_move_nothing(
    qtbot: QtBot, pane: SearchPane, client: FakeClient, hits: MakeHits
) -> None:
    ask(pane, client, likely(hits(200)), has_more=True, has_rest=False)
    view, bar = pane.view, pane.view.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    bar.setValue(500)
    before = view.visualRect(pane.model.index(20, 0))
    pane.model.fetchMore(view.rootIndex())
    answer(client, searches(client, pane)[-1], by_words(hits(3, start=200)), offset=200)
    assert view.grid.headed == (0, 200)
    assert view.visualRect(pane.model.index(20, 0)) == before
