"""Table of the commands. The module of a command is imported only when the command runs."""

import argparse
from collections.abc import Callable

from imagefinder.cli.terminal import Terminal

Command = Callable[[argparse.Namespace, Terminal], int]
"""Function that runs a command and returns the exit status.

It raises an ``ImageFinderError``, whose message is for the user, if it cannot carry out the command.
"""


def find_command(name: str) -> Command:
    """Return the function of a command by its name, importing only its module.

    Raises:
        ValueError: The parser has a command that is missing here.
    """
    match name:
        case "search":
            from imagefinder.cli.commands.search import search

            return search
        case "add":
            from imagefinder.cli.commands.add import add

            return add
        case "index":
            from imagefinder.cli.commands.index import index

            return index
        case "remove":
            from imagefinder.cli.commands.remove import remove

            return remove
        case "status":
            from imagefinder.cli.commands.status import status

            return status
        case "models":
            from imagefinder.cli.commands.models import models

            return models
        case "doctor":
            from imagefinder.cli.doctor.command import doctor

            return doctor
    raise ValueError(name)
