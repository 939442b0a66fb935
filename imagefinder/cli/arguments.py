"""Subclasses of argparse: translated help, wrapping by display width, errors raised as ``UsageError``."""

import argparse
import re
import textwrap
import unicodedata
from collections.abc import Callable
from typing import Any, NoReturn

from imagefinder.domain.errors import UsageError
from imagefinder.translation import tr, tr_later, translated

# argparse says these by itself; they are here for the translators, and found again by ``translated``.
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
    """Help in which a text of several lines stays as it is, and Chinese is wrapped too."""

    def _format_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None) -> str:
        if prefix is not None:
            return super()._format_usage(usage, actions, groups, prefix)
        # argparse indents by the number of characters; ours may take two columns each.
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
    """An ArgumentParser whose errors are ours: one line, no usage block."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=Formatter, add_help=False, **options)
        self._positionals.title = tr("positional arguments")
        self._optionals.title = tr("options")
        self.add_argument("-h", "--help", action="help", help=tr("show this help message and exit"))

    def format_help(self) -> str:
        """The help, with the colons that the language has."""
        text = super().format_help()
        for group in self._action_groups:
            if group.title and _is_wide(group.title):
                text = text.replace(f"\n{group.title}:\n", f"\n{group.title}：\n")
        return text

    def error(self, message: str) -> NoReturn:
        """Raises:
        UsageError: always, with what argparse says.
        """
        if about := _ABOUT_ONE.fullmatch(message):
            problem = translated(about["problem"], "argparse")
            message = tr("argument {name}: {problem}", name=about["name"], problem=problem)
        else:
            message = translated(message, "argparse")
        raise UsageError(tr("{problem} (see: {command} --help)", problem=message, command=self.prog))


class CommandParser(Parser):
    """The parser of one command: paths and words may stand between options, not only beside each other."""

    _is_parsing = False

    def __init__(self, *, fill: "Callable[[CommandParser], None]", **options: Any) -> None:
        """``fill`` adds the arguments, once it is known that this is the command: argparse asks the system for the
        terminal's width with each."""
        super().__init__(**options)
        self._fill: Callable[[CommandParser], None] | None = fill

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        """As the base does, but intermixed."""
        if self._fill is not None:
            fill, self._fill = self._fill, None
            fill(self)
        # argparse offers this to callers alone, not to subcommands, and does it by way of this very method.
        # Where a "--" stands, all behind it is paths or words, which it would forget.
        if self._is_parsing or self._subparsers is not None or "--" in (args or ()):
            return super().parse_known_args(args, namespace)
        self._is_parsing = True
        # argparse would cut as many characters off as "usage: " has.
        usage, self.usage = self.usage, self.format_usage().removeprefix(tr("usage: "))
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_parsing, self.usage = False, usage


def wrapped(text: str, width: int) -> list[str]:
    """A text in lines of at most ``width`` columns, where a Chinese character takes two.

    A line breaks at a space, or between two characters where one is Chinese, but never before closing
    punctuation.
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
