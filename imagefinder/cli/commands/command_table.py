"""Table of the commands. Each lives in a module of its own, which is imported when its command runs."""

import argparse
from collections.abc import Callable

from imagefinder.cli.terminal import Terminal

Command = Callable[[argparse.Namespace, Terminal], int]
"""Carries out what was parsed, and returns the exit status.

It raises an ``ImageFinderError`` where that is not possible; the message is for the user.
"""


def find_command(name: str) -> Command:
    """The command of that name, one that the parser knows. A search waits for no import of another command."""
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
