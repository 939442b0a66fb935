"""What the composition root makes once and hands to the window."""

from dataclasses import dataclass

from imagefinder.paths import Places
from imagefinder.ui.dragdrop.drop_cache import DropCache
from imagefinder.ui.dragdrop.link_fetcher import LinkFetcher
from imagefinder.ui.services.desktop import Desktop
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.services.thumbnail_loader import ThumbnailLoader


@dataclass(frozen=True, slots=True)
class WindowServices:
    """The main window's collaborators. They outlive it: a change of language makes the window anew."""

    client: EngineClient
    """The engine, in its process."""
    settings_store: SettingsStore
    places: Places
    """Where the program keeps its files."""
    desktop: Desktop
    """Opens files and folders with the system's programs."""
    thumbnails: ThumbnailLoader
    dropped: DropCache
    """Keeps pictures that were dropped or pasted and are in no file."""
    fetcher: LinkFetcher
    """Downloads pictures whose address was dropped."""
