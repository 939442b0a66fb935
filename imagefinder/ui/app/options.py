"""What the window is opened with, from the command line, and what the engine is started with. Imports no Qt."""

import os
from dataclasses import dataclass
from pathlib import Path

from imagefinder.ipc.messages import EngineOptions
from imagefinder.settings import Settings
from imagefinder.translation import language_in_use


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """What the command line asked of the window; what is None is as the settings say."""

    library: Path | None = None
    model: str | None = None
    device: str | None = None
    paths: tuple[Path, ...] = ()
    """Pictures become the first pane's query; folders are offered for adding."""
    screenshot: Path | None = None
    """Draw the window into this PNG file, and go."""
    query: str = ""
    """Words that the first pane searches at once."""
    size: tuple[int, int] | None = None
    """Width and height of the window in points."""
    theme: str | None = None
    language: str | None = None


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
