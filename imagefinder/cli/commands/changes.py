"""The commands, and what ``add``, ``index`` and ``remove`` do. Each returns the exit status."""

import argparse
from collections.abc import Callable

from imagefinder.addresses import given_path
from imagefinder.api import refuse_unknown_kinds
from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.job_display import run_job
from imagefinder.cli.open_library import open_existing, open_library
from imagefinder.cli.terminal import Terminal
from imagefinder.domain.errors import UsageError
from imagefinder.translation import tr


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Carry out the command that was parsed.

    Raises:
        ImageFinderError: it cannot be carried out; the message is for the user.
    """
    return _command(arguments.command)(arguments, terminal)


def _command(name: str) -> Callable[[argparse.Namespace, Terminal], int]:
    """What carries out a command. Each is imported by itself: a search waits for nothing of the others."""
    match name:
        case "search":
            from imagefinder.cli.commands.search import search

            return search
        case "status":
            from imagefinder.cli.commands.status import status

            return status
        case "models":
            from imagefinder.cli.commands.models import models

            return models
        case "doctor":
            from imagefinder.cli.doctor.command import doctor

            return doctor
    return {"add": add, "index": index, "remove": remove}[name]


def add(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Add sources and index them."""
    extensions = [part.strip() for part in (arguments.ext or "").split(",") if part.strip()]
    if arguments.ext is not None and not extensions:
        raise UsageError(tr("--ext names no kind of file. Give some, such as jpg,png,pdf."))
    refuse_unknown_kinds(extensions)
    with open_library(arguments) as finder:
        run_job(
            finder,
            terminal,
            lambda progress, cancel: finder.add(
                arguments.paths,
                recursive=not arguments.no_recurse,
                include=arguments.include,
                exclude=arguments.exclude,
                extensions=extensions,
                download=arguments.download,
                progress=progress,
                cancel=cancel,
            ),
        )
    return FOUND


def index(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Bring every source up to date."""
    with open_existing(arguments) as finder:
        if not finder.engine.status(unreadable=False).sources:
            raise UsageError(tr("Nothing was added yet. Begin with: imagefinder add FOLDER"))
        run_job(
            finder,
            terminal,
            lambda progress, cancel: finder.index(
                download=arguments.download, progress=progress, cancel=cancel
            ),
        )
    return FOUND


def remove(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Forget sources."""
    paths = [given_path(path) for path in arguments.paths]
    with open_existing(arguments) as finder:
        count = finder.remove(paths)
    terminal.say(tr("%n file(s) forgotten. Nothing on your disk was touched.", "", count))
    return FOUND
