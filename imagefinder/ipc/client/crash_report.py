"""Crash report about the engine process, without names of the user's files."""

import platform
import sys
from pathlib import Path

from imagefinder import __version__

_PACKAGES = (
    "PySide6-Essentials",
    "torch",
    "open_clip_torch",
    "hnswlib",
    "numpy",
    "pillow",
    "pillow-heif",
    "pymupdf",
)
_MOST_CHARACTERS = 8000
"""Characters of the crash log to include. The crashed thread comes first."""


def crash_report(exit_words: str, trace: Path) -> str:
    """Return a report with versions, platform, exit description and the interpreter's traceback, if there is one.

    The report is in English regardless of the user's language. The home folder is replaced by ``~``, because the
    traceback names files of the program, which may be installed there.
    """
    lines = [
        f"imagefinder {__version__}",
        f"Python {platform.python_version()}, {'frozen' if getattr(sys, 'frozen', False) else 'installed'}",
        f"{platform.platform()}, {platform.machine()}",
        ", ".join(f"{name} {_version(name)}" for name in _PACKAGES),
        f"The engine ended with {exit_words}.",
        "",
        _beginning_of(trace) or "It left no trace.",
    ]
    return _without_home("\n".join(lines))


def _version(package: str) -> str:
    # Imported late, because it is slow to import and rarely needed.
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # a frozen program may lack package metadata
        return "(version unknown)"


def _beginning_of(trace: Path) -> str:
    try:
        return trace.read_text(encoding="utf-8", errors="replace")[:_MOST_CHARACTERS].strip()
    except OSError:  # the process died before it could create the file
        return ""


def _without_home(text: str) -> str:
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text
