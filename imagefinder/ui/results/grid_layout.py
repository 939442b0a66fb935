"""Geometry of the results grid, computed for any row without visiting the others."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QSize


class _Section(NamedTuple):
    """Consecutive lines without a heading between them."""

    row: int
    """Its first row."""
    line: int
    """Its first line."""
    top: int
    """Top of its first line, below the heading."""


@dataclass(frozen=True, slots=True)
class GridLayout:
    """Layout of cells of one size, in columns and in sections that may have headings.

    A *row* is a row of the Qt model and takes one cell. A *line* is a horizontal line of cells. Both are counted from
    0. Each section begins on a new line. All lengths are in points.
    """

    columns: int = 1
    cell: QSize = field(default_factory=lambda: QSize(1, 1))
    gap: int = 0
    """Distance between items. Half of it is at each side of a cell, within the cell."""
    headed: tuple[int, ...] = ()
    """The first row of each section that has a heading, in ascending order."""
    heading: int = 0
    """Height of a heading."""
    _sections: tuple[_Section, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        sections: list[_Section] = []
        line = top = 0
        for row in self.headed if self.headed[:1] == (0,) else (0, *self.headed):
            if sections:
                lines = -(-(row - sections[-1].row) // self.columns)
                line, top = line + lines, top + lines * self.cell.height()
            if row in self.headed:
                top += self.heading
            sections.append(_Section(row, line, top))
        object.__setattr__(self, "_sections", tuple(sections))

    def place(self, row: int) -> tuple[int, int]:
        """Return the line and the column of a row."""
        section = self._section(row, lambda each: each.row)
        line, column = divmod(row - section.row, self.columns)
        return section.line + line, column

    def top(self, line: int) -> int:
        """Return the top of a line."""
        section = self._section(line, lambda each: each.line)
        return section.top + (line - section.line) * self.cell.height()

    def heading_rect(self, row: int, width: int) -> QRect:
        """Return the rectangle of the heading above ``row``, the first of its section, in a grid of a given width."""
        return QRect(0, self.top_with_heading(row), width, self.heading)

    def top_with_heading(self, row: int) -> int:
        """Return the top of a row's line, including the heading if the line is the first of its section."""
        line, column = self.place(row)
        is_headed = row - column in self.headed
        return self.top(line) - (self.heading if is_headed else 0)

    def rect(self, row: int) -> QRect:
        """Return the cell of a row."""
        line, column = self.place(row)
        return QRect(QPoint(column * self.cell.width(), self.top(line)), self.cell)

    def line_at(self, height: int) -> int:
        """Return the line at a y coordinate; for a heading, the line below it.

        The result may be negative or beyond the last line.
        """
        section = self._section(
            height, lambda each: each.top - (self.heading if each.row in self.headed else 0)
        )
        line = section.line + (height - section.top) // self.cell.height()
        return line if height < 0 else max(line, section.line)

    def rows_of(self, line: int, count: int) -> range:
        """Return the rows of a line, given the number of all rows; empty if there is no such line."""
        section = self._section(line, lambda each: each.line)
        start = section.row + (line - section.line) * self.columns
        following = next((each.row for each in self._sections if each.row > section.row), count)
        end = min(count, following)
        return range(min(max(start, 0), end), min(max(start + self.columns, 0), end))

    def lines(self, count: int) -> int:
        """Return the number of lines that ``count`` rows take."""
        return self.place(count - 1)[0] + 1 if count else 0

    def height(self, count: int) -> int:
        """Return the height of a grid of ``count`` rows."""
        lines = self.lines(count)
        return self.top(lines - 1) + self.cell.height() if lines else 0

    def rows_between(self, top: int, bottom: int, count: int) -> range:
        """Return the rows that are at least partly between two y coordinates, given the number of all rows."""
        last = self.lines(count) - 1
        first = min(max(self.line_at(top), 0), last + 1)
        end = self.rows_of(min(max(self.line_at(bottom - 1), -1), last), count).stop
        start = self.rows_of(first, count).start if first <= last else count
        return range(start, max(start, end))

    def row_at(self, point: QPoint, count: int) -> int:
        """Return the row of the item at a point; -1 if there is none."""
        column = point.x() // self.cell.width()
        rows = self.rows_of(self.line_at(point.y()), count)
        if point.y() < 0 or not 0 <= column < len(rows):
            return -1
        half = self.gap // 2
        is_hit = self.rect(rows[column]).adjusted(half, half, -half, -half).contains(point)
        return rows[column] if is_hit else -1

    def nearest_row(self, point: QPoint, count: int) -> int:
        """Return the row of the cell at a point, or of a cell near it; ``count`` must be at least 1."""
        line = min(max(self.line_at(point.y()), 0), self.lines(count) - 1)
        return self._in_line(line, point.x() // self.cell.width(), count)

    def row_beyond(self, row: int, lines: int, count: int) -> int:
        """Return the row a number of lines below ``row`` (above, if negative), in the same or the nearest column."""
        line, column = self.place(row)
        return self._in_line(min(max(line + lines, 0), self.lines(count) - 1), column, count)

    def _in_line(self, line: int, column: int, count: int) -> int:
        rows = self.rows_of(line, count)
        return rows[min(max(column, 0), len(rows) - 1)]

    def _section(self, value: int, key: Callable[[_Section], int]) -> _Section:
        """Return the last section whose key is at most ``value``, or else the first section."""
        return self._sections[max(bisect_right(self._sections, value, key=key) - 1, 0)]
