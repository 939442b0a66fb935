"""rich's console, as this program uses it. Imported where somebody watches, and for tables."""

from collections.abc import Iterable
from typing import TextIO

from rich.console import Console
from rich.text import Text

_UNWATCHED_WIDTH = 400


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # Rich would end the program with status 1, which means "nothing found".
        raise BrokenPipeError


def make_console(file: TextIO) -> Console:
    """A console on a stream. Where nobody watches, nothing is cut or wrapped to the width of a terminal."""
    return _Console(
        file=file, highlight=False, soft_wrap=True, width=None if file.isatty() else _UNWATCHED_WIDTH
    )


def print_table(console: Console, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
    """Print a table without lines; without a heading where ``columns`` is empty. The cells are printable."""
    from rich.table import Table

    names = list(columns)
    table = Table(box=None, pad_edge=False, header_style="bold", show_header=bool(names))
    for column in names:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table, soft_wrap=False)
