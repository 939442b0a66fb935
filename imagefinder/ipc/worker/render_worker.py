"""Worker threads for thumbnails and previews, newest request first."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from imagefinder.domain.errors import ImageFinderError
from imagefinder.engine.engine import Engine
from imagefinder.ipc.messages import Event, Failed, ItemShown, MakeThumbnail, ShowItem, ThumbnailMade
from imagefinder.thumbnails.previews import tidy_previews
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)
_WORKERS = 2
_TIDY_AFTER = 20
"""Previews made since the last time."""

Task = Callable[[], None]


class RenderWorker:
    """A few threads. Other small tasks that read the disk may be given to them too."""

    def __init__(
        self, engine: Engine, previews: Path, send: Callable[[Event], None], *, workers: int = _WORKERS
    ) -> None:
        """``previews`` is the folder that pictures rendered for the preview are written to."""
        self._engine = engine
        self._previews = previews
        self._send = send
        self._changed = threading.Condition()
        self._urgent: list[Task | ShowItem] = []
        self._thumbnails: dict[str, MakeThumbnail] = {}
        self._is_closing = False
        self._shown_since = 0
        self._threads = [
            threading.Thread(target=self._work, name=f"pictures-{number}", daemon=True)
            for number in range(workers)
        ]

    def start(self) -> None:
        """Begin to work; first old previews are deleted."""
        self.do(self._tidy)
        for thread in self._threads:
            thread.start()

    def make(self, request: MakeThumbnail | ShowItem) -> None:
        """Make this as soon as can be; returns at once. Previews go before thumbnails."""
        with self._changed:
            if isinstance(request, ShowItem):
                self._urgent.append(request)
            else:
                # Asked for again it is wanted now, so it goes to the end, which is taken first.
                self._thumbnails.pop(request.key, None)
                self._thumbnails[request.key] = request
            self._changed.notify()

    def do(self, task: Task) -> None:
        """Carry out a task on one of the threads; it must answer for its own errors."""
        with self._changed:
            self._urgent.append(task)
            self._changed.notify()

    def close(self, timeout_s: float) -> None:
        """Make no more; waits for what is in work, but not longer than ``timeout_s`` seconds for each thread."""
        with self._changed:
            self._is_closing = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(timeout_s)

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._urgent or self._thumbnails or self._is_closing)
                if self._is_closing:
                    return
                request = self._urgent.pop() if self._urgent else self._thumbnails.popitem()[1]
            try:
                self._carry_out(request)
            except Exception:  # noqa: BLE001 - our own mistake; the thread must live on
                _LOG.exception("a picture cannot be made")
                problem = tr("This picture cannot be shown, by a mistake in imagefinder itself.")
                if isinstance(request, ShowItem):
                    self._send(Failed(request.request_id, problem))
                elif isinstance(request, MakeThumbnail):
                    self._send(ThumbnailMade(request.key, None, problem))

    def _carry_out(self, request: MakeThumbnail | ShowItem | Task) -> None:
        match request:
            case MakeThumbnail():
                self._send(self._thumbnail(request))
            case ShowItem():
                self._send(self._shown(request))
                # Two threads may miscount: once more or less is all the same.
                self._shown_since += 1
                if self._shown_since >= _TIDY_AFTER:
                    self._shown_since = 0
                    self._tidy()
            case _:
                request()

    def _tidy(self) -> None:
        tidy_previews(self._previews)

    def _thumbnail(self, request: MakeThumbnail) -> ThumbnailMade:
        try:
            return ThumbnailMade(request.key, self._engine.make_thumbnail(request.item_id))
        except ImageFinderError as error:
            return ThumbnailMade(request.key, None, str(error))
        except OSError as error:
            return ThumbnailMade(request.key, None, error.strerror or str(error))

    def _shown(self, request: ShowItem) -> ItemShown | Failed:
        try:
            shown = self._engine.show(
                request.item_id,
                part=request.part,
                side=request.side,
                words=request.words,
                folder=self._previews,
                download=request.download,
            )
        except ImageFinderError as error:
            return Failed(request.request_id, str(error))
        return ItemShown(
            request.request_id,
            shown.item_id,
            shown.details,
            shown.picture,
            shown.marks,
            shown.problem,
            shown.is_in_the_cloud,
        )
