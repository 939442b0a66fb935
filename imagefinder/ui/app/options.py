"""Command-line options of the window, and the engine options derived from them. Does not import Qt."""

import os
from dataclasses import dataclass
from pathlib import Path

from imagefinder.ipc.messages import EngineOptions
from imagefinder.settings import Settings
from imagefinder.translation import language_in_use


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """Command-line options of the window. For options that are None, the settings apply."""

    library: Path | None = None
    model: str | None = None
    device: str | None = None
    paths: tuple[Path, ...] = ()
    """Pictures to search by in the first pane, and folders to offer as sources."""
    screenshot: Path | None = None
    """PNG file to save a screenshot of the window to, after which the program exits."""
    query: str = ""
    """Words to search for in the first pane."""
    size: tuple[int, int] | None = None
    """Width and height of the window in points."""
    theme: str | None = None
    language: str | None = None


def chosen_library(settings: Settings, options: WindowOptions) -> Path | None:
    """Return the folder of the library to use, or None for the default one.

    The command line and IMAGEFINDER_LIBRARY take precedence over the settings. None also stands for the value
    of the environment variable, which ``paths`` reads.
    """
    if options.library or os.environ.get("IMAGEFINDER_LIBRARY"):
        return options.library
    return Path(settings.library) if settings.library else None


def engine_options(settings: Settings, options: WindowOptions, *, is_paused: bool = False) -> EngineOptions:
    """Return the options to start the engine process with."""
    is_picture_only = options.screenshot is not None
    return EngineOptions(
        library=chosen_library(settings, options),
        model=options.model,
        device=options.device or settings.device,
        threads=settings.threads,
        low_priority=settings.low_priority,
        language=language_in_use(),
        # A screenshot must not change the library.
        index_at_start=settings.index_at_start and not is_picture_only,
        rescan_minutes=0 if is_picture_only else settings.rescan_minutes,
        release_minutes=settings.release_minutes,
        paused=is_paused,
    )
