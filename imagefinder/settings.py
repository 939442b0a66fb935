"""The user's settings, one JSON file in the user's configuration folder."""

import logging
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from imagefinder.json_file import read_object, replace_object

_LOG = logging.getLogger(__name__)

THEMES = ("system", "light", "dark")
_BOUNDS = {"threads": (0, 1024), "rescan_minutes": (0, 7 * 24 * 60), "release_minutes": (0, 7 * 24 * 60)}
"""What a file edited by hand may say: less than nothing would look for new pictures without a rest."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user chose. The defaults suit who never opens the settings."""

    library: str = ""
    """Where the library is kept; empty for the user's own data folder."""
    device: str = "auto"
    language: str = ""
    """A key of ``translation.LANGUAGES``; empty follows the system."""
    theme: str = "system"
    threads: int = 0
    """How many processor threads the model may use; 0 leaves it to the model."""
    low_priority: bool = True
    """Whether other programs go first while pictures are indexed."""
    index_at_start: bool = True
    """Whether the sources are looked through for what is new when the window opens."""
    rescan_minutes: int = 15
    """How often they are looked through while the window is open; 0 for never."""
    fetch_dropped_links: bool = True
    """Whether a picture dropped from a browser as an address alone may be fetched."""
    fetch_local_addresses: bool = False
    """Whether such an address may be of this machine or of the local network."""
    hub_mirror: str = ""
    """Where models are downloaded from in place of huggingface.co; empty for ``HF_ENDPOINT``, else the hub."""
    proxy: str = ""
    """Of downloads; empty for the environment's."""
    release_minutes: int = 15
    """Minutes without work after which the model's memory is given back; 0 for never."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read them; what is missing, damaged or of the wrong kind keeps its default (the log says so)."""
        found = read_object(path)
        known = {each.name: type(each.default) for each in fields(cls)}
        good: dict[str, Any] = {
            name: value
            for name, value in found.items()
            if type(value) is known.get(name) and _is_sensible(name, value)
        }
        for name in found.keys() - good.keys():
            _LOG.warning("the setting %s in %s is not understood", name, path)
        return cls(**good)

    def save(self, path: Path) -> None:
        """Write them, whole or not at all.

        Raises:
            OSError: they cannot be written; what was there before is whole.
        """
        replace_object(path, asdict(self))


def _is_sensible(name: str, value: object) -> bool:
    if isinstance(value, str):
        try:
            os.fsencode(value)
        except UnicodeEncodeError:  # half a character, of which no path is made
            return False
        return "\0" not in value and (name != "theme" or value in THEMES)
    least, most = _BOUNDS.get(name, (0, 1))
    return isinstance(value, int) and least <= value <= most
