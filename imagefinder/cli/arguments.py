"""Subclasses of argparse with translated help, wrapping by display width, and errors raised as ``UsageError``."""

import argparse
import re
import textwrap
import unicodedata
from collections.abc import Callable
from typing import Any, NoReturn

from imagefinder.domain.errors import UsageError
from imagefinder.translation import tr, tr_later, translated

# Messages of argparse, listed for extraction by the translation tool. ``translated`` looks them up at run time.
_SAID_BY_ARGPARSE = (
    tr_later("the following arguments are required: {names}", "argparse"),
    tr_later("unrecognized arguments: {names}", "argparse"),
    tr_later("invalid choice: {value} (choose from {choices})", "argparse"),
    tr_later("expected one argument", "argparse"),
    tr_later("expected at least one argument", "argparse"),
    tr_later("ignored explicit argument {value}", "argparse"),
    tr_later("not allowed with argument {name}", "argparse"),
    tr_later("ambiguous option: {option} could match {matches}", "argparse"),
)
_ABOUT_ONE = re.compile(r"argument (?P<name>.+?): (?P<problem>.+)", re.DOTALL)


class Formatter(argparse.HelpFormatter):
    """Help formatter that keeps line breaks of multi-line texts and wraps Chinese text."""

    def _format_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None) -> str:
        if prefix is not None:
            return super()._format_usage(usage, actions, groups, prefix)
        # argparse indents by the number of characters, but Chinese characters take two columns each.
        word = tr("usage: ")
        place = "\0" * _cells(word)
        return super()._format_usage(usage, actions, groups, place).replace(place, word, 1)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(text, width) if _is_wide(text) else super()._split_lines(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if "\n" in text or _is_wide(text):
            lines = text.splitlines() if "\n" in text else wrapped(text, width - len(indent))
            return "\n".join(indent + line for line in lines)
        return super()._fill_text(text, width, indent)


class Parser(argparse.ArgumentParser):
    """ArgumentParser that raises its errors as ``UsageError`` instead of printing the usage."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=Formatter, add_help=False, **options)
        self._positionals.title = tr("positional arguments")
        self._optionals.title = tr("options")
        self.add_argument("-h", "--help", action="help", help=tr("show this help message and exit"))

    def format_help(self) -> str:
        """Return the help text, with full-width colons after Chinese headings."""
        text = super().format_help()
        for group in self._action_groups:
            if group.title and _is_wide(group.title):
                text = text.replace(f"\n{group.title}:\n", f"\n{group.title}：\n")
        return text

    def error(self, message: str) -> NoReturn:
        """Raise ``UsageError`` with the translated message of argparse."""
        if about := _ABOUT_ONE.fullmatch(message):
            problem = translated(about["problem"], "argparse")
            message = tr("argument {name}: {problem}", name=about["name"], problem=problem)
        else:
            message = translated(message, "argparse")
        raise UsageError(tr("{problem} (see: {command} --help)", problem=message, command=self.prog))


class CommandParser(Parser):
    """Parser of one command, which accepts positional arguments and options in any order."""

    _is_parsing = False

    def __init__(self, *, fill: "Callable[[CommandParser], None]", **options: Any) -> None:
        """Create the parser without its arguments.

        ``fill`` adds them when the command is used. Adding all at the start would be slow, because argparse queries the
        terminal's width for each.
        """
        super().__init__(**options)
        self._fill: Callable[[CommandParser], None] | None = fill

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """Parse as the base class does, with positional arguments and options intermixed."""
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill(self)
        # argparse does not offer intermixed parsing to subcommands, and implements it by calling this method again. It
        # would lose track of "--", after which everything is positional.
        if self._is_parsing or self._subparsers is not None or "--" in (args or ()):
            return super().parse_known_args(args, namespace)
        self._is_parsing = True
        # argparse would cut off a prefix as long as "usage: ", whatever the language.
        usage, self.usage = self.usage, self.format_usage().removeprefix(tr("usage: "))
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_parsing, self.usage = False, usage


def wrapped(text: str, width: int) -> list[str]:
    """Wrap a text to lines of at most ``width`` columns. A Chinese character takes two columns.

    Lines are broken at spaces and next to Chinese characters, but never before closing punctuation.
    """
    lines, line, taken = [], "", 0
    for piece in re.findall(r"[^\S\n]+|[\u2e80-\uffef“‘][，。：；、）”’？！]*|[^\s\u2e80-\uffef“‘]+", text):
        cells = _cells(piece)
        if line and taken + cells > width:
            lines.append(line.rstrip())
            line, taken = "", 0
        if not line:
            piece = piece.lstrip()
            cells = _cells(piece)
        line, taken = line + piece, taken + cells
    return [*lines, line.rstrip()] if line.strip() else lines or textwrap.wrap(text, width)


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def _is_wide(text: str) -> bool:
    return _cells(text) > len(text)
