"""The command ``imagefinder index``."""

import argparse

from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.job_display import run_job
from imagefinder.cli.open_library import open_existing
from imagefinder.cli.terminal import Terminal
from imagefinder.domain.errors import UsageError
from imagefinder.translation import tr


def index(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Bring all sources up to date."""
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
