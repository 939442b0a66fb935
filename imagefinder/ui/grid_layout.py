"""Where the cells of a grid lie: arithmetic alone, so that a hundred thousand rows cost no more than ten."""

from dataclasses import dataclass, field

from PySide6.QtCore import QPoint, QRect, QSize


@dataclass(frozen=True, slots=True)
class GridLayout:
    """Cells of one size in columns, in one part or in two with a band between them; all lengths in points.

    The second part begins on a line of its own. Lines and rows are counted from 0.
    """

    columns: int = 1
    cell: QSize = field(default_factory=lambda: QSize(1, 1))
    gap: int = 0
    """Of each cell so much belongs to no item, half of it on either side."""
    break_row: int | None = None
    """The first row of the second part; None where there is one part."""
    band: int = 0
    """Height of what stands between the parts."""

    @property
    def band_top(self) -> int:
        """Where the band begins."""
        return self._lines_before * self.cell.height()

    @property
    def _lines_before(self) -> int:
        """Lines of the first part, where there are two."""
        return -(-(self.break_row or 0) // self.columns)

    def place(self, row: int) -> tuple[int, int]:
        """The line and the column of a row."""
        if self.break_row is None or row < self.break_row:
            return divmod(row, self.columns)
        line, column = divmod(row - self.break_row, self.columns)
        return self._lines_before + line, column

    def top(self, line: int) -> int:
        """Where a line begins."""
        is_second = self.break_row is not None and line >= self._lines_before
        return line * self.cell.height() + (self.band if is_second else 0)

    def rect(self, row: int) -> QRect:
        """The cell of a row."""
        line, column = self.place(row)
        return QRect(QPoint(column * self.cell.width(), self.top(line)), self.cell)

    def line_at(self, height: int) -> int:
        """The line at a height, which may be above all lines or below; of the band, the line that follows it."""
        if self.break_row is None or height < self.band_top:
            return height // self.cell.height()
        return max(self._lines_before, (height - self.band) // self.cell.height())

    def rows_of(self, line: int, count: int) -> range:
        """The rows of a line, where there are ``count`` rows in all; none of a line that there is not."""
        start, end = line * self.columns, count
        if self.break_row is not None:
            if line < self._lines_before:
                end = min(count, self.break_row)
            else:
                start = self.break_row + (line - self._lines_before) * self.columns
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
