"""Copying pictures to the clipboard, as rendered by the engine."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QGuiApplication, QImage

from imagefinder.domain.items import ItemKind
from imagefinder.domain.queries import Hit
from imagefinder.ipc.messages import ItemShown, ShowItem
from imagefinder.translation import tr
from imagefinder.ui.formatting import short_name
from imagefinder.ui.services.background import BackgroundTasks
from imagefinder.ui.services.engine_client import EngineClient
from imagefinder.ui.services.thumbnail_images import PictureProblemError, read_scaled

_MOST_SIDE = 4096
"""Longest side in pixels. The clipboard passes uncompressed pixels to other programs: 64 MB at this size."""
_PAGE_SIDE = 2480
"""Longest side of a page in pixels: A4 at 210 dots per inch."""


class PictureClipboard(QObject):
    """Clipboard for pictures. Only one is copied at a time: a new request replaces one in progress."""

    notice = Signal(str)
    """Emitted with a sentence when the picture is on the clipboard."""
    problem = Signal(str)
    """Emitted with the reason if the picture could not be copied."""

    def __init__(
        self, client: EngineClient, background: BackgroundTasks, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._client = client
        self._background = background
        self._request_id = 0
        self._name = ""

    def copy(self, hit: Hit) -> None:
        """Start to copy the picture of a hit. The outcome is emitted as ``notice`` or ``problem``."""
        self._client.forget(self._request_id)
        self._request_id = self._client.next_id()
        self._name = short_name(hit.path)
        side = _PAGE_SIDE if hit.kind is ItemKind.PAGE else _MOST_SIDE
        request = ShowItem(self._request_id, hit.item_id, side=side, download=True)
        self._client.request(request, self._on_shown, self._on_failed)

    def _on_shown(self, shown: ItemShown) -> None:
        if shown.picture is None or shown.problem:
            self.problem.emit(shown.problem or tr("{name} couldn't be copied.", name=self._name))
            return
        self._background.run(partial(_read, shown.picture), partial(self._put, shown.request_id))

    def _on_failed(self, problem: str) -> None:
        self.problem.emit(problem)

    def _put(self, request_id: int, image: QImage | None) -> None:
        if request_id != self._request_id:
            return
        if image is None:
            self.problem.emit(tr("{name} couldn't be copied.", name=self._name))
            return
        QGuiApplication.clipboard().setImage(image)
        self.notice.emit(tr("Copied the picture {name}.", name=self._name))


def _read(path: Path) -> QImage | None:
    """Read the rendered picture, or return None if that fails. Runs in a background thread."""
    try:
        return read_scaled(path, QSize(_MOST_SIDE, _MOST_SIDE))
    except (OSError, PictureProblemError):
        return None  # reported by _put
