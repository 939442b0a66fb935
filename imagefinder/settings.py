"""The user's settings, a JSON file in the user's configuration folder."""

import logging
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from imagefinder.json_file import read_object, replace_object

_LOG = logging.getLogger(__name__)

THEMES = ("system", "light", "dark")
_BOUNDS = {"threads": (0, 1024), "rescan_minutes": (0, 7 * 24 * 60), "release_minutes": (0, 7 * 24 * 60)}
"""Smallest and largest accepted value of numeric settings. The file may have been edited by hand, and a
negative interval, for example, would rescan without pause."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The user's settings. The defaults suit users who never open the settings dialog."""

    library: str = ""
    """Folder of the library. Empty for the default folder in the user's data directory."""
    device: str = "auto"
    language: str = ""
    """A key of ``translation.LANGUAGES``. Empty follows the system."""
    theme: str = "system"
    threads: int = 0
    """Number of processor threads the model may use. 0 leaves the choice to the model."""
    low_priority: bool = True
    """Whether indexing runs at low priority."""
    index_at_start: bool = True
    """Whether the sources are rescanned when the window opens."""
    rescan_minutes: int = 15
    """Minutes between rescans while the window is open. 0 disables them."""
    fetch_dropped_links: bool = True
    """Whether a picture that was dropped from a browser as a link only may be fetched."""
    fetch_local_addresses: bool = False
    """Whether a dropped link may point to this computer or the local network."""
    hub_mirror: str = ""
    """Server that models are downloaded from instead of huggingface.co. Empty for ``HF_ENDPOINT``, or else the hub."""
    proxy: str = ""
    """Proxy for downloads. Empty for the proxy set in the environment."""
    release_minutes: int = 15
    """Minutes of inactivity after which the memory of the model is released. 0 disables this."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read settings from a file.

        A setting that is missing, damaged or of the wrong type keeps its default. Invalid ones are logged.
        """
        found = read_object(path)
        known = {each.name: type(each.default) for each in fields(cls)}
        good: dict[str, Any] = {
            name: value
            for name, value in found.items()
            if type(value) is known.get(name) and _is_sensible(name, value)
        }
        for name in found.keys() - good.keys():
            _LOG.warning("ignoring invalid setting %s in %s", name, path)
        return cls(**good)

    def save(self, path: Path) -> None:
        """Write the settings atomically.

        Raises:
            OSError: The file cannot be written. The old file is unchanged.
        """
        replace_object(path, asdict(self))


def _is_sensible(name: str, value: object) -> bool:
    if isinstance(value, str):
        try:
            os.fsencode(value)
        except UnicodeEncodeError:  # a lone surrogate, which is not valid in a path
            return False
        return "\0" not in value and (name != "theme" or value in THEMES)
    least, most = _BOUNDS.get(name, (0, 1))
    return isinstance(value, int) and least <= value <= most
