"""Queue of model downloads, one at a time."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from imagefinder.domain.errors import ImageFinderError
from imagefinder.domain.jobs import Phase, Progress
from imagefinder.embedders.catalogue.downloadable_models import offers
from imagefinder.embedders.download.model_download import DownloadError, download
from imagefinder.ipc.messages import Done, DownloadChanged, DownloadModel, Event, Failed
from imagefinder.ipc.worker.throughput import Throughput
from imagefinder.translation import tr

_LOG = logging.getLogger(__name__)

_TELL_EVERY_S = 0.25


def _nothing() -> None: ...


class Downloads:
    """Queue of model downloads, carried out on a separate thread, with progress events."""

    def __init__(
        self, models_dir: Path, send: Callable[[Event], None], on_here: Callable[[], None] = _nothing
    ) -> None:
        """Create the queue. Its thread starts with the first request.

        Args:
            models_dir: The folder of models.
            send: Called with each event.
            on_here: Called on the download thread after a model has been downloaded.
        """
        self._on_here = on_here
        self._models_dir = models_dir
        self._send = send
        self._changed = threading.Condition()
        self._waiting: deque[DownloadModel] = deque()
        self._current: DownloadModel | None = None
        self._is_stopped = False
        """Whether the current download should stop."""
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def ask(self, request: DownloadModel) -> None:
        """Queue a download, without blocking. Sends ``DownloadChanged``, and finally ``Done`` or ``Failed``."""
        self._send(DownloadChanged(request.name, 0, None))
        with self._changed:
            self._waiting.append(request)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="downloads", daemon=True)
                self._thread.start()
            self._changed.notify()

    def cancel(self, name: str) -> None:
        """Stop the download of a model or remove it from the queue. Downloaded data is kept."""
        with self._changed:
            dropped = [request for request in self._waiting if request.name == name]
            self._waiting = deque(request for request in self._waiting if request.name != name)
            if self._current is not None and self._current.name == name:
                self._is_stopped = True
        for request in dropped:
            self._send(DownloadChanged(name, 0, None, is_over=True))
            self._send(Failed(request.request_id, tr("Stopped.")))

    def close(self, timeout_s: float) -> None:
        """Stop all downloads, waiting at most ``timeout_s`` seconds. Downloaded data is kept."""
        with self._changed:
            self._is_closed = self._is_stopped = True
            self._waiting.clear()
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while (request := self._next()) is not None:
            self._send(self._answer(request))

    def _next(self) -> DownloadModel | None:
        with self._changed:
            self._current = None
            while not self._waiting and not self._is_closed:
                self._changed.wait()
            if self._is_closed:
                return None
            self._current, self._is_stopped = self._waiting.popleft(), False
            return self._current

    def _answer(self, request: DownloadModel) -> Event:
        teller = _Teller(request.name, self._send)
        try:
            download(
                request.name,
                self._models_dir,
                mirror=request.mirror,
                proxy=request.proxy,
                accepts_licence=request.accepts_licence,
                progress=teller.take,
                should_stop=lambda: self._is_stopped,
            )
        except DownloadError as error:
            return Failed(
                request.request_id,
                tr(
                    "{problem} Or take another way: a mirror or a proxy (Settings, Network), or get its file with a "
                    "web browser, and choose it.",
                    problem=error,
                ),
            )
        except ImageFinderError as error:
            return Failed(request.request_id, str(error))
        except Exception:  # noqa: BLE001 - an internal error must not end the thread
            _LOG.exception("a download failed")
            return Failed(
                request.request_id, tr("This failed by a mistake in imagefinder itself. Its log says more.")
            )
        finally:
            teller.end()
        self._on_here()
        offer = offers().get(request.name)
        title = offer.title if offer else request.name
        return Done(request.request_id, tr("Downloaded {model}.", model=title))


class _Teller:
    """Sender of one download's progress, a few times a second and always at the end."""

    def __init__(self, name: str, send: Callable[[Event], None]) -> None:
        self._name = name
        self._send = send
        self._throughput = Throughput()
        self._last = DownloadChanged(name, 0, None)
        self._told_at = float("-inf")

    def take(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        self._throughput.take(Progress(Phase.DOWNLOADING, done, total), now)
        self._last = DownloadChanged(self._name, done, total, self._throughput.per_second)
        if now - self._told_at >= _TELL_EVERY_S or done == total:
            self._told_at = now
            self._send(self._last)

    def end(self) -> None:
        self._send(DownloadChanged(self._name, self._last.done, self._last.total, is_over=True))
