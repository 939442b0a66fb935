"""Tests of the Qt model of results: its data, and its requests for more."""

import os
from pathlib import Path

import pytest
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.qtbot import QtBot
from ui.conftest import MakeHits

from imagefinder.domain.items import ItemKind
from imagefinder.domain.queries import Group, Sort
from imagefinder.ui import formatting
from imagefinder.ui.results.results_model import ResultsModel

ROOT = QModelIndex()


def test_more_hits_are_asked_for_once_until_they_came(qtbot: QtBot, hits: MakeHits) -> None:
    model = ResultsModel()
    asked: list[int] = []
    model.more_wanted.connect(asked.append)
    model.reset(hits(10), has_more=True)
    model.fetchMore(ROOT)
    model.fetchMore(ROOT)
    assert asked == [10]
    assert not model.canFetchMore(ROOT)

    model.append(hits(5, start=10), has_more=True)
    model.fetchMore(ROOT)
    assert asked == [10, 15]

    model.append((), has_more=False)
    model.fetchMore(ROOT)
    assert asked == [10, 15]
    assert model.rowCount() == 15


def test_what_was_hidden_here_does_not_shift_the_offset_of_the_next_hits(
    qtbot: QtBot, hits: MakeHits
) -> None:
    model = ResultsModel()
    asked: list[int] = []
    model.more_wanted.connect(asked.append)
    model.reset(hits(10), has_more=True)
    model.remove({2, 3, 10})
    assert [model.hit(row).item_id for row in range(model.rowCount())] == [1, 4, 5, 6, 7, 8, 9]
    model.fetchMore(ROOT)
    assert asked == [10]


def test_a_row_is_found_by_its_item(qtbot: QtBot, hits: MakeHits) -> None:
    model = ResultsModel()
    model.reset(hits(5), has_more=False)
    assert model.row_of(4) == 3
    assert model.row_of(4, near=3) == 3
    assert model.row_of(99) == -1


