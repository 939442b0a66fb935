"""What the composition root makes once and hands to the window."""

from dataclasses import dataclass

from imagefinder.paths import Places
from imagefinder.ui.desktop import Desktop
from imagefinder.ui.dropped_pictures import DroppedPictures
from imagefinder.ui.engine_client import EngineClient
from imagefinder.ui.link_fetcher import LinkFetcher
from imagefinder.ui.settings_keeper import SettingsKeeper
from imagefinder.ui.thumbnail_loader import ThumbnailLoader


@dataclass(frozen=True, slots=True)
class WindowParts:
    """The window's collaborators. They outlive it: a change of language makes the window anew."""

    client: EngineClient
    keeper: SettingsKeeper
    places: Places
    desktop: Desktop
    thumbnails: ThumbnailLoader
    dropped: DroppedPictures
    fetcher: LinkFetcher
