"""The options of the engine's process, from the settings and from what the command line asked."""

import os
from pathlib import Path

from imagefinder.ipc.messages import EngineOptions
from imagefinder.settings import Settings
from imagefinder.translation import language_in_use
from imagefinder.ui.app.options import WindowOptions


def chosen_library(settings: Settings, options: WindowOptions) -> Path | None:
    """The library in use; None for the default one. What this start was told goes before what is set for all."""
    if options.library or os.environ.get("IMAGEFINDER_LIBRARY"):
        return options.library
    return Path(settings.library) if settings.library else None


def engine_options(settings: Settings, options: WindowOptions, *, is_paused: bool = False) -> EngineOptions:
    """What the engine is started with."""
    is_picture_only = options.screenshot is not None
    return EngineOptions(
        library=chosen_library(settings, options),
        model=options.model,
        device=options.device or settings.device,
        threads=settings.threads,
        low_priority=settings.low_priority,
        language=language_in_use(),
        # A picture of the window is taken of the library as it is.
        index_at_start=settings.index_at_start and not is_picture_only,
        rescan_minutes=0 if is_picture_only else settings.rescan_minutes,
        release_minutes=settings.release_minutes,
        paused=is_paused,
    )
