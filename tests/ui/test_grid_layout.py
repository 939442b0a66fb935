"""Where the cells of a grid lie, in one part and in two."""

import pytest
from PySide6.QtCore import QPoint, QSize

from imagefinder.ui.grid_layout import GridLayout

CELL = QSize(100, 80)


def brute_rects(layout: GridLayout, count: int) -> list[tuple[int, int]]:
    """The corners of all cells, found by putting one after the other."""
    corners, x, y = [], 0, 0
    for row in range(count):
        if row == layout.break_row:
            y += (CELL.height() if x else 0) + layout.band
            x = 0
        if x == layout.columns:
            x, y = 0, y + CELL.height()
        corners.append((x * CELL.width(), y))
        x += 1
    return corners


@pytest.mark.parametrize("break_row", [None, 0, 1, 3, 4, 7, 8, 10])
@pytest.mark.parametrize("columns", [1, 3, 4])
def test_every_cell_lies_after_the_one_before_it(columns: int, break_row: int | None) -> None:
    layout = GridLayout(columns, CELL, 8, break_row, 40)
    corners = brute_rects(layout, 11)
    assert [layout.rect(row).topLeft().toTuple() for row in range(11)] == corners
    assert layout.height(11) == corners[-1][1] + CELL.height()
    for row, (x, y) in enumerate(corners):
        middle = QPoint(x, y) + QPoint(50, 40)
        assert layout.row_at(middle, 11) == row
        assert layout.nearest_row(middle, 11) == row
        assert layout.row_at(QPoint(x + 1, y + 40), 11) == -1, "the gap between two cards belongs to neither"


@pytest.mark.parametrize("break_row", [None, 0, 5, 8])
def test_all_rows_that_are_seen_are_told_and_hardly_more(break_row: int | None) -> None:
    layout = GridLayout(4, CELL, 8, break_row, 40)
    for top in range(-20, 400, 7):
        for height in (1, 60, 200):
            told = layout.rows_between(top, top + height, 14)
            seen = [
                row
                for row in range(14)
                if layout.rect(row).top() < top + height and layout.rect(row).top() + 80 > top
            ]
            assert set(seen) <= set(told)
            assert len(told) - len(seen) <= 4, "at most the line below the band"


def test_the_band_belongs_to_no_item() -> None:
    layout = GridLayout(4, CELL, 8, 5, 40)
    assert layout.band_top == 160
    assert layout.row_at(QPoint(50, 180), 11) == -1
    assert layout.nearest_row(QPoint(50, 180), 11) == 5
    assert layout.row_at(QPoint(150, 120), 11) == -1, "beside the last of the first part there is nothing"


def test_arrows_cross_the_band_in_their_column() -> None:
    layout = GridLayout(4, CELL, 8, 6, 40)  # 0 1 2 3 / 4 5 // 6 7 8 9 / 10
    assert layout.row_beyond(4, 1, 11) == 6
    assert layout.row_beyond(3, 1, 11) == 5, "the line is shorter than its column"
    assert layout.row_beyond(8, -1, 11) == 5
    assert layout.row_beyond(7, -1, 11) == 5
    assert layout.row_beyond(6, -2, 11) == 0
    assert layout.row_beyond(9, 1, 11) == 10
    assert layout.row_beyond(10, 1, 11) == 10
    assert layout.row_beyond(1, -1, 11) == 1


def test_nothing_takes_no_room() -> None:
    assert GridLayout(4, CELL, 8).height(0) == 0
    assert list(GridLayout(4, CELL, 8).rows_between(0, 500, 0)) == []
    assert GridLayout(4, CELL, 8).row_at(QPoint(50, 40), 0) == -1


def test_a_hundred_thousand_rows_are_arithmetic() -> None:
    layout = GridLayout(7, CELL, 8, 50_001, 40)
    row = 99_999
    assert layout.row_at(layout.rect(row).center(), 100_000) == row
    assert layout.rows_between(layout.rect(row).top(), layout.rect(row).bottom(), 100_000).stop == 100_000
