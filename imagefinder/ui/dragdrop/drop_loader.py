"""Loader of dropped or pasted pictures, which stores them in files that panes can search by."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QImage

from imagefinder.translation import tr
from imagefinder.ui.dragdrop.drop_cache import DropCache
from imagefinder.ui.dragdrop.link_fetcher import Fetch, LinkFetcher
from imagefinder.ui.dragdrop.mime_parser import Dropped
from imagefinder.ui.services.background import BackgroundTasks


class DropResult(QObject):
    """One picture being loaded. Emits ``arrived`` or ``failed`` at the end, or neither if cancelled."""

    progress = Signal(float)
    """Fraction loaded, from 0 to 1, or -1 if unknown."""
    arrived = Signal(object)  # Path
    failed = Signal(str)

    def __init__(self, label: str, parent: QObject) -> None:
        super().__init__(parent)
        self.label = label
        self.no_picture = tr("What you dropped isn't a picture that imagefinder can read.")
        """Message for ``failed`` if the data is not a picture."""
        self.is_cancelled = False
        self.fetch: Fetch | None = None

    def cancel(self) -> None:
        """Cancel loading. No signal is emitted afterwards."""
        self.is_cancelled = True
        if self.fetch is not None:
            self.fetch.cancel()
            self.fetch = None


class DropLoader(QObject):
    """Loader of pictures given as data or as a link. Files are written in a background thread."""

    def __init__(self, dropped: DropCache, fetcher: LinkFetcher, parent: QObject) -> None:
        super().__init__(parent)
        self._dropped = dropped
        self._fetcher = fetcher
        self._background = BackgroundTasks("dropped", 1, self)

    def take(self, dropped: Dropped) -> DropResult | None:
        """Start to load picture data or a link. Returns None if ``dropped`` has neither."""
        if dropped.data or dropped.image is not None:
            arrival = DropResult(tr("Pasted picture") if dropped.is_pasted else tr("Dropped picture"), self)
            if dropped.is_pasted:
                arrival.no_picture = tr("The clipboard doesn't contain a picture that imagefinder can read.")
            self._keep(arrival, dropped.data or dropped.image or b"")
            return arrival
        if dropped.links:
            arrival = DropResult(_name_of(dropped.links[0]), self)
            self._fetch(arrival, dropped.links)
            return arrival
        return None

    def close(self) -> None:
        """End the background thread. Pictures still being loaded are not delivered."""
        self._background.close()

    def _fetch(self, arrival: DropResult, links: Sequence[QUrl], problem: str = "") -> None:
        fetch = self._fetcher.fetch(links[0])
        arrival.fetch = fetch

        def failed(reason: str) -> None:
            arrival.fetch = None
            # The most likely address was tried first, so its error is the one to report.
            if links[1:]:
                self._fetch(arrival, links[1:], problem or reason)
            else:
                self._finish(arrival, problem or reason)

        def fetched(data: bytes) -> None:
            arrival.fetch = None
            self._keep(arrival, data)

        fetch.progress.connect(arrival.progress)
        fetch.failed.connect(failed)
        fetch.fetched.connect(fetched)

    def _keep(self, arrival: DropResult, picture: QImage | bytes) -> None:
        self._background.run(
            partial(_kept, self._dropped, picture, arrival.no_picture), partial(self._finish, arrival)
        )

    def _finish(self, arrival: DropResult, result: Path | str) -> None:
        if not arrival.is_cancelled:
            if isinstance(result, str):
                arrival.failed.emit(result)
            else:
                arrival.arrived.emit(result)
        arrival.deleteLater()


def _kept(dropped: DropCache, picture: QImage | bytes, no_picture: str) -> Path | str:
    """Store a picture and return its file, or the reason why that failed. Runs in a background thread."""
    try:
        return dropped.keep(picture)
    except ValueError:
        return no_picture
    except OSError as error:
        return tr("The picture couldn't be saved: {reason}.", reason=error.strerror or error)


def _name_of(link: QUrl) -> str:
    return link.fileName() or link.host()
