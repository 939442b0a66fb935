"""Fetching a picture from an address that the user dropped, and nothing else.

How an address is kept from leading into the user's own network (against DNS rebinding, too): the host is resolved
first, every address it has is checked, and the connection is made to one of the checked addresses by number. The
name travels in the ``Host`` header and, for https, as the name that the certificate must be for. Redirects are not
followed by Qt; each is a new fetch with all the checks. Where the system says to use a proxy, the proxy is asked for
the checked number as well.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, QTimer, QUrl, Signal
from PySide6.QtNetwork import (
    QHostAddress,
    QHostInfo,
    QNetworkAccessManager,
    QNetworkCookie,
    QNetworkCookieJar,
    QNetworkReply,
    QNetworkRequest,
)

from imagefinder.model.image_signatures import HEAD_BYTES, picture_extension
from imagefinder.settings import Settings
from imagefinder.translation import tr
from imagefinder.ui.address_check import is_public

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """When a fetch is given up."""

    seconds: float = 30.0
    """For the whole of it, redirects and all."""
    size: int = 50_000_000
    """Bytes."""
    redirects: int = 5


class Fetch(QObject):
    """One picture on its way. Ends with exactly one of ``fetched`` and ``failed``, or neither once cancelled."""

    progress = Signal(float)
    """How much of it is here, 0 to 1; -1 where that is not known."""
    fetched = Signal(bytes)
    """The bytes of a picture file."""
    failed = Signal(str)
    """Why not: one sentence for the user."""

    def __init__(
        self,
        url: QUrl,
        settings: Callable[[], Settings],
        network: QNetworkAccessManager,
        limits: FetchLimits,
        parent: QObject,
    ) -> None:
        """Starts when the event loop goes on, so that whoever made it can connect first."""
        super().__init__(parent)
        self._url = url
        self._settings = settings
        self._network = network
        self._limits = limits
        self._hops = 0
        self._body = bytearray()
        self._reply: QNetworkReply | None = None
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
        """Stop; no signal follows."""
        if self._is_over:
            return
        self._is_over = True
        self._first.stop()
        self._clock.stop()
        self._drop_reply()
        self.deleteLater()

    def _end(self, problem: str, data: bytes = b"") -> None:
        if self._is_over:
            return
        self.cancel()
        if problem:
            _LOG.info("a dropped link was not fetched: %s", problem)
            self.failed.emit(problem)
        else:
            self.fetched.emit(data)

    def _late(self) -> None:
        seconds = round(self._limits.seconds)
        self._end(
            _advised(
                tr(
                    "{host} did not send the picture within {seconds} seconds.",
                    host=self._url.host(),
                    seconds=seconds,
                )
            )
        )

    def _go(self) -> None:
        if not self._settings().fetch_dropped_links:
            self._end(
                tr(
                    "Fetching dropped links is switched off in Settings, Network. "
                    "Save the picture and drop the file, or switch it on."
                )
            )
        elif self._url.scheme().lower() not in ("http", "https") or not self._url.host():
            self._end(tr("Only addresses that begin with http or https can be fetched."))
        else:
            # Numbers pass through it unchanged, in all the ways the system knows to write them.
            # PySide's stubs do not know that it is static.
            QHostInfo.lookupHost(self._url.host(), self._resolved)  # type: ignore[call-overload]

    def _resolved(self, info: QHostInfo) -> None:
        if self._is_over:
            return  # cancelled meanwhile; a lookup cannot be
        addresses = info.addresses()
        if info.error() != QHostInfo.HostInfoError.NoError or not addresses:
            self._end(
                _advised(tr("{host} could not be found. Is this computer online?", host=self._url.host()))
            )
        elif not self._settings().fetch_local_addresses and not all(
            is_public(address.toString()) for address in addresses
        ):
            self._end(
                tr(
                    "{host} is on this computer or in the local network, so nothing was fetched. "
                    "That can be allowed in Settings, Network.",
                    host=self._url.host(),
                )
            )
        else:
            self._connect_to(addresses[0])

    def _connect_to(self, address: QHostAddress) -> None:
        url = QUrl(self._url)
        url.setUserInfo("")
        url.setFragment("")
        host = url.host(QUrl.ComponentFormattingOption.FullyEncoded)
        port = f":{url.port()}" if url.port() != -1 else ""
        url.setHost(address.toString())
        request = QNetworkRequest(url)
        request.setRawHeader(b"Host", f"{f'[{host}]' if ':' in host else host}{port}".encode())
        request.setRawHeader(b"Accept", b"image/*")
        request.setPeerVerifyName(host)
        request.setHeader(QNetworkRequest.KnownHeaders.UserAgentHeader, "imagefinder")
        attribute = QNetworkRequest.Attribute
        # HTTP/2 would take the host's name from the address.
        request.setAttribute(attribute.Http2AllowedAttribute, False)
        request.setAttribute(attribute.CookieLoadControlAttribute, QNetworkRequest.LoadControl.Manual)
        request.setAttribute(attribute.CookieSaveControlAttribute, QNetworkRequest.LoadControl.Manual)
        request.setAttribute(attribute.AuthenticationReuseAttribute, QNetworkRequest.LoadControl.Manual)
        request.setAttribute(
            attribute.RedirectPolicyAttribute, QNetworkRequest.RedirectPolicy.ManualRedirectPolicy
        )
        reply = self._network.get(request)
        reply.setReadBufferSize(1_000_000)
        reply.readyRead.connect(self._read)
        reply.finished.connect(self._finished)
        self._reply = reply

    def _read(self) -> None:
        reply = self._reply
        if reply is None or self._status(reply) // 100 == 3:
            return
        self._body += reply.readAll().data()
        announced = int(reply.header(QNetworkRequest.KnownHeaders.ContentLengthHeader) or 0)
        if max(len(self._body), announced) > self._limits.size:
            megabytes = self._limits.size // 1_000_000
            self._end(
                _advised(
                    tr(
                        "The picture at {host} is larger than {size} MB.",
                        host=self._url.host(),
                        size=megabytes,
                    )
                )
            )
        elif (
            self._status(reply) == 200
            and len(self._body) >= HEAD_BYTES
            and not picture_extension(bytes(self._body[:HEAD_BYTES]))
        ):
            self._end(self._no_picture())
        else:
            self.progress.emit(len(self._body) / announced if announced else -1.0)

    def _finished(self) -> None:
        reply = self._reply
        if reply is None or self._is_over:
            return
        status = self._status(reply)
        target = reply.attribute(QNetworkRequest.Attribute.RedirectionTargetAttribute)
        if status // 100 == 3 and isinstance(target, QUrl):
            self._redirect(target)
            return
        self._read()
        if self._reply is None:
            # What came last ended it.
            return
        host = self._url.host()
        if status >= 400:
            self._end(
                _advised(
                    tr(
                        "{host} does not give this picture out (it answered {status}).",
                        host=host,
                        status=status,
                    )
                )
            )
        elif reply.error() != QNetworkReply.NetworkError.NoError or status != 200:
            reason = reply.errorString()
            self._end(
                _advised(
                    tr("The picture could not be fetched from {host}: {reason}.", host=host, reason=reason)
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
        self._drop_reply()
        self._body.clear()
        if self._hops > self._limits.redirects:
            self._end(_advised(tr("The address leads from one to the next without end.")))
        elif was_safe and self._url.scheme().lower() != "https":
            self._end(
                _advised(tr("{host} is not reached by a safe connection any more.", host=self._url.host()))
            )
        else:
            self._go()

    def _no_picture(self) -> str:
        return _advised(
            tr("What {host} sent is not a picture, perhaps a page around it.", host=self._url.host())
        )

    def _drop_reply(self) -> None:
        if self._reply is None:
            return
        reply, self._reply = self._reply, None
        reply.readyRead.disconnect(self._read)
        reply.finished.disconnect(self._finished)
        reply.abort()
        reply.deleteLater()

    @staticmethod
    def _status(reply: QNetworkReply) -> int:
        return int(reply.attribute(QNetworkRequest.Attribute.HttpStatusCodeAttribute) or 0)


class LinkFetcher(QObject):
    """The only part of the window that touches the network, and only on a drop."""

    def __init__(
        self,
        settings: Callable[[], Settings],
        parent: QObject | None = None,
        limits: FetchLimits | None = None,
    ) -> None:
        """``settings`` gives the settings as they are at the time of a fetch."""
        super().__init__(parent)
        self._settings = settings
        self._limits = limits or FetchLimits()
        self._network: QNetworkAccessManager | None = None

    def fetch(self, url: QUrl) -> Fetch:
        """Begin to fetch a picture: http or https, within the limits, and never from an address of this machine
        or of the local network unless the settings allow it. The proxy is the system's; there are no cookies."""
        if self._network is None:
            self._network = QNetworkAccessManager(self)
            self._network.setCookieJar(_NoCookies(self._network))
        return Fetch(url, self._settings, self._network, self._limits, self)


class _NoCookies(QNetworkCookieJar):
    """Takes none, gives none."""

    def cookiesForUrl(self, url: QUrl | str) -> list[QNetworkCookie]:
        return []

    def setCookiesFromUrl(self, cookieList: object, url: QUrl | str) -> bool:  # noqa: N803 - Qt's name
        return False


def _advised(sentence: str) -> str:
    return tr("{sentence} Save the picture in the browser and drop the file.", sentence=sentence)
