"""Tests of panes in tabs and side by side."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.fake_client import FakeClient
from helpers.pane_parts import PaneParts, answer, searches
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QDropEvent
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.ipc.messages import ClosePane
from imagefinder.ui.query.search_state import PaneState, PictureTerm
from imagefinder.ui.search.pane_area import PaneArea
from imagefinder.ui.search.pane_group import PaneGroup
from imagefinder.ui.search.pane_tabs import pane_mime
from imagefinder.ui.search.search_pane import SearchPane


@pytest.fixture
def area(qtbot: QtBot, client: FakeClient, tmp_path: Path) -> Iterator[PaneArea]:
    parts = PaneParts(client, tmp_path)
    made = PaneArea(parts.make)
    qtbot.addWidget(made)
    made.resize(1000, 600)
    made.show()
    yield made
    made.stop()
    parts.close()


def words(area: PaneArea) -> list[list[str]]:
    return [[pane.bar.text() for pane in group] for group in area.groups()]


def group_at(area: PaneArea, at: int) -> PaneGroup:
    return area._groups[at]


def drop_pane(area: PaneArea, pane: SearchPane, group: PaneGroup, at: QPoint) -> None:
    mime = pane_mime(area._token, pane.pane_id)  # the event does not own it
    event = QDropEvent(
        QPointF(at),
        Qt.DropAction.MoveAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    group.dropEvent(event)


@pytest.fixture
def abc(area: PaneArea) -> list[SearchPane]:
    """Return three panes in one group."""
    area.current_pane().restore(PaneState(text="a"))
    return [area.current_pane(), *(area.new_pane(PaneState(text=text)) for text in "bc")]


def test_there_is_a_pane_from_the_beginning(area: PaneArea) -> None:
    assert words(area) == [[""]]


def test_new_panes_stand_in_tabs_or_beside(area: PaneArea, abc: list[SearchPane]) -> None:
    area.new_pane(PaneState(text="d"), beside=True)
    assert words(area) == [["a", "b", "c"], ["d"]]
    assert area.current_pane().bar.text() == "d"


def test_the_last_pane_of_a_group_takes_the_group_with_it(area: PaneArea, abc: list[SearchPane]) -> None:
    beside = area.new_pane(PaneState(text="d"), beside=True)
    area.close_pane(beside)
    assert words(area) == [["a", "b", "c"]]
    assert area.current_pane() is abc[2]


def test_the_very_last_pane_is_emptied_instead(area: PaneArea) -> None:
    pane = area.current_pane()
    pane.restore(PaneState(text="a"))
    area.close_current()
    assert area.panes() == [pane]
    assert pane.state().is_empty


def test_a_closed_pane_is_told_to_the_engine(
    area: PaneArea, client: FakeClient, abc: list[SearchPane]
) -> None:
    area.close_pane(abc[1])
    assert client.sent[-1] == ClosePane(abc[1].pane_id)
    assert words(area) == [["a", "c"]]


def test_a_tab_dropped_at_the_right_edge_stands_beside(area: PaneArea, abc: list[SearchPane]) -> None:
    drop_pane(area, abc[0], group_at(area, 0), QPoint(980, 300))
    assert words(area) == [["b", "c"], ["a"]]


def test_a_tab_dropped_at_the_left_edge_stands_before(area: PaneArea, abc: list[SearchPane]) -> None:
    drop_pane(area, abc[2], group_at(area, 0), QPoint(10, 300))
    assert words(area) == [["c"], ["a", "b"]]


def test_a_tab_dropped_on_another_group_moves_there(area: PaneArea, abc: list[SearchPane]) -> None:
    area.new_pane(PaneState(text="d"), beside=True)
    other = group_at(area, 1)
    drop_pane(area, abc[1], other, QPoint(other.width() // 2, 300))
    assert words(area) == [["a", "c"], ["d", "b"]]
    assert area.current_pane() is abc[1]


def test_a_tab_dropped_along_its_bar_changes_its_place(area: PaneArea, abc: list[SearchPane]) -> None:
    group = group_at(area, 0)
    drop_pane(area, abc[2], group, group.tabs.mapTo(group, QPoint(2, 10)))
    assert words(area) == [["c", "a", "b"]]


def test_a_tab_of_another_window_is_not_taken(area: PaneArea, abc: list[SearchPane]) -> None:
    mime = pane_mime("elsewhere", abc[0].pane_id)
    event = QDropEvent(
        QPointF(980, 300),
        Qt.DropAction.MoveAction,
        mime,
        Qt.MouseButton.LeftButton,
        Qt.KeyboardModifier.NoModifier,
    )
    group_at(area, 0).dropEvent(event)
    assert words(area) == [["a", "b", "c"]]


def test_whoever_is_told_of_another_pane_finds_the_panes_in_order(
    area: PaneArea, abc: list[SearchPane]
) -> None:
    told: list[SearchPane] = []

    def look() -> None:
        assert all(area.groups()), "a group is empty"
        assert area.current_pane() in area.panes()
        for group in area._groups:
            ids = [group.tabs.tabData(at) for at in range(group.tabs.count())]
            assert ids == [pane.pane_id for pane in group.panes()]
            assert group._stack.currentWidget() is group.current()
        told.append(area.current_pane())

    area.current_changed.connect(look)
    area.resize(3000, 600)
    numbers = random.Random(7)
    for _ in range(150):
        pane, target = numbers.choice(area.panes()), numbers.choice(area._groups)
        match numbers.randrange(6):
            case 0:
                area.new_pane(PaneState(text="x"), beside=numbers.random() < 0.5)
            case 1 if len(area.panes()) > 3:
                area.close_pane(pane)
            case 2:
                area.show_pane(pane)
            case 3:
                area.step(numbers.choice((-1, 1)))
            case _:
                x = numbers.choice((2, target.width() // 2, target.width() - 2))
                drop_pane(area, pane, target, QPoint(x, numbers.choice((10, 300))))
        look()
    assert len(set(told)) > 10


def test_a_tab_whose_pane_was_closed_while_it_was_dragged_is_dropped_in_vain(
    area: PaneArea, abc: list[SearchPane]
) -> None:
    area.close_pane(abc[1])
    for at in (QPoint(980, 300), QPoint(500, 300)):
        drop_pane(area, abc[1], group_at(area, 0), at)
    assert words(area) == [["a", "c"]]


def test_middle_click_closes_a_tab(qtbot: QtBot, area: PaneArea, abc: list[SearchPane]) -> None:
    tabs = group_at(area, 0).tabs
    qtbot.mouseClick(tabs, Qt.MouseButton.MiddleButton, pos=tabs.tabRect(0).center())
    assert words(area) == [["b", "c"]]


def test_ctrl_tab_goes_round(qtbot: QtBot, area: PaneArea, abc: list[SearchPane]) -> None:
    area.activateWindow()
    qtbot.waitUntil(area.isActiveWindow)
    area.current_pane().focus_query()
    control, shift = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(area.focusWidget(), Qt.Key.Key_Tab, control)
    assert area.current_pane() is abc[0]
    qtbot.keyClick(area.focusWidget(), Qt.Key.Key_Backtab, control | shift)
    assert area.current_pane() is abc[2]


def test_the_split_button_opens_an_empty_pane_beside(area: PaneArea, abc: list[SearchPane]) -> None:
    abc[2].tools.split_wanted.emit()
    assert words(area) == [["a", "b", "c"], [""]]


def test_where_there_is_no_room_beside_a_new_pane_is_a_tab_and_that_is_said(
    qtbot: QtBot, area: PaneArea, abc: list[SearchPane]
) -> None:
    area.new_pane(PaneState(text="d"), beside=True)
    area.new_pane(PaneState(text="e"), beside=True)
    with qtbot.waitSignal(area.notice) as caught:
        abc[2].tools.split_wanted.emit()
    assert "isn't enough space" in caught.args[0]
    assert words(area) == [["a", "b", "c", ""], ["d"], ["e"]]
    assert area.width() == 1000

    with qtbot.waitSignal(area.notice):
        drop_pane(area, abc[1], group_at(area, 0), QPoint(5, 300))
    assert words(area) == [["a", "b", "c", ""], ["d"], ["e"]]
    # A pane that is alone in its group can move, because its group is removed.
    drop_pane(area, area.panes()[-1], group_at(area, 0), QPoint(5, 300))
    assert words(area) == [["e"], ["a", "b", "c", ""], ["d"]]


def test_items_of_another_library_are_left_out_when_panes_come_back(area: PaneArea) -> None:
    item, file = PictureTerm(Path("/p/a.png"), 7, "", "a"), PictureTerm.of_file(Path("/p/b.png"))
    states = [PaneState(terms=terms) for terms in ((item,), (item, file), ())]
    saved = {"groups": [{"panes": [state.to_json() for state in states], "current": 2}]}
    area.restore(saved, with_items=False)
    assert [pane.bar.terms() for pane in area.panes()] == [(file,), ()]
    area.restore(saved)
    assert [pane.bar.terms() for pane in area.panes()] == [(item,), (item, file), ()]


def test_what_is_hidden_in_one_pane_goes_from_all_and_an_answer_on_its_way_does_not_bring_it_back(
    area: PaneArea, client: FakeClient, abc: list[SearchPane], hits: MakeHits
) -> None:
    first, second, _ = abc
    for pane in (first, second):
        answer(client, searches(client, pane)[-1], hits(3))
    second.search.ask_again()
    asked = len(searches(client, second))
    first.view.hide_requested.emit([first.model.hit(0)], True)
    assert [pane.model.rowCount() for pane in (first, second)] == [2, 2]
    # This answer was requested before the picture was hidden and still contains it; the next one does not.
    answer(client, searches(client, second)[-1], hits(3))
    assert second.model.rowCount() == 2
    assert len(searches(client, second)) == asked + 1
    answer(client, searches(client, second)[-1], hits(2, start=1))
    assert [second.model.hit(row).item_id for row in range(2)] == [2, 3]


def test_a_tab_is_called_after_what_its_pane_looks_for(area: PaneArea) -> None:
    area.current_pane().restore(PaneState(text="cats & dogs"))
    tabs = group_at(area, 0).tabs
    assert tabs.tabText(0) == "cats && dogs"
    assert tabs.tabToolTip(0) == "cats & dogs"


def test_panes_come_back_as_they_were(area: PaneArea, abc: list[SearchPane]) -> None:
    area.new_pane(PaneState(text="d"), beside=True)
    area.show_pane(abc[1])
    saved = json.loads(json.dumps(area.save()))
    area.restore({"groups": [{"panes": [PaneState(text="x").to_json()]}]})
    assert words(area) == [["x"]]
    area.restore(saved)
    assert words(area) == [["a", "b", "c"], ["d"]]
    assert area.current_pane().bar.text() == "b"


@pytest.mark.parametrize(
    "damaged",
    [
        {},
        {"groups": None},
        {"groups": [None, 3, {}]},
        {"groups": [{"panes": "x"}], "sizes": 1, "active": "x"},
    ],
)
def test_what_is_damaged_leaves_the_panes_alone(
    area: PaneArea, abc: list[SearchPane], damaged: dict[str, object]
) -> None:
    area.restore(damaged)
    assert words(area) == [["a", "b", "c"]]


def test_signals_of_every_pane_come_through(qtbot: QtBot, area: PaneArea, abc: list[SearchPane]) -> None:
    with qtbot.waitSignal(area.notice) as caught:
        abc[0].notice.emit("hello")
    assert caught.args == ["hello"]
    with qtbot.waitSignal(area.folders_dropped):
        abc[1].folders_dropped.emit([Path("/p")])


def test_panes_side_by_side_keep_their_widths_however_often_the_window_is_made_anew(
    area: PaneArea, qtbot: QtBot, client: FakeClient, tmp_path: Path
) -> None:
    area.resize(1300, 600)
    area.new_pane(PaneState(text="b"), beside=True)
    saved = area.save()
    parts = PaneParts(client, tmp_path)
    again = PaneArea(parts.make)
    qtbot.addWidget(again)
    again.restore(saved)
    again.resize(1300, 600)
    again.show()
    assert again.save()["sizes"] == saved["sizes"]
    again.stop()
    parts.close()
