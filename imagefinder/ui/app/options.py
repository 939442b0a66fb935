"""What the window is opened with, from the command line. Knows nothing of Qt."""

from dataclasses import dataclass
from pathlib import Path


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
