"""Load thumbnails: from the disk cache, else from the engine; decoded off the GUI thread."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QSize, Signal
from PySide6.QtGui import QImage, QPixmap

from imagefinder.domain.image_signatures import is_whole_jpeg
from imagefinder.domain.queries import Hit
from imagefinder.ipc.messages import MakeThumbnail, ThumbnailMade
from imagefinder.paths import thumbnail_file
from imagefinder.translation import tr
from imagefinder.ui.services.background import BackgroundTasks
from imagefinder.ui.services.engine_client import EngineClient, EngineState, EngineStatus
from imagefinder.ui.services.pixmap_cache import PixmapCache
from imagefinder.ui.services.thumbnail_images import PictureProblemError, read_scaled, rounded

_LOG = logging.getLogger(__name__)

_THREADS = 2
_MOST_WAITING = 256
"""More than a screen shows: what waits beyond this was scrolled away long ago."""
_MOST_PROBLEMS = 10_000
_RETRY_AFTER_S = 30.0
"""What had no thumbnail may have one later: its drive is back, the file was mended."""
_STEP = 32
"""Pixels. Sizes are rounded up to this, so that a window being resized does not decode anew at every step."""
_CORNER = 5.0
"""Points of the round corners."""


@dataclass(frozen=True, slots=True)
class _ThumbnailRequest:
    """A thumbnail of an item, or (without an item) the picture file itself."""

    key: str
    path: Path
    box: QSize
    dpr: float
    item_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Decoded:
    wanted: _ThumbnailRequest
    image: QImage | None = None
    problem: str = ""
    """Empty without an image: the file is not in the cache."""


class ThumbnailLoader(QObject):
    """One for the whole window, so that all panes share its memory. To be called on the GUI thread only.

    The newest request is answered first; the oldest of very many are dropped, and ``look_again`` tells the views
    when there is time for what of them is still seen.
    """

    ready = Signal(str)
    """The key of a pixmap that stands now, or of one that cannot be had (see ``problem``)."""
    look_again = Signal()
    """Requests were dropped and there is time for them now: paint all that is seen."""
    idle = Signal()
    """Nothing is on its way any more."""

    def __init__(
        self,
        client: EngineClient,
        folder: Path,
        parent: QObject | None = None,
        *,
        most_bytes: int = 64 * 1024 * 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``folder`` is the thumbnails' cache on disk; ``most_bytes`` bounds the pixmaps in memory."""
        super().__init__(parent)
        self.client = client
        self._folder = folder
        self._clock = clock
        self._pixmaps = PixmapCache(most_bytes)
        self._background = BackgroundTasks("thumbnails", _THREADS, self)
        self._waiting: OrderedDict[str, _ThumbnailRequest] = OrderedDict()
        self._decoding: set[str] = set()
        self._asked: dict[str, _ThumbnailRequest] = {}
        self._problems: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._has_dropped = False
        client.thumbnail_made.connect(self._on_thumbnail_made)
        client.engine_changed.connect(self._on_engine_changed)

    def pixmap(self, hit: Hit, size: QSize, dpr: float) -> QPixmap | None:
        """The thumbnail of a hit, fitted into ``size`` (points); None while it is on its way, or cannot be had.

        While another size is decoded, the one at hand is given: paint it scaled.
        """
        return self.icon_for_item(hit.item_id, hit.thumbnail_key, size, dpr)

    def icon_for_item(self, item_id: int, key: str, size: QSize, dpr: float) -> QPixmap | None:
        """The same for whoever has only an item's id and the key of its thumbnail."""
        if not key:
            return None
        return self._get(_ThumbnailRequest(key, self.path(key), _pixels(size, dpr), dpr, item_id))

    def picture(self, path: Path, size: QSize, dpr: float) -> QPixmap | None:
        """Any picture file, fitted into ``size`` (points); its key for ``ready`` and ``problem`` is ``str(path)``."""
        return self._get(_ThumbnailRequest(str(path), path, _pixels(size, dpr), dpr))

    def peek(self, key: str) -> QPixmap | None:
        """The pixmap that is in memory, of whatever size; nothing is loaded."""
        return self._pixmaps.get(key, QSize())[0]

    def path(self, key: str) -> Path:
        """Where the thumbnail of a key is kept, or would be."""
        return thumbnail_file(self._folder, key)

    def problem(self, key: str) -> str:
        """Why there is no pixmap, one sentence; empty where there is one, or where it is on its way."""
        return self._problems.get(key, ("", 0.0))[0]

    @property
    def is_idle(self) -> bool:
        """Whether nothing is on its way."""
        return not (self._waiting or self._decoding or self._asked)

    @property
    def held_bytes(self) -> int:
        """Memory of the pixmaps that are kept."""
        return self._pixmaps.held_bytes

    def close(self) -> None:
        """End the threads; nothing is loaded any more."""
        self._waiting.clear()
        self._background.close()

    def _get(self, wanted: _ThumbnailRequest) -> QPixmap | None:
        pixmap, fits = self._pixmaps.get(wanted.key, wanted.box)
        if not fits and self._may_try(wanted.key):
            self._waiting.pop(wanted.key, None)
            self._waiting[wanted.key] = wanted  # the newest last
            if len(self._waiting) > _MOST_WAITING:
                self._waiting.popitem(last=False)
                self._has_dropped = True
            self._decode_next()
        return pixmap

    def _may_try(self, key: str) -> bool:
        if key in self._decoding or key in self._asked or self._background.is_closed:
            return False
        _, failed_at = self._problems.get(key, ("", -_RETRY_AFTER_S))
        return self._clock() - failed_at >= _RETRY_AFTER_S

    def _decode_next(self) -> None:
        while self._waiting and len(self._decoding) < _THREADS:
            key, wanted = self._waiting.popitem()
            self._decoding.add(key)
            self._background.run(partial(_decode, wanted), self._on_decoded)

    def _on_decoded(self, decoded: _Decoded) -> None:
        wanted = decoded.wanted
        self._decoding.discard(wanted.key)
        if decoded.image is not None:
            pixmap = QPixmap.fromImage(decoded.image)
            pixmap.setDevicePixelRatio(wanted.dpr)
            self._pixmaps.put(wanted.key, wanted.box, pixmap)
            self._problems.pop(wanted.key, None)
            self.ready.emit(wanted.key)
        elif decoded.problem or wanted.item_id is None:
            self._fail(wanted.key, decoded.problem)
        else:
            self._asked[wanted.key] = wanted
            self.client.send(MakeThumbnail(wanted.item_id, wanted.key))
        self._go_on()

    def _on_thumbnail_made(self, made: ThumbnailMade) -> None:
        wanted = self._asked.pop(made.key, None)
        if wanted is None:
            return
        if made.path is None:
            self._fail(made.key, made.problem or tr("No thumbnail can be made of it."))
        else:
            # Without an item: what the engine has just made and cannot be read is not asked for again.
            self._waiting[made.key] = _ThumbnailRequest(made.key, made.path, wanted.box, wanted.dpr)
        self._go_on()

    def _on_engine_changed(self, status: EngineStatus) -> None:
        # A new engine knows nothing of what the old one was asked.
        if status.state is EngineState.RUNNING:
            # What the old one said of them may be in another language.
            self._problems.clear()
            self.look_again.emit()
        elif self._asked:
            self._asked.clear()
            self._go_on()

    def _fail(self, key: str, problem: str) -> None:
        self._problems.pop(key, None)
        self._problems[key] = problem, self._clock()
        if len(self._problems) > _MOST_PROBLEMS:
            self._problems.popitem(last=False)
        self._pixmaps.drop(key)
        self.ready.emit(key)

    def _go_on(self) -> None:
        self._decode_next()
        if self._has_dropped and not self._waiting:
            self._has_dropped = False
            self.look_again.emit()
        if self.is_idle:
            self.idle.emit()


