"""Configuration of rich's console. Imported only for output to a terminal and for tables."""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.text import Text

_UNWATCHED_WIDTH = 400


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # rich would exit with status 1, which means "nothing found".
        raise BrokenPipeError


def make_console(file: TextIO) -> Console:
    """Create a console on a stream. If it is not a terminal, output is neither cut nor wrapped."""
    return _Console(
        file=file, highlight=False, soft_wrap=True, width=None if file.isatty() else _UNWATCHED_WIDTH
    )


def print_table(console: Console, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table without borders, and without a header if ``columns`` is empty. Cells must be printable."""
    from rich.table import Table

    names = list(columns)
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=bool(names))
    for column in names:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table, soft_wrap=False)
