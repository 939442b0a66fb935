"""Window state saved between sessions: geometry, layout and searches."""

import base64
import binascii
import logging
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Self

from imagefinder.json_file import read_object, replace_object

_LOG = logging.getLogger(__name__)

_WIDEST = 1 << 16
"""Upper limit of a width in points. No screen is wider, and larger integers would overflow in Qt."""


@dataclass(frozen=True, slots=True)
class WindowState:
    """State of the main window. The default values are those of the first start."""

    geometry: str = ""
    """Position and size, from ``QWidget.saveGeometry``, in base64."""
    preview_geometry: str = ""
    """Position and size of the preview window, in base64."""
    splitter: list[int] = field(default_factory=list)
    """Widths of the library panel and of the panes, in points."""
    is_panel_visible: bool = True
    is_paused: bool = False
    """Whether the user has paused indexing."""
    library: str = ""
    """Folder of the library that was open; empty if unknown."""
    had_sources: bool = False
    """Whether the library had sources. If not, the welcome page is shown until the engine reports some."""
    panes: dict[str, Any] = field(default_factory=dict)
    """Result of ``PaneArea.save``."""

    @classmethod
    def load(cls, path: Path) -> Self:
        """Load the state from a file.

        Missing, damaged or mistyped values keep their defaults. No error is raised.
        """
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
        """Write the state atomically. Errors are only logged, because the state is not essential."""
        try:
            replace_object(path, asdict(self))
        except OSError as error:
            _LOG.warning("cannot save the window state to %s: %s", path, error)


def as_text(data: bytes) -> str:
    """Encode bytes as base64 for JSON."""
    return base64.b64encode(data).decode("ascii")


def as_bytes(text: str) -> bytes:
    """Decode the result of ``as_text``. Returns empty bytes if the text is damaged."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return b""