def _pixels(size: QSize, dpr: float) -> QSize:
    """A size in points as pixels, in coarse steps."""
    width, height = (max(1, -(-round(side * dpr) // _STEP)) * _STEP for side in (size.width(), size.height()))
    return QSize(width, height)


def _decode(wanted: _ThumbnailRequest) -> _Decoded:
    """Runs in a thread."""
    try:
        # Qt shows what there is of a thumbnail that was cut short.
        is_broken = wanted.item_id is not None and wanted.path.exists() and not is_whole_jpeg(wanted.path)
        image = None if is_broken else rounded(read_scaled(wanted.path, wanted.box), _CORNER * wanted.dpr)
    except FileNotFoundError:
        missing = "" if wanted.item_id is not None else tr("The file is not there any more.")
        return _Decoded(wanted, problem=missing)
    except PictureProblemError as error:
        if wanted.item_id is None:
            return _Decoded(wanted, problem=str(error))
        is_broken, image = True, None
    except OSError as error:
        return _Decoded(wanted, problem=tr("The picture cannot be reached: {reason}.", reason=error.strerror))
    if is_broken:
        # A full disk, a power cut: it is only a cache, and made anew.
        _LOG.warning("the thumbnail %s cannot be read; it is made again", wanted.path)
        with suppress(OSError):  # then the engine's answer leads here once more, and to the sentence above
            wanted.path.unlink()
    return _Decoded(wanted, image)
