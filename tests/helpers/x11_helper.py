"""Helper programs on the X display, each run as a separate process.

``drag FILE``: a widget to drag. ``FILE`` is JSON and maps MIME types to texts (``base64:...`` for bytes).
Prints the
position to press at, then ``taken`` or ``refused`` after the drop. Keeps running, because the data may be requested
later.
``catch``: a drop target. Prints its position, then the dropped addresses on one line.
``cover X Y WIDTH HEIGHT``: a window in front of others. Prints a line once it is shown.
``write FILE POINTS WEIGHT TEXT``: saves a picture of a text as the program's labels paint it.
"""

import base64
import json
import sys
from pathlib import Path

from PySide6.QtCore import QMimeData, QRect, Qt, QTimer, QUrl
from PySide6.QtGui import QDrag, QDragEnterEvent, QDropEvent, QFont, QMouseEvent
from PySide6.QtWidgets import QApplication, QLabel, QWidget

_DRAGGED, _CAUGHT = QRect(1420, 40, 160, 80), QRect(1420, 200, 160, 160)


def _say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - the test reads standard output


def _show(widget: QWidget, place: QRect) -> None:
    widget.setWindowFlag(Qt.WindowType.FramelessWindowHint)
    widget.setGeometry(place)
    widget.show()
    middle = place.center()
    # Wait until the widget has been painted.
    QTimer.singleShot(200, lambda: _say(middle.x(), middle.y()))


class _Dragged(QLabel):
    def __init__(self, formats: dict[str, str]) -> None:
        super().__init__("drag me")
        self._formats = formats

    def mouseMoveEvent(self, _event: QMouseEvent) -> None:
        data = QMimeData()
        for name, text in self._formats.items():
            is_binary = text.startswith("base64:")
            data.setData(name, base64.b64decode(text[7:]) if is_binary else text.encode())
        drag = QDrag(self)
        drag.setMimeData(data)
        actions = Qt.DropAction.CopyAction | Qt.DropAction.LinkAction | Qt.DropAction.MoveAction
        taken = drag.exec(actions) != Qt.DropAction.IgnoreAction
        self.hide()
        _say("taken" if taken else "refused")


class _Catcher(QLabel):
    def __init__(self) -> None:
        super().__init__("drop here")
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        event.acceptProposedAction()
        _say(*(url.toString(QUrl.ComponentFormattingOption.FullyEncoded) for url in event.mimeData().urls()))
        QTimer.singleShot(0, QApplication.quit)


def _write(file: str, points: str, weight: str, text: str) -> int:
    label = QLabel(text)
    font = QFont(label.font())
    font.setPointSizeF(font.pointSizeF() * float(points))
    if int(weight):
        font.setWeight(QFont.Weight(int(weight)))
    label.setFont(font)
    label.setStyleSheet("color: black; background: white")
    label.adjustSize()
    return 0 if label.grab().save(file, "PNG") else 1


def main() -> int:
    """Run the helper named by the first argument."""
    app = QApplication(sys.argv[:1])
    app.setStyle("Fusion")
    match sys.argv[1:]:
        case ["drag", file]:
            window: QWidget = _Dragged(json.loads(Path(file).read_text()))
            place = _DRAGGED
        case ["catch"]:
            window, place = _Catcher(), _CAUGHT
        case ["cover", *numbers]:
            window, place = QWidget(), QRect(*map(int, numbers))
        case ["write", file, points, weight, text]:
            return _write(file, points, weight, text)
        case _:
            return 2
    _show(window, place)
    return app.exec()


if __name__ == "__main__":
    sys.exit(main())
