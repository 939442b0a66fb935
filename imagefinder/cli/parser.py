"""The command line's words, and its help for humans."""

import argparse
from typing import NoReturn

from imagefinder import __version__
from imagefinder.model.devices import DEVICES
from imagefinder.model.errors import UsageError

_EPILOG = """\
examples:
  imagefinder search "a red bicycle" --in ~/Pictures     index that folder if needed, then find
  imagefinder add ~/Pictures ~/Documents/scans           add folders, pictures or PDFs
  imagefinder search --image holiday.jpg -n 5            pictures like this one
  imagefinder search "invoice 2024" --paths              file names alone, for other programs

Everything stays on this machine. The library is kept in your data folder, or where --library or
IMAGEFINDER_LIBRARY says. Exit status: 0 found, 1 nothing found, 2 something was wrong,
130 stopped by Ctrl-C.
"""


class _Parser(argparse.ArgumentParser):
    """An ArgumentParser whose errors are ours: one line, no usage block."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see: {self.prog} --help)")


class _CommandParser(_Parser):
    """The parser of one command: paths and words may stand between options, not only beside each other."""

    _is_parsing = False

    def parse_known_args(self, args=None, namespace=None):  # type: ignore[no-untyped-def]
        # argparse offers this to callers alone, not to subcommands, and does it by way of this very method.
        # Where a "--" stands, all behind it is paths or words, which it would forget.
        if self._is_parsing or self._subparsers is not None or "--" in (args or ()):
            return super().parse_known_args(args, namespace)
        self._is_parsing = True
        try:
            return self.parse_known_intermixed_args(args, namespace)
        finally:
            self._is_parsing = False


def make_parser() -> argparse.ArgumentParser:
    """The parser for ``imagefinder``; each command sets ``command`` to its name."""
    parser = _Parser(
        prog="imagefinder",
        description="Find your own pictures and PDF pages by words or by another picture.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"imagefinder {__version__}")
    _add_general(parser, default=None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_CommandParser)

    add = _command(commands, "add", "add folders, pictures or PDFs, and index them")
    add.add_argument("paths", nargs="+", metavar="PATH", help="a folder, a picture or a PDF")
    add.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="GLOB",
        help="pass over what matches, as in .gitignore",
    )
    add.add_argument(
        "--include",
        action="append",
        default=[],
        metavar="GLOB",
        help="take only files that match, as in .gitignore",
    )
    add.add_argument(
        "--ext", default="", metavar="LIST", help="only these kinds of file, such as jpg,png,pdf"
    )
    add.add_argument("--no-recurse", action="store_true", help="do not look into subfolders")

    _command(commands, "index", "look for new, changed, moved and deleted files in everything added")

    search = _command(commands, "search", "find pictures and pages by words, by a picture, or by both")
    search.add_argument("text", nargs="*", metavar="TEXT", help="what to look for, in words")
    search.add_argument(
        "--image", action="append", default=[], metavar="FILE", help="a picture that hits should look like"
    )
    search.add_argument(
        "--in",
        action="append",
        default=[],
        dest="within",
        metavar="PATH",
        help="only here; brought up to date first, and added if it is new",
    )
    search.add_argument("-n", "--limit", type=_count, default=20, metavar="N", help="how many hits (20)")
    search.add_argument(
        "--include-query", action="store_true", help="let a picture searched by be a hit itself"
    )
    form = search.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON object")
    form.add_argument("--paths", action="store_true", help="print paths alone, one a line")
    search.add_argument("-0", "--null", action="store_true", help="with --paths: end each with a NUL byte")
    search.add_argument("--open", action="store_true", help="open the best hit in the system's viewer")

    status = _command(commands, "status", "show what is in the library, and what could not be read")
    status.add_argument("--json", action="store_true", help="print one JSON object")

    remove = _command(commands, "remove", "forget folders or files that were added; the files stay on disk")
    remove.add_argument("paths", nargs="+", metavar="PATH", help="a path given to add before")

    models = _command(commands, "models", "list, choose and import models")
    verbs = models.add_subparsers(dest="verb", metavar="VERB", parser_class=_CommandParser)
    listing = _command(verbs, "list", "show the models that can be used")
    listing.add_argument("--json", action="store_true", help="print one JSON object")
    use = _command(verbs, "use", "choose the model that this library is searched with")
    use.add_argument("name", metavar="NAME")
    load = _command(verbs, "import", "take over a weights file from this disk")
    load.add_argument("file", metavar="FILE", help="safetensors, or a .pt of plain tensors")
    load.add_argument(
        "--arch",
        required=True,
        metavar="NAME",
        help="open_clip's name of the architecture, or a JSON config file",
    )
    load.add_argument("--json", action="store_true", help="print one JSON object")
    return parser


def _command(commands: "argparse._SubParsersAction[_CommandParser]", name: str, what: str) -> _Parser:
    parser = commands.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    # The general options may stand before or after the command; one that is left out here changes nothing.
    _add_general(parser, default=argparse.SUPPRESS)
    return parser


def _add_general(parser: argparse.ArgumentParser, default: str | None) -> None:
    general = parser.add_argument_group("general")
    general.add_argument("--library", metavar="DIR", default=default, help="where the index is kept")
    general.add_argument(
        "--model", metavar="NAME", default=default, help="which model to use (see: models list)"
    )
    general.add_argument(
        "--device",
        choices=DEVICES,
        default=default or "auto",
        help="what to compute on",
    )


def _count(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a number of hits; give 1 or more")
    return number
