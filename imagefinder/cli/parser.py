"""The argument parser: commands, options and their help."""

import argparse
from collections.abc import Callable
from typing import Any, TypeAlias

from imagefinder import __version__
from imagefinder.cli import values
from imagefinder.cli.arguments import CommandParser, Parser
from imagefinder.domain.devices import DEVICES
from imagefinder.settings import THEMES
from imagefinder.translation import tr

_Commands: TypeAlias = "argparse._SubParsersAction[CommandParser]"

WINDOW_OPTIONS = ("screenshot", "query", "size", "theme")
"""Names of the options that only the window accepts."""


def make_parser() -> argparse.ArgumentParser:
    """Return the parser of ``imagefinder`` in the current language. ``command`` is set to the command's name."""
    parser = Parser(
        prog="imagefinder",
        description=tr("Find your own pictures and PDF pages by words or by another picture."),
        epilog=_epilog(),
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"imagefinder {__version__}",
        help=tr("show program's version number and exit"),
    )
    _add_general(parser, default=None)
    _add_window_options(parser, default=None)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=CommandParser)
    _command(commands, "window", tr("open the window, as imagefinder alone does"), _fill_window)
    _command(commands, "add", tr("add folders, pictures or PDFs, and index them"), _fill_add)
    _command(
        commands,
        "index",
        tr("look for new, changed, moved and deleted files in everything added"),
        _add_download,
    )
    _command(
        commands, "search", tr("find pictures and pages by words, by a picture, or by both"), _fill_search
    )
    _command(commands, "status", tr("show what is in the library, and what could not be read"), _fill_status)
    _command(
        commands,
        "remove",
        tr("forget folders or files that were added; the files stay on disk"),
        _fill_remove,
    )
    _command(commands, "models", tr("list, download, import, choose and remove models"), _fill_models)
    _command(
        commands,
        "doctor",
        tr("show what was found on this machine and chosen, and how fast it is"),
        _fill_doctor,
    )
    return parser


def language_wanted(arguments: list[str] | None) -> str:
    """Return the value of ``--language``, which is needed before the parser is created.

    Returns an empty string if it is missing or invalid. The parser reports the error later.
    """
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--language", type=values.language, default="", nargs="?")
    try:
        return parser.parse_known_args(arguments)[0].language or ""
    except argparse.ArgumentError:
        return ""


def _epilog() -> str:
    return tr(
        "examples:\n"
        "  imagefinder                                            the window\n"
        '  imagefinder search "a red bicycle" --in ~/Pictures     index that folder if needed, then find\n'
        "  imagefinder add ~/Pictures ~/Documents/scans           add folders, pictures or PDFs\n"
        "  imagefinder search --image holiday.jpg -n 5            pictures like this one\n"
        '  imagefinder search "invoice 2024" --paths              file names alone, for other programs\n'
        "\n"
        "Everything stays on this machine. The library is kept in your data folder, or where --library or\n"
        "IMAGEFINDER_LIBRARY says. Exit status: 0 found, 1 nothing found, 2 something was wrong,\n"
        "130 stopped by Ctrl-C.\n"
    )


def _fill_window(window: CommandParser) -> None:
    window.add_argument(
        "paths", nargs="*", metavar="PATH", help=tr("a picture to search by, or a folder to add")
    )
    _add_window_options(window, default=argparse.SUPPRESS)


def _fill_add(add: CommandParser) -> None:
    add.add_argument("paths", nargs="+", metavar="PATH", help=tr("a folder, a picture or a PDF"))
    add.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="GLOB",
        help=tr("pass over what matches, as in .gitignore"),
    )
    add.add_argument(
        "--include",
        action="append",
        default=[],
        metavar="GLOB",
        help=tr("take only files that match, as in .gitignore"),
    )
    add.add_argument("--ext", metavar="LIST", help=tr("only these kinds of file, such as jpg,png,pdf"))
    add.add_argument("--no-recurse", action="store_true", help=tr("do not look into subfolders"))
    _add_download(add)


def _add_download(command: CommandParser) -> None:
    command.add_argument(
        "--download",
        action="store_true",
        help=tr("read files that are only in the cloud, too: the cloud's own program downloads them"),
    )


def _fill_search(search: CommandParser) -> None:
    search.add_argument("text", nargs="*", metavar="TEXT", help=tr("what to look for, in words"))
    search.add_argument(
        "--image",
        action="append",
        default=[],
        metavar="FILE",
        help=tr("a picture that hits should look like: a path, or a file: or data: address"),
    )
    search.add_argument(
        "--in",
        action="append",
        default=[],
        dest="within",
        metavar="PATH",
        help=tr("only here; brought up to date first, and added if it is new"),
    )
    search.add_argument(
        "-n", "--limit", type=values.count, default=20, metavar="N", help=tr("how many hits (20)")
    )
    search.add_argument(
        "--include-query", action="store_true", help=tr("let a picture searched by be a hit itself")
    )
    tail = search.add_mutually_exclusive_group()
    tail.add_argument(
        "--all", action="store_true", help=tr("show what probably does not match, too, after what does")
    )
    tail.add_argument(
        "--min-score",
        type=values.cosine,
        metavar="X",
        help=tr("show what has this similarity at least (a cosine, -1 to 1), and cut off nothing else"),
    )
    form = search.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help=tr("print one JSON object"))
    form.add_argument("--paths", action="store_true", help=tr("print paths alone, one a line"))
    search.add_argument(
        "-0", "--null", action="store_true", help=tr("with --paths: end each with a NUL byte")
    )
    search.add_argument("--open", action="store_true", help=tr("open the best hit in the system's viewer"))


