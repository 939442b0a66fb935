"""The commands, and what ``add``, ``index`` and ``remove`` do. Each returns the exit status."""

import argparse

from imagefinder.cli.doctor import doctor
from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.jobs import run_job
from imagefinder.cli.library import open_existing, open_library
from imagefinder.cli.models import models
from imagefinder.cli.search import search
from imagefinder.cli.status import status
from imagefinder.cli.terminal import Terminal
from imagefinder.model.errors import UsageError
from imagefinder.paths import absolute
from imagefinder.readers import registry as readers
from imagefinder.translation import tr


def run(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Carry out the command that was parsed.

    Raises:
        ImageFinderError: it cannot be carried out; the message is for the user.
    """
    return _COMMANDS[arguments.command](arguments, terminal)


def add(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Add sources and index them."""
    extensions = [part.strip().lower().lstrip(".") for part in arguments.ext.split(",") if part.strip()]
    unknown = sorted(set(extensions) - readers.extensions())
    if unknown:
        can = ", ".join(sorted(readers.extensions()))
        raise UsageError(
            tr(
                "No reader for {kinds}. These kinds of file can be read: {known}.",
                kinds=", ".join(unknown),
                known=can,
            )
        )
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
                progress=progress,
                cancel=cancel,
            ),
        )
    return FOUND


def index(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Bring every source up to date."""
    with open_existing(arguments) as finder:
        if not finder.status().sources:
            raise UsageError(tr("Nothing was added yet. Begin with: imagefinder add FOLDER"))
        run_job(finder, terminal, lambda progress, cancel: finder.index(progress=progress, cancel=cancel))
    return FOUND


def remove(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Forget sources."""
    paths = [absolute(path) for path in arguments.paths]
    with open_existing(arguments) as finder:
        count = finder.remove(paths)
    terminal.say(tr("%n file(s) forgotten. Nothing on your disk was touched.", "", count))
    return FOUND


_COMMANDS = {
    "add": add,
    "index": index,
    "search": search,
    "status": status,
    "remove": remove,
    "models": models,
    "doctor": doctor,
}
