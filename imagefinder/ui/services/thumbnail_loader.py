"""Loader of thumbnails from the disk cache or the engine, with decoding in background threads."""

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
"""More than a screen shows. Older requests are for thumbnails scrolled out of view."""
_MOST_PROBLEMS = 10_000
_RETRY_AFTER_S = 30.0
"""Failed thumbnails are retried after this time: the drive may be connected or the file repaired by then."""
_STEP = 32
"""Sizes are rounded up to a multiple of this (pixels), so that resizing a window decodes less often."""
_CORNER = 5.0
"""Radius of the rounded corners in points."""


@dataclass(frozen=True, slots=True)
class _ThumbnailRequest:
    """Request for an item's thumbnail or, without an item, for a picture file itself."""

    key: str
    path: Path
    box: QSize
    """Size to fit into, in pixels."""
    dpr: float
    """Device pixel ratio of the screen."""
    item_id: int | None = None


@dataclass(frozen=True, slots=True)
class _Decoded:
    wanted: _ThumbnailRequest
    image: QImage | None = None
    problem: str = ""
    """Why there is no image; empty if the thumbnail is just not in the cache."""


class ThumbnailLoader(QObject):
    """Asynchronous loader of thumbnails with a cache in memory, shared by all panes.

    It must be used on the GUI thread only. The newest request is served first. If there are too many, the
    oldest are dropped, and ``look_again`` is emitted once the others are done, so that views can repeat
    requests for thumbnails that are still visible.
    """

    ready = Signal(str)
    """Emitted with a key when its pixmap was loaded or could not be loaded (see ``problem``)."""
    look_again = Signal()
    """Emitted when views should request all visible thumbnails again."""
    idle = Signal()
    """Emitted when no request is left."""

    def __init__(
        self,
        client: EngineClient,
        folder: Path,
        parent: QObject | None = None,
        *,
        most_bytes: int = 64 * 1024 * 1024,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Create a loader for the cache in ``folder``, with at most ``most_bytes`` of pixmaps in memory."""
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
        """Return the thumbnail of a hit, fitted into ``size`` (points), or None if it is not loaded.

        If it is not in memory in this size, loading starts, and meanwhile a pixmap of another size may be
        returned, which should be painted scaled.
        """
        return self.icon_for_item(hit.item_id, hit.thumbnail_key, size, dpr)

    def icon_for_item(self, item_id: int, key: str, size: QSize, dpr: float) -> QPixmap | None:
        """Return the thumbnail of an item like ``pixmap``, by item id and thumbnail key."""
        if not key:
            return None
        return self._get(_ThumbnailRequest(key, self.path(key), _pixels(size, dpr), dpr, item_id))

    def picture(self, path: Path, size: QSize, dpr: float) -> QPixmap | None:
        """Return any picture file like ``pixmap``. Its key for ``ready`` and ``problem`` is ``str(path)``."""
        return self._get(_ThumbnailRequest(str(path), path, _pixels(size, dpr), dpr))

    def peek(self, key: str) -> QPixmap | None:
        """Return the pixmap in memory, of any size, or None. Nothing is loaded."""
        return self._pixmaps.get(key, QSize())[0]

    def path(self, key: str) -> Path:
        """Return the path of a thumbnail in the disk cache, whether or not it exists."""
        return thumbnail_file(self._folder, key)

    def problem(self, key: str) -> str:
        """Return the reason why a pixmap could not be loaded, as one sentence, or an empty string."""
        return self._problems.get(key, ("", 0.0))[0]

    @property
    def is_idle(self) -> bool:
        """Whether no request is left."""
        return not (self._waiting or self._decoding or self._asked)

    @property
    def held_bytes(self) -> int:
        """Memory used by the cached pixmaps, in bytes."""
        return self._pixmaps.held_bytes

    def close(self) -> None:
        """Discard all requests and end the threads."""
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
            self._fail(made.key, made.problem or tr("A thumbnail couldn't be created."))
        else:
            # Without the item id, so that an unreadable file is not requested from the engine again.
            self._waiting[made.key] = _ThumbnailRequest(made.key, made.path, wanted.box, wanted.dpr)
        self._go_on()

    def _on_engine_changed(self, status: EngineStatus) -> None:
        # A new engine process does not know the requests to the old one.
        if status.state is EngineState.RUNNING:
            # The recorded reasons may be in a previous language.
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
    """Convert a size from points to pixels, rounded up to a multiple of ``_STEP``."""
    width, height = (max(1, -(-round(side * dpr) // _STEP)) * _STEP for side in (size.width(), size.height()))
    return QSize(width, height)


def _decode(wanted: _ThumbnailRequest) -> _Decoded:
    """Decode a thumbnail or picture file. Runs in a background thread."""
    try:
        # Qt would decode a truncated thumbnail without reporting an error.
        is_broken = wanted.item_id is not None and wanted.path.exists() and not is_whole_jpeg(wanted.path)
        image = None if is_broken else rounded(read_scaled(wanted.path, wanted.box), _CORNER * wanted.dpr)
    except FileNotFoundError:
        missing = "" if wanted.item_id is not None else tr("The file no longer exists.")
        return _Decoded(wanted, problem=missing)
    except PictureProblemError as error:
        if wanted.item_id is None:
            return _Decoded(wanted, problem=str(error))
        is_broken, image = True, None
    except OSError as error:
        return _Decoded(wanted, problem=tr("The picture can't be accessed: {reason}.", reason=error.strerror))
    if is_broken:
        # Possibly due to a full disk or a power failure. The engine renders a new one.
        _LOG.warning("cannot read the thumbnail %s; rendering it again", wanted.path)
        with suppress(
            OSError
        ):  # if it cannot be deleted, the next attempt, without item id, reports a problem
            wanted.path.unlink()
    return _Decoded(wanted, image)