def _fill_status(status: CommandParser) -> None:
    status.add_argument("--json", action="store_true", help=tr("print one JSON object"))


def _fill_remove(remove: CommandParser) -> None:
    remove.add_argument("paths", nargs="+", metavar="PATH", help=tr("a path given to add before"))


def _fill_models(models: CommandParser) -> None:
    verbs = models.add_subparsers(dest="verb", metavar="VERB", parser_class=CommandParser)
    _command(verbs, "list", tr("show the models that can be used, and those worth getting"), _fill_list)
    _command(verbs, "download", tr("get a model of the list from the internet"), _fill_download)
    _command(verbs, "use", tr("choose the model that this library is searched with"), _fill_use)
    _command(verbs, "import", tr("take over weights from this disk"), _fill_import)
    _command(
        verbs, "remove", tr("delete the files of a model that was downloaded or imported"), _fill_remove_model
    )


def _fill_list(listing: CommandParser) -> None:
    listing.add_argument("--json", action="store_true", help=tr("print one JSON object"))


def _fill_download(get: CommandParser) -> None:
    get.add_argument("name", metavar="NAME")
    get.add_argument(
        "--mirror",
        default="",
        metavar="ADDRESS",
        help=tr("where from, in place of huggingface.co (or of HF_ENDPOINT)"),
    )
    get.add_argument("--proxy", default="", metavar="ADDRESS", help=tr("through which proxy"))
    get.add_argument(
        "--accept-licence", action="store_true", help=tr("agree to the licence of a model that asks for it")
    )


def _fill_use(use: CommandParser) -> None:
    use.add_argument("name", metavar="NAME")
    use.add_argument("--now", action="store_true", help=tr("do not wait until everything is indexed with it"))
    use.add_argument(
        "--drop-old",
        action="store_true",
        help=tr("delete what was indexed with the present model afterwards"),
    )


def _fill_import(load: CommandParser) -> None:
    load.add_argument(
        "file",
        metavar="PATH",
        help=tr("a .safetensors, .pt or .bin file, or a folder with it and its open_clip_config.json"),
    )
    load.add_argument(
        "--arch",
        default="",
        metavar="NAME",
        help=tr("open_clip's architecture, ARCH/TAG or a JSON config file, where it cannot be recognised"),
    )
    load.add_argument("--name", metavar="NAME", help=tr("what to call the model"))
    load.add_argument("--json", action="store_true", help=tr("print one JSON object"))


def _fill_remove_model(drop: CommandParser) -> None:
    drop.add_argument("name", metavar="NAME")
    drop.add_argument(
        "--vectors", action="store_true", help=tr("delete what this library indexed with it, too")
    )


def _fill_doctor(doctor: CommandParser) -> None:
    doctor.add_argument("--json", action="store_true", help=tr("print one JSON object"))
    doctor.add_argument("--no-timing", action="store_true", help=tr("do not time the model"))


def _command(commands: _Commands, name: str, what: str, fill: Callable[[CommandParser], None]) -> None:
    def fill_all(parser: CommandParser) -> None:
        # General options are accepted before and after the command. SUPPRESS keeps a value given before it.
        _add_general(parser, default=argparse.SUPPRESS)
        fill(parser)

    description = tr("{what}.", "a command's description", what=what[0].upper() + what[1:])
    commands.add_parser(name, help=what, description=description, fill=fill_all)


def _add_general(parser: argparse.ArgumentParser, default: Any) -> None:
    general = parser.add_argument_group(tr("general"))
    general.add_argument("--library", metavar="DIR", default=default, help=tr("where the index is kept"))
    general.add_argument(
        "--model", metavar="NAME", default=default, help=tr("which model to use (see: models list)")
    )
    general.add_argument("--device", choices=DEVICES, default=default, help=tr("what to compute on"))
    general.add_argument(
        "--language",
        type=values.language,
        metavar="CODE",
        default=default,
        help=tr("the language of this program: en or zh_CN"),
    )


def _add_window_options(parser: argparse.ArgumentParser, default: Any) -> None:
    window = parser.add_argument_group(tr("the window"))
    window.add_argument("--query", metavar="TEXT", default=default, help=tr("search for these words at once"))
    window.add_argument(
        "--size",
        type=values.window_size,
        metavar="WxH",
        default=default,
        help=tr("how large it is, such as 1280x800"),
    )
    window.add_argument("--theme", choices=THEMES, default=default, help=tr("its colours"))
    window.add_argument(
        "--screenshot",
        type=values.screenshot_file,
        metavar="FILE",
        default=default,
        help=tr("write a picture of it to a PNG file, and close it"),
    )
