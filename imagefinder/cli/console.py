"""rich's console, as this program uses it. Imported where somebody watches, and for tables."""

from typing import TextIO

from rich.console import Console

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
