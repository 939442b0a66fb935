"""A file to be dragged: a small window that gives the file it stands for to whatever it is dropped on.

``drag_source.py FILE READY`` writes where the mouse should press into READY, and ends with status 0 when the drop
was taken, 1 when it was not. Run with the display's environment; not part of the program.
"""

import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel

_AFTER_MS = 2000
_PLACE = (1420, 40, 160, 80)


class _Source(QLabel):
    def __init__(self, path: Path) -> None:
        super().__init__(path.name)
        self._path = path
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def mouseMoveEvent(self, _event: QMouseEvent) -> None:
        drag = QDrag(self)
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(self._path))])
        drag.setMimeData(data)
        taken = drag.exec(Qt.DropAction.CopyAction | Qt.DropAction.LinkAction) != Qt.DropAction.IgnoreAction
        # What it was dropped on asks for the data only now.
        QTimer.singleShot(_AFTER_MS, lambda: QApplication.exit(0 if taken else 1))


def main() -> int:
    """Show the window and wait for the drag."""
    app = QApplication(sys.argv[:1])
    source = _Source(Path(sys.argv[1]))
    source.setWindowFlag(Qt.WindowType.FramelessWindowHint)
    source.setGeometry(*_PLACE)
    source.show()
    x, y, width, height = _PLACE
    ready = Path(sys.argv[2])
    QTimer.singleShot(300, lambda: ready.write_text(f"{x + width // 2} {y + height // 2}"))
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
