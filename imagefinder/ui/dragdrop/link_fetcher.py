"""Download of pictures from links that the user dropped.

A link must not lead into the user's local network, even by DNS rebinding. Therefore the host is resolved
first, all of its IP addresses are checked, and the connection is made to one of the checked addresses. The
host name is sent in the ``Host`` header and, for https, used to verify the certificate. A redirect is handled
like a new link, with all checks. If the system uses a proxy, the checked address is requested from the proxy,
too.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QByteArray, QObject, QTimer, QUrl, Signal
from PySide6.QtNetwork import QHostAddress, QHostInfo

from imagefinder.domain.image_signatures import HEAD_BYTES, picture_extension
from imagefinder.settings import Settings
from imagefinder.translation import tr
from imagefinder.ui.dragdrop.address_check import is_public
from imagefinder.ui.dragdrop.http_get import HttpGet

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Limits of one download."""

    seconds: float = 30.0
    """Total time, including redirects."""
    size: int = 50_000_000
    """Size of the picture in bytes."""
    redirects: int = 5
    """Number of redirects followed."""


class Fetch(QObject):
    """Download of one picture. Emits ``fetched`` or ``failed`` at the end, or neither if cancelled."""

    progress = Signal(float)
    """Fraction downloaded, from 0 to 1, or -1 if unknown."""
    fetched = Signal(bytes)
    """Emitted with the content of a picture file."""
    failed = Signal(str)
    """Emitted with the reason, as a text for the user."""

    def __init__(
        self,
        url: QUrl,
        settings: Callable[[], Settings],
        limits: FetchLimits,
        parent: QObject,
    ) -> None:
        """Create the download. It starts from the event loop, so callers can connect to its signals first."""
        super().__init__(parent)
        self._url = url
        self._settings = settings
        self._limits = limits
        self._hops = 0
        self._body = bytearray()
        self._get: HttpGet | None = None
        self._is_over = False
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.timeout.connect(self._late)
        self._clock.start(int(limits.seconds * 1000))
        self._first = QTimer(self)
        self._first.setSingleShot(True)
        self._first.timeout.connect(self._go)
        self._first.start(0)

    def cancel(self) -> None:
        """Cancel the download. No signal is emitted afterwards."""
        if self._is_over:
            return
        self._is_over = True
        self._first.stop()
        self._clock.stop()
        self._drop_get()
        self.deleteLater()

    def _end(self, problem: str, data: bytes = b"") -> None:
        if self._is_over:
            return
        self.cancel()
        if problem:
            _LOG.info("cannot fetch a dropped link: %s", problem)
            self.failed.emit(problem)
        else:
            self.fetched.emit(data)

    def _late(self) -> None:
        seconds = round(self._limits.seconds)
        self._end(
            _advised(
                tr(
                    "{host} didn't send the picture within {seconds} seconds.",
                    host=self._url.host(),
                    seconds=seconds,
                )
            )
        )

    def _go(self) -> None:
        if not self._settings().fetch_dropped_links:
            self._end(
                tr(
                    "Downloading pictures from dropped links is turned off. Turn it on in Settings > Network, "
                    "or save the picture and drop the file."
                )
            )
        elif self._url.scheme().lower() not in ("http", "https") or not self._url.host():
            self._end(tr("Only http and https links are supported."))
        else:
            # IP addresses are accepted, too, in every notation that the system supports.
            # PySide's stubs do not declare the method as static.
            QHostInfo.lookupHost(self._url.host(), self._resolved)  # type: ignore[call-overload]

    def _resolved(self, info: QHostInfo) -> None:
        if self._is_over:
            return  # cancelled during the lookup, which itself cannot be cancelled
        addresses = info.addresses()
        if info.error() != QHostInfo.HostInfoError.NoError or not addresses:
            self._end(
                _advised(
                    tr("{host} couldn't be found. Check your internet connection.", host=self._url.host())
                )
            )
        elif not self._settings().fetch_local_addresses and not all(
            is_public(address.toString()) for address in addresses
        ):
            self._end(
                tr(
                    "{host} is on this computer or the local network, so nothing was downloaded. You can allow "
                    "this in Settings > Network.",
                    host=self._url.host(),
                )
            )
        else:
            self._connect_to(addresses[0])

    def _connect_to(self, address: QHostAddress) -> None:
        get = HttpGet(self._url, address.toString(), self)
        get.received.connect(self._read)
        get.ended.connect(self._ended)
        self._get = get

    def _read(self, some: bytes) -> None:
        get = self._get
        if get is None:
            return
        status = get.response.status
        if status != 200:
            self._answered(status, get.response.headers.get("location", ""))
            return
        self._body += some
        announced = get.response.length or 0
        if max(len(self._body), announced) > self._limits.size:
            megabytes = self._limits.size // 1_000_000
            self._end(
                _advised(
                    tr(
                        "The picture on {host} is larger than {size} MB.",
                        host=self._url.host(),
                        size=megabytes,
                    )
                )
            )
        elif len(self._body) >= HEAD_BYTES and not picture_extension(bytes(self._body[:HEAD_BYTES])):
            self._end(self._no_picture())
        else:
            self.progress.emit(len(self._body) / announced if announced else -1.0)

    def _answered(self, status: int, location: str) -> None:
        """Handle a response with a status other than 200. Its body is ignored."""
        if status // 100 == 3 and location:
            self._redirect(QUrl.fromEncoded(QByteArray(location.encode("latin-1"))))
        else:
            self._end(
                _advised(
                    tr(
                        "{host} didn't return the picture (HTTP {status}).",
                        host=self._url.host(),
                        status=status,
                    )
                )
            )

    def _ended(self, problem: str) -> None:
        if self._get is None or self._is_over:
            return
        if problem:
            host = self._url.host()
            reason = problem.rstrip(". ")
            self._end(
                _advised(
                    tr("The picture couldn't be downloaded from {host}: {reason}.", host=host, reason=reason)
                )
            )
        elif picture_extension(bytes(self._body[:HEAD_BYTES])):
            self._end("", bytes(self._body))
        else:
            self._end(self._no_picture())

    def _redirect(self, target: QUrl) -> None:
        self._hops += 1
        was_safe = self._url.scheme().lower() == "https"
        self._url = self._url.resolved(target)
        self._drop_get()
        self._body.clear()
        if self._hops > self._limits.redirects:
            self._end(_advised(tr("The link redirects too many times.")))
        elif was_safe and self._url.scheme().lower() != "https":
            self._end(
                _advised(tr("The link redirects to an insecure connection ({host}).", host=self._url.host()))
            )
        else:
            self._go()

    def _no_picture(self) -> str:
        return _advised(
            tr("{host} didn't send a picture. The link may lead to a web page.", host=self._url.host())
        )

    def _drop_get(self) -> None:
        if self._get is not None:
            get, self._get = self._get, None
            get.abort()
            get.deleteLater()


class LinkFetcher(QObject):
    """Downloader of dropped links. No other part of the window's process accesses the network."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        parent: QObject | None = None,
        limits: FetchLimits | None = None,
    ) -> None:
        """Create a fetcher. ``settings`` is called during each download for the current settings."""
        super().__init__(parent)
        self._settings = settings
        self._limits = limits or FetchLimits()

    def fetch(self, url: QUrl) -> Fetch:
        """Start to download a picture by http or https, within the limits.

        Addresses of this computer or the local network are refused unless the settings allow them. The
        system's proxy is used. No cookies are sent.
        """
        return Fetch(url, self._settings, self._limits, self)


def _advised(sentence: str) -> str:
    return tr("{sentence} Save the picture in your browser, then drop the file.", sentence=sentence)
