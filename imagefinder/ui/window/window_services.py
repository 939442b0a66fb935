"""Collaborators that the composition root creates once and passes to the main window."""

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
    """Collaborators of the main window. They outlive it: a change of language recreates the window."""

    client: EngineClient
    """Client of the engine process."""
    settings_store: SettingsStore
    places: Places
    """Folders in which the program stores its files."""
    desktop: Desktop
    """Opens files and folders in other programs, and copies files."""
    thumbnails: ThumbnailLoader
    dropped: DropCache
    """Stores pictures that were dropped or pasted as data."""
    fetcher: LinkFetcher
    """Downloads pictures from dropped links."""
