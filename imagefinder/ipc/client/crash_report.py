"""Write a crash report about the engine process, without names of the user's files."""

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
"""The thread that crashed comes first."""


def crash_report(exit_words: str, trace: Path) -> str:
    """Versions, platform, how the process ended, and what the interpreter wrote of the crash, if it did.

    In English, whatever the user's language, and with the user's own folder as ``~``: a trace names only files of
    the program, but those may lie there.
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
    # Here, not above: it takes long to import, and most windows need it never.
    from importlib import metadata

    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:  # a frozen program need not carry what describes its packages
        return "(version unknown)"


def _beginning_of(trace: Path) -> str:
    try:
        return trace.read_text(encoding="utf-8", errors="replace")[:_MOST_CHARACTERS].strip()
    except OSError:  # the process died before it could make one
        return ""


def _without_home(text: str) -> str:
    home = str(Path.home())
    return text.replace(home, "~") if len(home) > 1 else text
