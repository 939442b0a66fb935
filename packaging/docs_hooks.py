"""Hooks of ``mkdocs build``: the command-line reference, written from the parser, and the site's logo.

mkdocs calls ``on_files`` and ``on_page_markdown``; tests call ``command_reference``.
"""

import argparse
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imagefinder.cli.parser import make_parser
from imagefinder.domain.errors import UsageError
from imagefinder.translation import use_language

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files

ROOT = Path(__file__).resolve().parent.parent
LOGO = "images/imagefinder.svg"
PAGE = "reference/command-line.md"
PLACEHOLDER = "<!-- commands -->"
"""What stands in ``PAGE`` where the reference goes."""

_DEFAULTS = {
    "library": "`IMAGEFINDER_LIBRARY`, else the folder chosen in the settings, else your data folder",
    "model": "`IMAGEFINDER_MODEL`, else the model of the library, else the best one on this computer",
    "device": "what the settings say, else `auto`",
    "language": "what the settings say, else the language of the system",
    "theme": "what the settings say, else `system`",
    "mirror": "what the settings say, else `HF_ENDPOINT`, else `https://huggingface.co`",
    "proxy": "what the settings say, else the proxy of the environment",
}
"""Defaults that are found out when the program runs, by the name of the option."""


_HELP = {"name": "The model's name, as `imagefinder models list` shows it"}
"""Of arguments that the parser says nothing about."""


def on_files(files: "Files", config: "MkDocsConfig") -> "Files":
    """Add the program's icon, which lies outside of ``docs/``, to the site."""
    from mkdocs.structure.files import File

    icon = (ROOT / "resources" / "icons" / "imagefinder.svg").read_text("utf-8")
    files.append(File.generated(config, LOGO, content=icon))
    return files


def on_page_markdown(markdown: str, page: Any, **_: object) -> str:
    """Write the reference where the page has its placeholder.

    Raises:
        ValueError: the page has none.
    """
    if page.file.src_uri != PAGE:
        return markdown
    if PLACEHOLDER not in markdown:
        raise ValueError(f"{PAGE} has no line {PLACEHOLDER}")
    return markdown.replace(PLACEHOLDER, command_reference())


def command_reference() -> str:
    """The reference of all commands, in Markdown with headings of the second and third level."""
    use_language("en")
    program = make_parser()
    commands = dict(_commands(program))
    # Every command has them; they are described once.
    general = set.intersection(*({action.dest for action in each._actions} for each in commands.values()))
    lines = [
        "## General options {: #general-options }",
        "",
        "Every command takes these options, before or after its name.",
        "",
        *_options(program, [action for action in program._actions if action.dest in general]),
        "## imagefinder {: #imagefinder }",
        "",
        "Without a command, `imagefinder` opens the window.",
        "",
        *_usage_and_options(program, general),
    ]
    for name, command in commands.items():
        lines += _command(f"imagefinder {name}", command, general, level=2)
        for verb, below in _commands(command):
            lines += _command(f"imagefinder {name} {verb}", below, general, level=3)
    return "\n".join(lines)


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """The commands of a parser, each with its arguments."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, command in action.choices.items():
                # A command gets its arguments when it parses; which ones are required does not matter here.
                with suppress(UsageError):
                    command.parse_known_args([])
                yield name, command


def _command(title: str, command: argparse.ArgumentParser, general: set[str], level: int) -> list[str]:
    heading = f"{'#' * level} {title} {{: #{title.replace(' ', '-')} }}"
    return [heading, "", command.description or "", "", *_usage_and_options(command, general)]


def _usage_and_options(parser: argparse.ArgumentParser, general: set[str]) -> list[str]:
    """How it is called and what its arguments mean, without the general options."""
    actions = [action for action in parser._actions if action.dest not in general]
    formatter = argparse.HelpFormatter(parser.prog, width=78)
    formatter.add_usage(None, actions, parser._mutually_exclusive_groups, prefix="")
    usage = ["```text", formatter.format_help().rstrip(), "```", ""]
    return usage + _options(parser, actions)


def _options(parser: argparse.ArgumentParser, actions: Sequence[argparse.Action]) -> list[str]:
    """Arguments as a definition list."""
    lines = []
    for action in actions:
        if not isinstance(action, argparse._SubParsersAction | argparse._HelpAction):
            lines += [_names(action), f":   {_description(action, parser)}", ""]
    return lines


def _names(action: argparse.Action) -> str:
    value = ""
    if action.nargs != 0:
        value = action.metavar if isinstance(action.metavar, str) else ""
        value = value or "{" + ",".join(map(str, action.choices or ())) + "}"
        if action.nargs in ("*", "+"):
            value += "…"
    if not action.option_strings:
        return f"`{value}`"
    return ", ".join(f"`{name} {value}`" if value else f"`{name}`" for name in action.option_strings)


def _description(action: argparse.Action, parser: argparse.ArgumentParser) -> str:
    help_text = action.help or _HELP[action.dest]
    if help_text.split()[0].isalpha():  # not a name such as open_clip's
        help_text = help_text[0].upper() + help_text[1:]
    sentences = [help_text]
    if isinstance(action, argparse._AppendAction):
        sentences.append("May be given several times")
    others = [
        f"`{other.option_strings[-1]}`"
        for group in parser._mutually_exclusive_groups
        if action in group._group_actions
        for other in group._group_actions
        if other is not action
    ]
    if others:
        sentences.append(f"Not together with {' or '.join(others)}")
    default = _DEFAULTS.get(action.dest) if action.option_strings else None
    if default is None and isinstance(action.default, int) and not isinstance(action.default, bool):
        default = f"`{action.default}`"
    if default:
        sentences.append(f"Default: {default}")
    return " ".join(sentence.rstrip(".") + "." for sentence in sentences)
