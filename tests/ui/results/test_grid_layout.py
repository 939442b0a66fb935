"""Tests of the grid's geometry, with one section and with several."""

import pytest
from PySide6.QtCore import QPoint, QRect, QSize

from imagefinder.ui.results.grid_layout import GridLayout

CELL = QSize(100, 80)
HEADED = [
    (),
    (0,),
    (0, 1),
    (0, 3),
    (0, 4),
    (0, 7),
    (0, 8),
    (0, 10),
    (0, 5, 6),
    (0, 4, 8),
    (0, 1, 9),
    (3,),
    (4, 7),
]


def brute_rects(layout: GridLayout, count: int) -> list[tuple[int, int]]:
    """Return the top left corners of all cells, computed one after the other."""
    corners, x, y = [], 0, 0
    for row in range(count):
        if row in layout.headed:
            y += (CELL.height() if x else 0) + layout.heading
            x = 0
        if x == layout.columns:
            x, y = 0, y + CELL.height()
        corners.append((x * CELL.width(), y))
        x += 1
    return corners


@pytest.mark.parametrize("headed", HEADED)
@pytest.mark.parametrize("columns", [1, 3, 4])
def test_every_cell_lies_after_the_one_before_it(columns: int, headed: tuple[int, ...]) -> None:
    layout = GridLayout(columns, CELL, 8, headed, 40)
    corners = brute_rects(layout, 11)
    assert [layout.rect(row).topLeft().toTuple() for row in range(11)] == corners
    assert layout.height(11) == corners[-1][1] + CELL.height()
    for row, (x, y) in enumerate(corners):
        middle = QPoint(x, y) + QPoint(50, 40)
        assert layout.row_at(middle, 11) == row
        assert layout.nearest_row(middle, 11) == row
        assert layout.row_at(QPoint(x + 1, y + 40), 11) == -1, "the gap between two cards belongs to neither"


@pytest.mark.parametrize("headed", HEADED)
def test_all_rows_that_are_seen_are_told_and_hardly_more(headed: tuple[int, ...]) -> None:
    layout = GridLayout(4, CELL, 8, headed, 40)
    for top in range(-20, 500, 7):
        for height in (1, 60, 200):
            told = layout.rows_between(top, top + height, 14)
            seen = [
                row
                for row in range(14)
                if layout.rect(row).top() < top + height and layout.rect(row).top() + 80 > top
            ]
            assert set(seen) <= set(told)
            assert len(told) - len(seen) <= 4, "at most the line below a heading"


def test_a_heading_belongs_to_no_item_and_stands_above_its_section() -> None:
    layout = GridLayout(4, CELL, 8, (0, 5), 40)  # == / 0 1 2 3 / 4 // == // 5 6 7 8 / 9 10
    assert layout.heading_rect(0, 400) == QRect(0, 0, 400, 40)
    assert layout.heading_rect(5, 400) == QRect(0, 200, 400, 40)
    for y, following in ((20, 0), (220, 5)):
        assert layout.row_at(QPoint(50, y), 11) == -1
        assert layout.nearest_row(QPoint(50, y), 11) == following
    assert layout.row_at(QPoint(150, 160), 11) == -1, "beside the last of a section there is nothing"


def test_the_first_line_of_a_section_brings_its_heading_into_sight() -> None:
    layout = GridLayout(4, CELL, 8, (0, 5), 40)
    assert [layout.top_with_heading(row) for row in (0, 3, 4, 5, 8, 9)] == [0, 0, 120, 200, 200, 320]


def test_arrows_cross_the_headings_in_their_column() -> None:
    layout = GridLayout(4, CELL, 8, (0, 6, 11), 40)  # 0 1 2 3 / 4 5 // 6 7 8 9 / 10 // 11 12
    assert layout.row_beyond(4, 1, 13) == 6
    assert layout.row_beyond(3, 1, 13) == 5, "the line is shorter than its column"
    assert layout.row_beyond(8, -1, 13) == 5
    assert layout.row_beyond(7, -1, 13) == 5
    assert layout.row_beyond(6, -2, 13) == 0
    assert layout.row_beyond(9, 1, 13) == 10
    assert layout.row_beyond(10, 1, 13) == 11
    assert layout.row_beyond(1, 4, 13) == 12
    assert layout.row_beyond(12, -1, 13) == 10
    assert layout.row_beyond(12, 1, 13) == 12
    assert layout.row_beyond(1, -1, 13) == 1


def test_nothing_takes_no_room() -> None:
    assert GridLayout(4, CELL, 8).height(0) == 0
    assert list(GridLayout(4, CELL, 8).rows_between(0, 500, 0)) == []
    assert GridLayout(4, CELL, 8).row_at(QPoint(50, 40), 0) == -1


def test_a_hundred_thousand_rows_are_arithmetic() -> None:
    layout = GridLayout(7, CELL, 8, (0, 12, 50_001), 40)
    row = 99_999
    assert layout.row_at(layout.rect(row).center(), 100_000) == row
    assert layout.rows_between(layout.rect(row).top(), layout.rect(row).bottom(), 100_000).stop == 100_000
