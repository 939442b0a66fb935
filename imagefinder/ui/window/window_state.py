"""Window state saved between runs: geometry, searches, layout."""

import base64
import binascii
import logging
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from imagefinder.json_file import read_object, replace_object

_LOG = logging.getLogger(__name__)

_WIDEST = 1 << 16
"""Points: no screen has more, and Qt takes no number of any size."""


@dataclass(frozen=True, slots=True)
class WindowState:
    """The window as it was left. The defaults are those of the first start."""

    geometry: str = ""
    """Qt's own record of place and size, as base64."""
    preview_geometry: str = ""
    splitter: list[int] = field(default_factory=list)
    """Widths of the library panel and of the panes, in points."""
    is_panel_visible: bool = True
    is_paused: bool = False
    """Whether the user paused the indexing."""
    library: str = ""
    """The folder of the library that the window was open on; empty where that is not known."""
    had_sources: bool = False
    """Whether the library had any: the first page is for who has none, and the engine takes a moment to say."""
    panes: dict[str, Any] = field(default_factory=dict)
    """What ``PaneArea.save`` gave."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it; what is missing, damaged or of the wrong kind keeps its default. Nothing is raised."""
        found = read_object(path)
        default = asdict(cls())
        good: dict[str, Any] = {
            name: value for name, value in found.items() if type(value) is type(default.get(name))
        }
        widths = good.get("splitter", [])
        if not all(type(width) is int and 0 <= width < _WIDEST for width in widths):
            del good["splitter"]
        return cls(**{each.name: good[each.name] for each in fields(cls) if each.name in good})

    def save(self, path: Path) -> None:
        """Write it, whole or not at all. That it cannot be written is said in the log alone: nothing hangs on it."""
        try:
            replace_object(path, asdict(self))
        except OSError as error:
            _LOG.warning("the state of the window cannot be kept in %s: %s", path, error)


def as_text(data: bytes) -> str:
    """Bytes as they can stand in JSON."""
    return base64.b64encode(data).decode("ascii")


def as_bytes(text: str) -> bytes:
    """The bytes of ``as_text``; none where the text is damaged."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
