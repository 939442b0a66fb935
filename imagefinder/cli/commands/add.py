"""The command ``imagefinder add``."""

import argparse

from imagefinder.api import refuse_unknown_kinds
from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.job_display import run_job
from imagefinder.cli.open_library import open_library
from imagefinder.cli.terminal import Terminal
from imagefinder.domain.errors import UsageError
from imagefinder.translation import tr


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
