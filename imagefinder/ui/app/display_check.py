"""Check that a window can be shown, to report an error where Qt would abort the process."""

import ctypes
import importlib.util
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from imagefinder.domain.errors import UsageError
from imagefinder.translation import tr

# System libraries required by Qt's xcb plugin, and the Debian and Ubuntu packages that contain them.
_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxkbcommon.so.0": "libxkbcommon0",
}

Loads = Callable[[str], str]
"""Tries to load a library and returns an error message, or an empty string if it succeeds."""


def check_display(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> None:
    """Check that a window can be shown (on Linux; elsewhere nothing is checked).

    Raises:
        UsageError: There is no usable display, or libraries that Qt needs are missing. The message names the
            packages to install.
    """
    if not platform.startswith("linux") or _is_chosen_without_screen(environment):
        return
    if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        raise UsageError(tr("The window can't be opened: no display was found."))
    wanted = ["libqxcb.so"] if environment.get("DISPLAY") else []
    if environment.get("WAYLAND_DISPLAY"):
        wanted.append("libqwayland.so")
    if message := missing_libraries(wanted, _platform_plugins(), _problem_of_loading):
        raise UsageError(message)
    if not environment.get("WAYLAND_DISPLAY") and not _answers(environment["DISPLAY"]):
        raise UsageError(
            tr(
                "The window can't be opened: display {display} isn't responding.",
                display=environment["DISPLAY"],
            )
        )


def missing_libraries(wanted: list[str], plugins: Path | None, problem: Loads) -> str:
    """Return a message about missing libraries if none of the wanted plugins can be loaded.

    Returns an empty string if one can be loaded, or if none is found in ``plugins``.
    """
    files = [plugins / name for name in wanted if (plugins / name).exists()] if plugins else []
    problems = [problem(str(file)) for file in files]
    if not problems or not all(problems):
        return ""
    packages = sorted({package for library, package in _PACKAGES.items() if problem(library)})
    if not packages:
        return tr("The window can't be opened: part of Qt can't be loaded ({reason}).", reason=problems[0])
    return tr(
        "The window can't be opened because system libraries are missing. On Debian or Ubuntu, install them "
        "with: sudo apt install {packages}",
        packages=" ".join(packages),
    )


def _is_chosen_without_screen(environment: Mapping[str, str]) -> bool:
    # Trust an explicit choice of a platform such as "offscreen".
    return not environment.get("QT_QPA_PLATFORM", "xcb").startswith(("xcb", "wayland"))


def _platform_plugins() -> Path | None:
    found = importlib.util.find_spec("PySide6")
    folders = found.submodule_search_locations if found else None
    return Path(next(iter(folders))) / "Qt" / "plugins" / "platforms" if folders else None


def _answers(display: str) -> bool:
    """Return whether the X server accepts connections. If it does not, Qt would abort the process."""
    xcb = ctypes.CDLL("libxcb.so.1")  # present, because Qt's plugin, which needs it, could be loaded
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(os.fsencode(display), None))
    is_refused = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not is_refused


def _problem_of_loading(library: str) -> str:
    try:
        ctypes.CDLL(library)
    except OSError as error:
        return str(error)
    return ""
