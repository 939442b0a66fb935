"""``imagefinder remove``: takes sources out of the library.

Their files, and what lies in other sources too, stay as they are.
"""

import argparse

from imagefinder.addresses import given_path
from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.open_library import open_existing
from imagefinder.cli.terminal import Terminal
from imagefinder.translation import tr


def remove(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Forget sources, and what was indexed of them.

    Raises:
        UsageError: there is no library, or one of the paths is no source; nothing is removed then.
        LibraryInUseError: another process is changing the library.
    """
    paths = [given_path(path) for path in arguments.paths]
    with open_existing(arguments) as finder:
        count = finder.remove(paths)
    terminal.say(tr("%n file(s) forgotten. Nothing on your disk was touched.", "", count))
    return FOUND
