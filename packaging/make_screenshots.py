"""Make the pictures of the program for the README and the docs: ``python packaging/make_screenshots.py [FOLDER]``.

Starts the real program on a temporary library with the starter model. It does not touch your own library and needs no
display; the moving picture needs Xvfb and xdotool. FOLDER defaults to ``docs/images``.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PIL import Image
from screen_recording import record_drop
from screenshot_pictures import make_pictures

ROOT = Path(__file__).resolve().parent.parent
_SIZE = "1200x780"
_WORDS = "hills and mountains"
_MOST_BYTES = 300_000
_PATIENCE_S = 120
_Kind = TypeVar("_Kind")


def main() -> int:
    """Make them all; returns the exit status."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "docs" / "images").resolve()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="imagefinder-") as name:
        home = Path(name)
        folders = make_pictures(home / "Pictures")
        _use_home(home)
        _run("add", *map(str, folders))
        # First, because a window opens with the searches of the last one.
        record_drop(folders[0] / "sunset 1.jpg", target / "find-similar.gif", home)
        by_picture = ("window", str(folders[0] / "sunset 1.jpg"))
        for theme, asked in {"light": ("--query", _WORDS), "dark": by_picture}.items():
            shot = target / f"results-{theme}.png"
            _run("--screenshot", str(shot), "--size", _SIZE, "--theme", theme, *asked)
        _run_self("preview", target / "page.png")
        _run_self("settings", target / "settings.png")
    for shot in sorted(target.glob("*.png")):
        _shrink(shot)
    for shot in sorted([*target.glob("*.png"), *target.glob("*.gif")]):
        sys.stdout.write(f"{shot} {shot.stat().st_size // 1000} kB\n")
    return 0


def _use_home(home: Path) -> None:
    """Keep the program away from the user's own files, language and display."""
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        (home / name).mkdir(mode=0o700)
        os.environ[name] = str(home / name)
    os.environ.update(LC_ALL="en_GB.UTF-8", LANGUAGE="en", QT_QPA_PLATFORM="offscreen")
    os.environ.pop("IMAGEFINDER_LIBRARY", None)


def _run(*arguments: str) -> None:
    command = [sys.executable, "-m", "imagefinder", "--model", "starter", "--language", "en", *arguments]
    subprocess.run(command, check=True, timeout=_PATIENCE_S, stdout=subprocess.DEVNULL)


def _run_self(what: str, file: Path) -> None:
    # In a process of its own: the program makes its one QApplication itself.
    command = [sys.executable, __file__, "--grab", what, str(file)]
    subprocess.run(command, check=True, timeout=_PATIENCE_S)


def _grab(what: str, file: Path) -> int:
    """Start the window on words, open the preview or the settings, and draw that into ``file``."""
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication

    from imagefinder.ui.app.application import Application
    from imagefinder.ui.app.options import WindowOptions
    from imagefinder.ui.settings.settings_dialog import MODEL_PAGE, SettingsDialog
    from imagefinder.ui.window.main_window import MainWindow

    application = Application(
        WindowOptions(model="starter", query="northern shore", language="en", theme="light")
    )

    def found(kind: type[_Kind]) -> _Kind | None:
        return next((each for each in QApplication.topLevelWidgets() if isinstance(each, kind)), None)

    def open_it(window: MainWindow) -> bool:
        pane = window.panes.current_pane()
        if not pane.model.rowCount():
            return False
        if what == "settings":
            window.open_settings(MODEL_PAGE)
        else:
            window.preview.resize(1100, 780)
            pane.preview_requested.emit(pane.model, 0, pane.state().text)
        return True

    def draw(window: MainWindow) -> bool:
        shown = found(SettingsDialog) if what == "settings" else window.preview
        assert shown is not None
        shown.grab().save(str(file))
        return True

    steps: list[Callable[[MainWindow], bool]] = [open_it, draw]
    timer = QTimer()
    # The second step comes late enough for the page, and for the list of models, to stand.
    timer.setInterval(5000)

    def step() -> None:
        window = found(MainWindow)
        if window is not None and steps and steps[0](window):
            steps.pop(0)
        if window is not None and not steps:
            timer.stop()
            window.close()

    timer.timeout.connect(step)
    timer.start()
    return application.run()


def _shrink(file: Path) -> None:
    """Reduce the file's size, if necessary by reducing it to 256 colours.

    Raises:
        ValueError: The file is still too large.
    """
    with Image.open(file) as picture:
        whole = picture.convert("RGB")
    whole.save(file, optimize=True)
    if file.stat().st_size > _MOST_BYTES:
        few = whole.quantize(palette=whole.quantize(256), dither=Image.Dither.FLOYDSTEINBERG)
        few.save(file, optimize=True)
    if file.stat().st_size > _MOST_BYTES:
        raise ValueError(f"{file} is larger than {_MOST_BYTES} bytes")


if __name__ == "__main__":
    sys.exit(_grab(sys.argv[2], Path(sys.argv[3])) if sys.argv[1:2] == ["--grab"] else main())
