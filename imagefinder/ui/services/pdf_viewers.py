"""Open a PDF at a page in the user's viewer (Linux)."""

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
    """The command that opens a PDF at a page (from 1) in the user's own viewer.

    Empty where that viewer is not known to take a page. May take some seconds: not for the GUI thread.
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
    """The name of the desktop file that opens PDFs, in lower case; empty where nothing says so."""
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
        return ""  # the page is a nicety: the file opens at its first
    return os.fsdecode(answer.stdout).strip().lower()


def _is_text(path: Path) -> bool:
    """Whether the path passes through Qt, which starts the program, unharmed."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
