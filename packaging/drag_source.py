"""A file to be dragged: a small window that gives the file it stands for to whatever it is dropped on.

``drag_source.py FILE READY X Y`` shows it at X, Y, writes the point where the mouse should press into READY, and exits
with status 0 if the drop was accepted, else 1. Run with the display's environment; not part of the program.
"""

import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication, QLabel

_AFTER_MS = 2000
_SIZE = (170, 120)


class _Source(QLabel):
    def __init__(self, path: Path) -> None:
        super().__init__(path.name)
        self._path = path
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setFrameShape(QLabel.Shape.Box)
        self._picture = QPixmap(str(path))
        if not self._picture.isNull():
            self._picture = self._picture.scaled(
                150, 100, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
            )
            self.setPixmap(self._picture)

    def mouseMoveEvent(self, _event: QMouseEvent) -> None:
        drag = QDrag(self)
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile(str(self._path))])
        drag.setMimeData(data)
        drag.setPixmap(self._picture)
        taken = drag.exec(Qt.DropAction.CopyAction | Qt.DropAction.LinkAction) != Qt.DropAction.IgnoreAction
        # The drop target may request the data only after the drop.
        QTimer.singleShot(_AFTER_MS, lambda: QApplication.exit(0 if taken else 1))


def main() -> int:
    """Show the window and wait for the drag."""
    app = QApplication(sys.argv[:1])
    source = _Source(Path(sys.argv[1]))
    source.setWindowFlag(Qt.WindowType.FramelessWindowHint)
    x, y = map(int, sys.argv[3:5])
    width, height = _SIZE
    source.setGeometry(x, y, width, height)
    source.show()
    ready = Path(sys.argv[2])
    QTimer.singleShot(300, lambda: ready.write_text(f"{x + width // 2} {y + height // 2}"))
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
