"""Command lines of PDF viewers that can open a document at a page (Linux only)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

_PAGE_ARGUMENTS = {
    "evince": "--page-index={page}",
    "papers": "--page-index={page}",
    "atril": "--page-index={page}",
    "xreader": "--page-index={page}",
    "okular": "--page={page}",
    "zathura": "--page={page}",
}
_BROWSERS = ("firefox", "chromium", "google-chrome", "microsoft-edge", "brave-browser")
_PATIENCE_S = 3.0


def command_for_page(path: Path, page: int) -> tuple[str, ...]:
    """Return the command that opens a PDF at a page (counted from 1) in the user's default viewer.

    Returns an empty tuple if that viewer is not known to support this. May take some seconds, so do not call
    it on the GUI thread.
    """
    if not sys.platform.startswith("linux") or not _is_text(path):
        return ()
    viewer = _default_viewer()
    for name, argument in _PAGE_ARGUMENTS.items():
        if name in viewer and (program := shutil.which(name)):
            return program, argument.format(page=page), str(path)
    for name in _BROWSERS:
        if viewer.startswith(name) and (program := shutil.which(name)):
            return program, f"{path.as_uri()}#page={page}"
    return ()


def _default_viewer() -> str:
    """Return the name of the desktop file associated with PDFs, in lower case; empty if unknown."""
    asker = shutil.which("xdg-mime")
    if asker is None:
        return ""
    try:
        answer = subprocess.run(  # noqa: S603 - constant arguments
            [asker, "query", "default", "application/pdf"],
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""  # the file is opened at its first page instead
    return os.fsdecode(answer.stdout).strip().lower()


def _is_text(path: Path) -> bool:
    """Return whether the path is valid UTF-8. Qt, which starts the viewer, would corrupt any other."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
