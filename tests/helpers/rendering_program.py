"""The program with a window, extended to render its windows anew on request.

Usage: ``python rendering_program.py FOLDER ARGUMENTS...``, where the arguments are those of imagefinder. Whenever a
file ``FOLDER/asked`` appears, each visible window is painted into a PNG file (``QWidget.grab``), and
``FOLDER/rendered.json`` lists the files with the positions of the windows.
"""

import json
import sys
from pathlib import Path


def main() -> int:
    folder = Path(sys.argv.pop(1))
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QApplication, QWidget

    from imagefinder.ui.app import application

    def render() -> None:
        asked = folder / "asked"
        if not asked.exists():
            return
        number = asked.read_text()
        windows = [each for each in QApplication.topLevelWidgets() if each.isVisible()]
        found = []
        for window in windows:
            file = folder / f"render-{int(window.winId())}.png"
            window.grab().save(str(file))
            found.append({"place": _place(window), "file": str(file), "title": window.windowTitle()})
        asked.unlink()
        answer = folder / "rendered.new"
        answer.write_text(json.dumps({"number": number, "windows": found}))
        answer.replace(folder / "rendered.json")

    def _place(window: QWidget) -> list[int]:
        ratio = window.devicePixelRatioF()
        corner = window.windowHandle().position()
        # Tests have one screen, whose origin is (0, 0), so window positions scale like sizes.
        return [round(each * ratio) for each in (corner.x(), corner.y(), window.width(), window.height())]

    class RenderingApplication(application.Application):
        def run(self) -> int:
            QApplication.setCursorFlashTime(0)  # a blinking text cursor would cause random differences
            timer = QTimer(self)
            timer.timeout.connect(render)
            timer.start(20)
            return super().run()

    application.Application = RenderingApplication  # type: ignore[misc]

    from imagefinder.__main__ import main as imagefinder_main

    return imagefinder_main()


if __name__ == "__main__":
    sys.exit(main())
