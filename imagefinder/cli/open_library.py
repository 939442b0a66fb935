"""Opening the library named by a command's arguments."""

import argparse

from imagefinder.api import ImageFinder
from imagefinder.domain.errors import UsageError
from imagefinder.paths import default_places, exists
from imagefinder.translation import tr


def open_library(arguments: argparse.Namespace) -> ImageFinder:
    return ImageFinder.open(arguments.library, model=arguments.model, device=arguments.device)


def open_existing(arguments: argparse.Namespace) -> ImageFinder:
    """Open a library that must exist, so that a mistyped ``--library`` does not create one.

    Raises:
        UsageError: There is no library.
    """
    if not has_library(arguments):
        folder = default_places(arguments.library).library
        raise UsageError(
            tr("Nothing is indexed yet in {folder}. Begin with: imagefinder add FOLDER", folder=folder)
        )
    return open_library(arguments)


def has_library(arguments: argparse.Namespace) -> bool:
    folder = default_places(arguments.library).library
    if exists(folder / "library.db"):
        return True
    # If something other than a folder is in its place, opening the library reports that.
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    return not nearest.is_dir()
