"""Loader of items for the preview."""

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
"""Longest side in pixels, which takes 200 MB of memory at 4:3."""


class PreviewLoader(QObject):
    """Loader of items rendered by the engine. Only the latest request is answered."""

    shown = Signal(object, object)
    """Emitted with the ``ItemShown`` and its ``QPixmap``, or None if there is no picture."""
    failed = Signal(str)
    """Emitted with the reason if a request or reading its picture failed."""

    def __init__(
        self, client: EngineClient, background: BackgroundTasks, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._client = client
        self._background = background
        self._request_id = 0

    def ask(self, item_id: int, part: int | None, side: int, words: str, *, download: bool = False) -> None:
        """Request an item, or another part of its file, with about ``side`` pixels on the longer side.

        With ``download``, an online-only file is downloaded.
        """
        self.forget()
        self._request_id = self._client.next_id()
        request = ShowItem(self._request_id, item_id, part, min(side, MOST_SIDE), words, download)
        self._client.request(request, self._on_shown, self._on_failed)

    def forget(self) -> None:
        """Discard the reply to the current request, if there is one."""
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
    """Read a picture, or return the reason why that failed. Runs in a background thread."""
    try:
        return read_scaled(path, QSize(MOST_SIDE, MOST_SIDE))
    except PictureProblemError as error:
        return str(error)
    except OSError:
        return tr("The picture can't be shown because its preview file is missing. Try again.")
