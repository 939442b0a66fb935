"""Compute the rectangles of the grid's cells in constant time a row."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from PySide6.QtCore import QPoint, QRect, QSize


class _Section(NamedTuple):
    """Lines that follow one another without a heading between them."""

    row: int
    line: int
    top: int
    """Where its first line begins, below its heading."""


@dataclass(frozen=True, slots=True)
class GridLayout:
    """Cells of one size in columns, in sections with a heading above each; all lengths in points.

    Each section begins on a line of its own. Lines and rows are counted from 0.
    """

    columns: int = 1
    cell: QSize = field(default_factory=lambda: QSize(1, 1))
    gap: int = 0
    """Of each cell so much belongs to no item, half of it on either side."""
    headed: tuple[int, ...] = ()
    """The first row of each section that has a heading, ascending."""
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
        """The line and the column of a row."""
        section = self._section(row, lambda each: each.row)
        line, column = divmod(row - section.row, self.columns)
        return section.line + line, column

    def top(self, line: int) -> int:
        """Where a line begins."""
        section = self._section(line, lambda each: each.line)
        return section.top + (line - section.line) * self.cell.height()

    def heading_rect(self, row: int, width: int) -> QRect:
        """The heading above a section, which begins with this row, in a grid of this width."""
        return QRect(0, self.top_with_heading(row), width, self.heading)

    def top_with_heading(self, row: int) -> int:
        """Where the line of a row begins, with the heading above it if it is the first of its section."""
        line, column = self.place(row)
        is_headed = row - column in self.headed
        return self.top(line) - (self.heading if is_headed else 0)

    def rect(self, row: int) -> QRect:
        """The cell of a row."""
        line, column = self.place(row)
        return QRect(QPoint(column * self.cell.width(), self.top(line)), self.cell)

    def line_at(self, height: int) -> int:
        """The line at a height, which may be above all lines or below; of a heading, the line that follows it."""
        section = self._section(
            height, lambda each: each.top - (self.heading if each.row in self.headed else 0)
        )
        line = section.line + (height - section.top) // self.cell.height()
        return line if height < 0 else max(line, section.line)

    def rows_of(self, line: int, count: int) -> range:
        """The rows of a line, where there are ``count`` rows in all; none of a line that there is not."""
        section = self._section(line, lambda each: each.line)
        start = section.row + (line - section.line) * self.columns
        following = next((each.row for each in self._sections if each.row > section.row), count)
        end = min(count, following)
        return range(min(max(start, 0), end), min(max(start + self.columns, 0), end))

    def lines(self, count: int) -> int:
        """How many lines so many rows take."""
        return self.place(count - 1)[0] + 1 if count else 0

    def height(self, count: int) -> int:
        """How high so many rows are together."""
        lines = self.lines(count)
        return self.top(lines - 1) + self.cell.height() if lines else 0

    def rows_between(self, top: int, bottom: int, count: int) -> range:
        """The rows of which something lies between two heights."""
        last = self.lines(count) - 1
        first = min(max(self.line_at(top), 0), last + 1)
        end = self.rows_of(min(max(self.line_at(bottom - 1), -1), last), count).stop
        start = self.rows_of(first, count).start if first <= last else count
        return range(start, max(start, end))

    def row_at(self, point: QPoint, count: int) -> int:
        """The row of the item at a point; -1 where there is none."""
        column = point.x() // self.cell.width()
        rows = self.rows_of(self.line_at(point.y()), count)
        if point.y() < 0 or not 0 <= column < len(rows):
            return -1
        half = self.gap // 2
        is_hit = self.rect(rows[column]).adjusted(half, half, -half, -half).contains(point)
        return rows[column] if is_hit else -1

    def nearest_row(self, point: QPoint, count: int) -> int:
        """The row of the cell at a point, or of one near it; there is one row at least."""
        line = min(max(self.line_at(point.y()), 0), self.lines(count) - 1)
        return self._in_line(line, point.x() // self.cell.width(), count)

    def row_beyond(self, row: int, lines: int, count: int) -> int:
        """The row so many lines further down (up where negative), in the same column as far as there is one."""
        line, column = self.place(row)
        return self._in_line(min(max(line + lines, 0), self.lines(count) - 1), column, count)

    def _in_line(self, line: int, column: int, count: int) -> int:
        rows = self.rows_of(line, count)
        return rows[min(max(column, 0), len(rows) - 1)]

    def _section(self, value: int, key: Callable[[_Section], int]) -> _Section:
        """The last section that begins at a value or before it, else the first."""
        return self._sections[max(bisect_right(self._sections, value, key=key) - 1, 0)]
