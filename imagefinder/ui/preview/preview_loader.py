"""Load one item for the preview at a time; replies that come too late are dropped."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QImage, QPixmap

from imagefinder.ipc.messages import ItemShown, ShowItem
from imagefinder.translation import tr
from imagefinder.ui.services.background import BackgroundTasks
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.services.thumbnail_images import PictureProblemError, read_scaled

MOST_SIDE = 8192
"""Pixels of the longer side: 200 MB in memory at 4:3."""


class PreviewLoader(QObject):
    """Answers the latest wish only."""

    shown = Signal(object, object)
    """``ItemShown``, and its ``QPixmap`` or None where there is no picture."""
    failed = Signal(str)

    def __init__(
        self, client: EngineClient, background: BackgroundTasks, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._client = client
        self._background = background
        self._request_id = 0

    def ask(self, item_id: int, part: int | None, side: int, words: str, *, download: bool = False) -> None:
        """Ask for an item, or for another part of its file, at about ``side`` pixels.

        With ``download`` also where its file is online only.
        """
        self.forget()
        self._request_id = self._client.next_id()
        request = ShowItem(self._request_id, item_id, part, min(side, MOST_SIDE), words, download)
        self._client.request(request, self._on_shown, self._on_failed)

    def forget(self) -> None:
        """Nobody waits for the answer any more."""
        self._client.forget(self._request_id)
        self._request_id = 0

    def _on_shown(self, shown: ItemShown) -> None:
        if shown.picture is None:
            self.shown.emit(shown, None)
        else:
            self._background.run(partial(_read, shown.picture), partial(self._put, shown))

    def _on_failed(self, problem: str) -> None:
        self.failed.emit(problem)

    def _put(self, shown: ItemShown, image: QImage | str) -> None:
        if shown.request_id != self._request_id:
            return
        if isinstance(image, str):
            self.shown.emit(shown, None)
            self.failed.emit(image)
        else:
            self.shown.emit(shown, QPixmap.fromImage(image))


def _read(path: Path) -> QImage | str:
    """The picture, or why there is none. Runs in a thread."""
    try:
        return read_scaled(path, QSize(MOST_SIDE, MOST_SIDE))
    except PictureProblemError as error:
        return str(error)
    except OSError:
        return tr("The picture cannot be shown: what was rendered of it is not there any more.")
