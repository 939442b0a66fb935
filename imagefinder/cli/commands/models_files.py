"""The commands ``imagefinder models download`` and ``imagefinder models remove``."""

import argparse

from imagefinder.cli.exit_status import FOUND
from imagefinder.cli.job_display import interruptible
from imagefinder.cli.open_library import has_library, open_library
from imagefinder.cli.terminal import Terminal
from imagefinder.domain.errors import CancelledError
from imagefinder.domain.jobs import Phase, Progress
from imagefinder.domain.model_names import RemovedModel
from imagefinder.embedders.catalogue.model_files import bytes_come, remove_model
from imagefinder.embedders.download.model_download import DownloadError, download, is_here
from imagefinder.paths import default_places
from imagefinder.settings import Settings
from imagefinder.translation import tr

_MEGABYTE = 1_000_000


def download_model(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Download a model of the catalogue."""
    places, name = default_places(arguments.library), arguments.name
    settings = Settings.load(places.settings)
    if is_here(name, places.models):
        terminal.say(tr("{model} is here already. Use it with: imagefinder models use {model}", model=name))
        return FOUND
    with interruptible() as cancel, terminal.progress() as progress:

        def show(done: int, total: int | None) -> None:
            # After the last byte, the model is loaded once to test it.
            is_whole = done == total
            progress(
                Progress(Phase.LOADING_MODEL, 0, None)
                if is_whole
                else Progress(Phase.DOWNLOADING, done, total)
            )

        try:
            download(
                name,
                places.models,
                mirror=arguments.mirror or settings.hub_mirror,
                proxy=arguments.proxy or settings.proxy,
                accepts_licence=arguments.accept_licence,
                progress=show,
                should_stop=lambda: cancel.is_cancelled,
            )
        except CancelledError as error:
            raise CancelledError(
                tr(
                    "Stopped. {count} MB of {model} are here and kept; the same command goes on from there.",
                    count=f"{bytes_come(name, places.models) / _MEGABYTE:,.0f}",
                    model=name,
                )
            ) from error
        except DownloadError as error:
            raise DownloadError(
                tr(
                    "{problem} Or take another way: a mirror or a proxy (--mirror ADDRESS, --proxy ADDRESS, or in the "
                    "window's settings), or the weights file from elsewhere: imagefinder models import FILE --arch "
                    "{model}",
                    problem=error,
                    model=name,
                )
            ) from error
    terminal.say(tr("{model} is here. Use it with: imagefinder models use {model}", model=name))
    return FOUND


def remove(arguments: argparse.Namespace, terminal: Terminal) -> int:
    """Delete a model's files and, if requested, this library's vectors of the model."""
    name = arguments.name
    if has_library(arguments):
        with open_library(arguments) as finder:
            removed = finder.remove_model(name, with_vectors=arguments.vectors)
    else:
        removed = RemovedModel(remove_model(name, default_places(arguments.library).models), 0, 0)
    count = f"{removed.freed / _MEGABYTE:,.0f}"
    terminal.say(tr("{model} is removed: {count} MB are free again.", model=name, count=count))
    if removed.forgotten:
        terminal.say(tr("What was indexed with it is deleted: %n pictures and pages.", "", removed.forgotten))
    if removed.kept:
        terminal.say(
            tr(
                "What this library indexed with it is kept (%n pictures and pages): it answers again once the model "
                "is back.",
                "",
                removed.kept,
            )
        )
    return FOUND
