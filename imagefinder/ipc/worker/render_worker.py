"""Worker threads for thumbnails and previews."""

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
"""Number of rendered previews after which old ones are deleted."""

Task = Callable[[], None]


class RenderWorker:
    """Small thread pool that makes thumbnails and previews, newest request first.

    It also runs other short tasks that read the disk.
    """

    def __init__(
        self, engine: Engine, previews: Path, send: Callable[[Event], None], *, workers: int = _WORKERS
    ) -> None:
        """``previews`` is the folder for rendered previews."""
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
        """Start the threads. Their first task deletes old previews."""
        self.do(self._tidy)
        for thread in self._threads:
            thread.start()

    def make(self, request: MakeThumbnail | ShowItem) -> None:
        """Queue a thumbnail or preview, without blocking. Previews are made before thumbnails."""
        with self._changed:
            if isinstance(request, ShowItem):
                self._urgent.append(request)
            else:
                # Move a repeated request to the end, from which requests are taken.
                self._thumbnails.pop(request.key, None)
                self._thumbnails[request.key] = request
            self._changed.notify()

    def do(self, task: Task) -> None:
        """Queue a task to run on one of the threads. The task must handle its own errors."""
        with self._changed:
            self._urgent.append(task)
            self._changed.notify()

    def close(self, timeout_s: float) -> None:
        """Stop after the current requests, waiting at most ``timeout_s`` seconds for each thread."""
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
            except Exception:  # noqa: BLE001 - an internal error must not end the thread
                _LOG.exception("a task of the render worker failed")
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
                # Not locked: a miscount between threads does not matter.
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