def test_a_screen_reader_hears_name_page_and_score(qtbot: QtBot, hits: MakeHits) -> None:
    model = ResultsModel()
    page = hits(1)[0]._replace(file="/docs/report.pdf", part=3, parts=12, kind=ItemKind.PAGE, offline=True)
    model.reset([page], has_more=False)
    spoken = model.index(0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert "report.pdf" in spoken
    assert "page 3" in spoken
    assert "0.350" in spoken
    assert "not connected" in spoken


def test_the_tooltip_tells_the_whole_path_and_the_facts(qtbot: QtBot, hits: MakeHits) -> None:
    model = ResultsModel()
    model.reset([hits(1)[0]._replace(copies=2, taken_at="1998-07-03 11:22:33", hidden=True)], has_more=False)
    tooltip = model.index(0).data(Qt.ItemDataRole.ToolTipRole)
    assert "/pictures/holiday 00000.jpg" in tooltip
    assert "1998" in tooltip
    assert "4,000 × 3,000" in tooltip
    assert "Hidden" in tooltip


def test_a_card_has_the_date_the_size_or_the_score(hits: MakeHits) -> None:
    found = hits(1)[0]._replace(taken_at="2019-07-14 18:30:00", size=3 * 1024 * 1024)
    assert "2019" in formatting.key_fact(found, Sort.DATE)
    assert "2023" in formatting.key_fact(found._replace(taken_at=None), Sort.DATE)
    assert formatting.key_fact(found, Sort.SIZE) == "3.0 MB"
    for sort in (Sort.RELEVANCE, Sort.NAME):
        assert formatting.key_fact(found, sort) == formatting.score(found)


@pytest.mark.skipif(os.name != "posix", reason="only there are file names bytes")
def test_a_name_that_is_no_text_keeps_its_bytes_when_it_leaves_the_window(
    qtbot: QtBot, hits: MakeHits
) -> None:
    model = ResultsModel()
    path = Path(os.fsdecode(b"/pictures/caf\xe9.jpg"))
    model.reset([hits(1)[0]._replace(file=str(path))], has_more=False)
    assert "�" in model.index(0).data()
    mime = model.mimeData([model.index(0)])
    assert b"file:///pictures/caf%E9.jpg" in bytes(mime.data("text/uri-list").data())


def test_two_pages_of_a_file_leave_as_one_file(qtbot: QtBot, hits: MakeHits) -> None:
    model = ResultsModel()
    first = hits(1)[0]
    model.reset([first, first._replace(item_id=2, part=2)], has_more=False)
    assert len(model.mimeData([model.index(0), model.index(1)]).urls()) == 1
    assert model.supportedDragActions() == Qt.DropAction.CopyAction


def test_hits_that_stand_together_go_together(qtbot: QtBot, hits: MakeHits) -> None:
    model = ResultsModel()
    model.reset(hits(1000), has_more=False)
    removals: list[tuple[int, int]] = []
    model.rowsRemoved.connect(lambda _parent, first, last: removals.append((first, last)))
    model.remove({1, 2, 3, 500, *range(900, 1001)})
    assert removals == [(899, 999), (499, 499), (0, 2)]
    assert [model.hit(row).item_id for row in range(model.rowCount())] == [
        number for number in range(4, 900) if number != 500
    ]


def test_relevance_is_shown_first_and_the_cosine_in_the_details(hits: MakeHits) -> None:
    found = hits(1)[0]._replace(score=0.312, relevance=0.918)
    assert formatting.score(found) == "92%"
    assert formatting.score(found._replace(text_score=1.0)) == "92% · words match"
    assert "Relevance 92% · similarity 0.31" in formatting.tooltip_lines(found)
    assert formatting.score_facts(found) == [("Relevance", "92%"), ("Similarity", "0.31")]


def test_without_a_relevance_the_cosine_is_shown(hits: MakeHits) -> None:
    found = hits(1)[0]._replace(score=0.312)
    assert formatting.score(found) == "0.312"
    assert "Score 0.312" in formatting.tooltip_lines(found)
    assert formatting.score_facts(found) == [("Score", "0.312")]


def test_what_words_alone_found_shows_how_many_of_them_it_has(hits: MakeHits) -> None:
    found = hits(1)[0]._replace(score=0.0, text_score=0.5, relevance=0.5, group=Group.WORDS)
    assert formatting.score(found) == "50% of the words"
    assert "50% of the words found in the name or on the page" in formatting.tooltip_lines(found)
    assert formatting.score_facts(found) == [("Match", "50% of the words")]
    near = found._replace(score=0.312)
    assert formatting.score_facts(near) == [("Match", "50% of the words"), ("Similarity", "0.31")]


def test_groups_begin_where_the_first_hit_of_each_stands(qtbot: QtBot, hits: MakeHits) -> None:
    model = ResultsModel()
    assert (model.group_rows, model.found_count) == ([], 0)
    model.reset(hits(3), has_more=True)
    assert (model.group_rows, model.found_count) == ([0], 3)
    model.append([hit._replace(group=Group.WORDS) for hit in hits(2, start=3)], has_more=True)
    assert (model.group_rows, model.found_count) == ([0, 3], 5)
    model.append([hit._replace(group=Group.POSSIBLE) for hit in hits(4, start=5)], has_more=False)
    assert (model.group_rows, model.found_count) == ([0, 3, 5], 5)
    model.remove({1, 4, 6})
    assert (model.group_rows, model.found_count) == ([0, 2, 3], 3)
    model.remove({2, 3, 5})
    assert (model.group_rows, model.found_count) == ([0], 0)


def test_screen_readers_are_told_the_group_where_there_are_several(qtbot: QtBot, hits: MakeHits) -> None:
    def spoken(row: int) -> str:
        return str(model.index(row, 0).data(Qt.ItemDataRole.AccessibleTextRole))

    model = ResultsModel()
    model.reset([hit._replace(relevance=0.9) for hit in hits(1)], has_more=False)
    assert spoken(0) == "holiday 00000.jpg, relevance 90%"
    word = hits(1, start=1)[0]._replace(relevance=1.0, group=Group.WORDS)
    model.append([word, *(hit._replace(group=Group.POSSIBLE) for hit in hits(1, start=2))], has_more=False)
    assert spoken(0) == "holiday 00000.jpg, relevance 90%, Matches"
    assert spoken(1) == "holiday 00001.jpg, 100% of the words, Words in names and on pages"
    assert spoken(2).endswith("Possible matches")
