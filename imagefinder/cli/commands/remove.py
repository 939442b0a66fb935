"""The command ``imagefinder remove``."""

import argparse

from imagefinder.addresses import given_path
from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.open_library import open_existing
from imagefinder.cli.terminal import Terminal
from imagefinder.translation import tr


def remove(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Remove sources from the library.

    Files on disk are not touched. Items of files that are also in other sources are kept.

    Raises:
        UsageError: There is no library, or one of the paths is not a source. Nothing is removed in this case.
        LibraryInUseError: Another process is changing the library.
    """
    paths = [given_path(path) for path in arguments.paths]
    with open_existing(arguments) as finder:
        count = finder.remove(paths)
    terminal.say(tr("%n file(s) forgotten. Nothing on your disk was touched.", "", count))
    return FOUND
