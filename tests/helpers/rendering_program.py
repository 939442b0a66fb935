"""The program with a window, which also renders its windows anew whenever a test asks for it.

``python rendering_program.py FOLDER ARGUMENTS OF imagefinder``: whenever a file ``FOLDER/asked`` appears, each visible
window is painted into a PNG file of its own (``QWidget.grab``), and ``FOLDER/rendered.json`` says which and where.
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
        # Window positions on the only screen of a test start at its origin, so they scale as sizes do.
        return [round(each * ratio) for each in (corner.x(), corner.y(), window.width(), window.height())]

    class RenderingApplication(application.Application):
        def run(self) -> int:
            QApplication.setCursorFlashTime(0)  # a text cursor that is there or not would differ by chance
            timer = QTimer(self)
            timer.timeout.connect(render)
            timer.start(20)
            return super().run()

    application.Application = RenderingApplication  # type: ignore[misc]

    from imagefinder.__main__ import main as imagefinder_main

    return imagefinder_main()


if __name__ == "__main__":
    sys.exit(main())
